"""As much of HCL as can be read without Terraform: brackets, strings, comments, blocks.

Finds what surely does not parse, with its place, and where blocks begin and end, so that they can
be looked at or taken out. Source: HCL native syntax specification (github.com/hashicorp/hcl).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PAIRS = {"}": "{", "]": "[", ")": "("}
_HEADER = re.compile(r'"((?:[^"\\]|\\.)*)"|([A-Za-z_][\w-]*)')
_BEGIN = r"<<-?(?P<{}>[A-Za-z_][\w-]*)[ \t]*\r?\n"
_CODE = re.compile(
    rf"""\#[^\n]*|//[^\n]*|/\*.*?\*/|(?P<comment>/\*)
    |{_BEGIN.format("tag")}(?:.*?\n)??[ \t]*(?P=tag)[ \t]*\r?$|{_BEGIN.format("heredoc")}
    |(?P<sign>["{{}}\[\]()])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
"""What matters in code: comments and heredocs as wholes, those without an end, brackets, quotes."""
_TEXT = re.compile(r"\\.|[$]{2}\{|%{2}\{|(?P<sign>[$%]\{|\"|\n)", re.DOTALL)
"""What matters in a text in quotes; ``${`` begins code in it."""


class HclProblem(Exception):
    """The text does not parse; ``offset`` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class HclBlock:
    """A ``{…}`` with the words before it, since the last bracket of its line: ``("provider",
    "aws")``; also an attribute's (``assume_role = {``). ``start`` is the first word, ``end`` after
    the bracket; ``depth`` counts brackets around it."""

    words: tuple[str, ...]
    start: int
    end: int
    depth: int


def hcl_blocks(text: str) -> tuple[HclBlock, ...]:
    """Every block, in the order in which they end. Raises ``HclProblem``."""
    found: list[HclBlock] = []
    opened: list[_Opened] = []  # brackets, quotes and templates
    at = after = 0  # ``after`` is behind the last bracket
    while match := (_TEXT if opened and opened[-1].sign == '"' else _CODE).search(text, at):
        here, at, kinds = match.start(), match.end(), match.groupdict()
        sign = kinds["sign"]
        if kinds.get("comment"):
            raise HclProblem("a comment is never closed", here)
        if tag := kinds.get("heredoc"):
            raise HclProblem(f"the text started by <<{tag} is never ended", here)
        if sign == "\n":
            break
        if not sign:
            continue
        if sign == '"' and opened and opened[-1].sign == sign:
            opened.pop()
        elif sign in _PAIRS:
            block = _closed(text, opened, sign, here)
            if block is not None:
                found.append(block)
        else:
            is_inside = bool(opened) and (opened[-1].is_inside or opened[-1].sign == '"')
            opened.append(_Opened(sign=sign, at=here, after=after, is_inside=is_inside))
        if sign != '"':
            after = at
    if opened:
        sign, here = opened[-1].sign, opened[-1].at
        why = "a text in quotes is not closed on its line"
        raise HclProblem(why if sign == '"' else f"{sign!r} is never closed", here)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A bracket that is still open. ``after`` is where the bracket before it ends, of any kind;
    ``is_inside``: a text in quotes is around it."""

    sign: str
    at: int
    after: int
    is_inside: bool


def _closed(text: str, opened: list[_Opened], sign: str, at: int) -> HclBlock | None:
    """The block that a closing bracket ends, if it does; what is inside a text is no block."""
    if not opened:
        raise HclProblem(f"{sign!r} closes nothing", at)
    open_one = opened.pop()
    if open_one.sign[-1] != _PAIRS[sign]:
        line, _ = position(text, open_one.at)
        raise HclProblem(
            f"{sign!r} where the {open_one.sign[-1]!r} of line {line} is still open", at
        )
    if open_one.sign != "{" or open_one.is_inside:
        return None
    begin = max(text.rfind("\n", open_one.after, open_one.at) + 1, open_one.after)
    header = text[begin : open_one.at]
    words = tuple(match[2] or match[1] for match in _HEADER.finditer(header))
    start = open_one.at - len(header.lstrip())
    return HclBlock(words=words, start=start, end=at + 1, depth=len(opened))


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
