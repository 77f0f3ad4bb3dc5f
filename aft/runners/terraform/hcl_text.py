"""As much of HCL as can be told without Terraform: brackets, strings, comments, blocks.

Finds what surely does not parse, with its place, and where blocks begin and end, so that they can
be looked at or taken out. Source: HCL native syntax specification (github.com/hashicorp/hcl).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<-?([A-Za-z_][\w-]*)[ \t]*\r?\n")
_PAIRS = {"}": "{", "]": "[", ")": "("}
_HEADER = re.compile(r'"((?:[^"\\]|\\.)*)"|([A-Za-z_][\w-]*)')


class HclProblem(Exception):
    """The text does not parse; ``offset`` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class HclBlock:
    """A ``{…}`` with the words before it on its line: ``("provider", "aws")``; also an attribute's
    (``assume_role = {``). ``start`` is the first word, ``end`` after the bracket; ``depth`` counts
    brackets around it."""

    words: tuple[str, ...]
    start: int
    end: int
    depth: int


def hcl_blocks(text: str) -> tuple[HclBlock, ...]:
    """Every block, in the order in which they end. Raises ``HclProblem``."""
    return tuple(_Scan(text).run())


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[str, int]] = []
        self._found: list[HclBlock] = []

    def run(self) -> list[HclBlock]:
        end = self._code(0, until=None)
        assert end == len(self._text)  # noqa: S101 - without `until` it reads to the end
        if self._open:
            bracket, offset = self._open[-1]
            raise HclProblem(f"{bracket!r} is never closed", offset)
        return self._found

    def _code(self, at: int, *, until: int | None) -> int:
        """Read code; inside a template up to the ``}`` that closes bracket number ``until``."""
        text = self._text
        while at < len(text):
            char = text[at]
            if char == "#" or text.startswith("//", at):
                end = text.find("\n", at)
                at = len(text) if end < 0 else end
            elif text.startswith("/*", at):
                end = text.find("*/", at + 2)
                if end < 0:
                    raise HclProblem("a comment is never closed", at)
                at = end + 2
            elif char == '"':
                at = self._string(at)
            elif char == "<" and (heredoc := _HEREDOC.match(text, at)):
                at = self._heredoc(heredoc)
            elif char in "{[(":
                self._open.append((char, at))
                at += 1
            elif char in _PAIRS:
                self._close(char, at)
                at += 1
                if until is not None and len(self._open) == until:
                    return at
            else:
                at += 1
        return at

    def _close(self, char: str, at: int) -> None:
        if not self._open:
            raise HclProblem(f"{char!r} closes nothing", at)
        bracket, offset = self._open.pop()
        if bracket != _PAIRS[char]:
            line, _ = position(self._text, offset)
            raise HclProblem(f"{char!r} where the {bracket!r} of line {line} is still open", at)
        if char != "}":
            return
        begin = self._text.rfind("\n", 0, offset) + 1
        header = self._text[begin:offset]
        first = next((i for i, letter in enumerate(header) if not letter.isspace()), len(header))
        words = tuple(
            match[1] if match[1] is not None else match[2] for match in _HEADER.finditer(header)
        )
        self._found.append(
            HclBlock(words=words, start=begin + first, end=at + 1, depth=len(self._open))
        )

    def _string(self, start: int) -> int:
        text, at = self._text, start + 1
        while at < len(text) and text[at] != "\n":
            if text[at] == '"':
                return at + 1
            if text[at] == "\\" or text.startswith(("$${", "%%{"), at):
                at += 2 if text[at] == "\\" else 3
            elif text.startswith(("${", "%{"), at):
                level = len(self._open)
                self._open.append(("{", at + 1))
                at = self._template(at + 2, level)
            else:
                at += 1
        raise HclProblem("a text in quotes is not closed on its line", start)

    def _template(self, at: int, level: int) -> int:
        found = len(self._found)
        at = self._code(at, until=level)
        del self._found[found:]  # what is inside a text is no block
        if len(self._open) > level:
            raise HclProblem("'${' is never closed", self._open[level][1] - 1)
        return at

    def _heredoc(self, begin: re.Match[str]) -> int:
        tag = begin[1]
        close = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*\r?$", re.MULTILINE)
        match = close.search(self._text, begin.end())
        if match is None:
            raise HclProblem(f"the text started by <<{tag} is never ended", begin.start())
        return match.end()
