"""What aft prints under GitHub Actions: no workflow command takes effect but aft's own.

The runner reads every line that a step prints (actions/runner, ``OutputManager.cs`` and
``ActionCommand.cs``): a line ends at CR, LF or both, and is a command if ``::`` is the first thing
in it, after any of Unicode's blanks, or if ``##[`` is anywhere in it. A path, a message of git or
AWS, a warning of Python and a traceback are lines like any other. So everything printed passes
through a filter that puts a blank between the signs, and changes nothing else.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator, Mapping
from threading import RLock
from typing import TextIO

import click

_LINES = re.compile(r"[^\r\n\v\f\x1c-\x1e\x85\u2028\u2029]*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]?")
"""More than the runner ends a line at, so that no other reader of lines finds a command either."""
_ENDS = tuple("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[^\[\x1b]"
_OPEN_SEQUENCE = r"(?:\x1b(?:\[[0-?]*[ -/]*)?|\x9b[0-?]*[ -/]*)"
_UNSEEN = (
    r"\x00-\x1a\x1c-\x1f\x7f-\x9a\x9c-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U000e0000-\U000e0fff"
)
_SKIPPED = rf"(?>{_SEQUENCE}|[\s{_UNSEEN}])*+"
_HIDDEN = rf"(?>{_SEQUENCE}|[{_UNSEEN}])*+"
_COMMAND = re.compile(rf"{_SKIPPED}:{_HIDDEN}(?=:)")
_UNDECIDED = re.compile(rf"{_SKIPPED}(?P<colon>:{_HIDDEN})?(?P<open>{_OPEN_SEQUENCE})?\Z")
_OLD_COMMAND = re.compile(rf"(#{_HIDDEN}#{_HIDDEN})\[")
_OLD_UNDECIDED = re.compile(rf"#{_HIDDEN}(?:#{_HIDDEN})?{_OPEN_SEQUENCE}?\Z")
_MOST_KEPT = 64
"""Letters of an unfinished sign that are remembered between two pieces."""


class _Filter:
    """One stream's text, in any pieces it is written."""

    def __init__(self) -> None:
        self._start: str | None = ""
        """What matters of a line of which nothing can be seen yet, but for one colon."""
        self._end = ""
        """The beginning of ``##[``, at the end of the text."""

    def __call__(self, text: str) -> str:
        return "".join(map(self._piece, _LINES.findall(text)))

    def _piece(self, text: str) -> str:
        """A line, or a part of one."""
        text = self._without_old_command(self._without_command(text))
        if text.endswith(_ENDS):
            self._start, self._end = "", ""
        return text

    def _without_command(self, text: str) -> str:
        if self._start is None:
            return text
        line = self._start + text
        if found := _COMMAND.match(line):
            place = found.end() - len(self._start)
            self._start = None
            return f"{text[:place]} {text[place:]}"
        undecided = _UNDECIDED.match(line)
        self._start = undecided and (
            (":" if undecided["colon"] else "") + (undecided["open"] or "")[:_MOST_KEPT]
        )
        return text

    def _without_old_command(self, text: str) -> str:
        if not self._end and "#" not in text:
            return text
        line = _OLD_COMMAND.sub(r"\1 [", self._end + text)
        begin = len(self._end)
        undecided = _OLD_UNDECIDED.search(line)
        self._end = undecided[0][-_MOST_KEPT:] if undecided else ""
        return line[begin:]


class FilteredStream(io.TextIOBase):
    """A stream on which nothing is a workflow command, but for what ``write_commands`` writes.
    ``stream`` is the one behind it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.stream = stream
        self._filter = _Filter()
        self._lock = RLock()  # workers write too, and so may a signal's handler
        self._is_line_open = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base class has a plain attribute
        return self.stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self.stream.errors

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()

    def flush(self) -> None:
        self.stream.flush()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"expected text, not {type(text).__name__}")
        with self._lock:
            self.stream.write(self._filter(text))
            if text:
                self._is_line_open = not text.endswith(("\n", "\r"))
        return len(text)

    def write_commands(self, text: str) -> None:
        """Whole lines that are aft's own commands, after an open line is ended."""
        with self._lock:
            begin = "\n" if self._is_line_open else ""
            self.stream.write(f"{begin}{text}\n")
            self._filter, self._is_line_open = _Filter(), False


@contextlib.contextmanager
def only_own_commands(environ: Mapping[str, str]) -> Iterator[None]:
    """Filter standard output and standard error while the block lasts, under GitHub Actions."""
    if environ.get("GITHUB_ACTIONS", "") in {"", "false"}:
        yield
        return
    before = sys.stdout, sys.stderr
    ours = FilteredStream(sys.stdout), FilteredStream(sys.stderr)
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        # A stream that was replaced since, for a reader that went away, stays.
        for name, mine, previous in zip(("stdout", "stderr"), ours, before, strict=True):
            if getattr(sys, name) is mine:
                setattr(sys, name, previous)


def print_commands(text: str) -> None:
    """Print aft's own workflow commands, one a line; nothing for none."""
    stream = sys.stdout
    if not text:
        return
    if isinstance(stream, FilteredStream):
        stream.write_commands(text)
        stream.flush()
    else:
        click.echo(text)
