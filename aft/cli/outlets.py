"""What a command prints passes here: standard output and error, each behind a gate.

A line is held until it is whole, so that nothing in it is cut in two before it is looked at; a
flush ends the waiting.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

import click

from aft.redaction import redact
from aft.traces import trace

Filter = Callable[[str], str]
"""From one or more lines, the last of them perhaps not ended, to those that may be seen."""


class Outlet(io.TextIOBase):
    """A text stream whose text passes ``shown``. Thread-safe."""

    def __init__(self, stream: TextIO, shown: Filter) -> None:
        super().__init__()
        self.stream = stream
        self._shown = shown
        self._waiting = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        with self._lock:
            whole, newline, rest = (self._waiting + text).rpartition("\n")
            self._waiting = rest
            if newline:
                self.stream.write(self._shown(whole + newline))
        return len(text)

    def flush(self) -> None:
        with self._lock:
            self.release()
            self.stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # io's own is a plain attribute
        return self.stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # as above
        return self.stream.errors

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Inside, text passes as it is, on every thread."""
        with self._lock:
            self.release()
            shown, self._shown = self._shown, str
            try:
                yield
                self.release()
            finally:
                self._shown = shown

    def release(self) -> None:
        """Pass on what waits for the end of its line."""
        with self._lock:
            waiting, self._waiting = self._waiting, ""
            if waiting:
                self.stream.write(self._shown(waiting))


@contextlib.contextmanager
def outlets(shown: Filter = redact) -> Iterator[None]:
    """Standard output and error pass ``shown`` inside."""
    before = sys.stdout, sys.stderr
    ours = Outlet(_wide(sys.stdout), shown), Outlet(_wide(sys.stderr), shown)
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        for outlet in ours:
            with contextlib.suppress(OSError, ValueError):  # the reader is gone
                outlet.release()
        # A stream that was replaced since, for a reader that went away, stays.
        for name, mine, previous in zip(("stdout", "stderr"), ours, before, strict=True):
            if getattr(sys, name) is mine:
                setattr(sys, name, previous)


def _wide(stream: TextIO) -> TextIO:
    """``stream`` in UTF-8 where it knew ASCII alone, as click would have made it."""
    if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name == "ascii":
        stream.reconfigure(encoding="utf-8")
    return stream


def print_as_it_is(text: str) -> None:
    """Print a line past the gate: for values that the command is there to give."""
    stream: object = sys.stdout
    while stream is not None and not isinstance(stream, Outlet):
        stream = getattr(stream, "stream", None)
    with stream.opened() if stream is not None else contextlib.nullcontext():
        click.echo(text)


def report_bugs_safely() -> None:
    """What the interpreter itself reports, of threads and destructors too, has no foreign text."""

    def crashed(error: BaseException | None) -> None:
        if error is not None:
            sys.stderr.write(redact(trace(error)))

    sys.excepthook = lambda _, error, __: crashed(error)
    threading.excepthook = lambda found: crashed(found.exc_value)
    sys.unraisablehook = lambda found: crashed(found.exc_value)
