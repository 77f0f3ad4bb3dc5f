"""What YAML text and its unquoted words mean, before and next to the parser: UTF-8, YAML 1.2's
scalars, and the parser's complaints in plain words. Imports no YAML library.
"""

from __future__ import annotations

import math
import re
from typing import Any

from aft.findings.model import Finding, SourceRef
from aft.text.policy import Refusal, Use, refused

MAX_BYTES = 256 * 1024
"""A YAML file larger than this is refused unread."""

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}  # YAML 1.2 core schema: yes, no, on and off are text
_MAY_BE_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|(?P<special>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_LONGEST_NUMBER = 40
_LARGEST_INTEGER = 2**63


def too_large(path: str, size: int) -> Finding | None:
    """The finding for a YAML file of ``size`` bytes, if that is too much to read."""
    if size <= MAX_BYTES:
        return None
    return Finding(
        code="AFT112",
        source=SourceRef(path),
        message=f"the file has {size:,} bytes; expected at most {MAX_BYTES:,}",
        hint="split it, or keep data that is not configuration elsewhere",
    )


def decode(content: bytes, path: str) -> str | Finding:
    """The text without a byte order mark, or why it is none."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        return Finding(
            code="AFT109",
            source=SourceRef(path, before.count(b"\n") + 1, column),
            message=f"byte 0x{content[error.start]:02x} is not UTF-8 text"
            + ("; the file is in UTF-16" if wide else ""),
            hint="save the file as UTF-8",
        )
    text = text.removeprefix("\ufeff")
    problem = refused(text, Use.PROSE)  # what only prose may have is for those who know where it is
    return text if problem is None else refused_at(path, text, problem)


def refused_at(path: str, text: str, problem: Refusal) -> Finding:
    """The finding for a character of a file's ``text``."""
    at = problem.offset
    source = SourceRef(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return Finding(code="AFT109", source=source, message=problem.message, hint=problem.hint)


def plain_scalar(value: str) -> bool | int | float | str | None:
    """What an unquoted word means under YAML 1.2's core schema. Raises ``ValueError`` for a number
    that JSON has no room for."""
    if value in _CONSTANTS:
        return _CONSTANTS[value]
    if value[0] not in _MAY_BE_NUMBER:
        return value
    if _INTEGER.fullmatch(value):
        return _integer(value)
    found = _FLOAT.fullmatch(value)
    if found is None:
        return value
    number = math.inf if found["special"] else float(value)
    if not math.isfinite(number):
        raise ValueError("not a number that JSON can represent")
    return number


def _integer(value: str) -> int:
    base = {"0o": 8, "0x": 16}.get(value[:2], 10)
    if len(value) > _LONGEST_NUMBER:
        raise ValueError("not a number that JSON can represent")
    number = int(value if base == 10 else value[2:], base)
    if abs(number) >= _LARGEST_INTEGER:
        raise ValueError("not a number that JSON can represent")
    return number


def end_of(text: str) -> tuple[int, int]:
    """The line and column behind the last character, counted from 0."""
    return text.count("\n"), len(text) - (text.rfind("\n") + 1)


def source_at(path: str, end: tuple[int, int], line: int, column: int) -> SourceRef:
    """A parser's mark, counted from 0, as a place; what is past the ``end`` is there."""
    if line > end[0]:
        line, column = end
    return SourceRef(path, line + 1, column + 1)


def syntax_finding(error: Any, path: str, text: str, *, opened: tuple[int, int] | None) -> Finding:
    """The parser's complaint (a marked YAML error) in plain words, at the place to look at.
    ``opened`` is where the innermost open bracket begins, if any; counted from 0 like marks."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # the reader's complaint; ``decode`` has looked at the characters before
        return Finding(code="AFT101", source=SourceRef(path), message=f"not YAML: {error}")
    lines = text.split("\n")
    line, column = mark.line, mark.column
    at_mark = lines[line][column : column + 1] if line < len(lines) else ""
    if at_mark == "\t":
        return leading_tab(path, line, column)
    problem = (error.problem or "syntax error").replace("did not find", "did not find the", 1)
    since = ""
    if error.context_mark is not None:
        begin = (error.context_mark.line, error.context_mark.column)
        if error.context and begin != (line, column):
            opened = begin
            since = f" ({error.context} that begins at line {begin[0] + 1})"
    if opened and not "\n".join(lines[line:])[column:].strip():  # ran off the end
        line, column = opened
    return Finding(
        code="AFT101",
        source=source_at(path, end_of(text), line, column),
        message=f"not YAML: {problem}{since}",
        hint=_syntax_hint(problem, at_mark),
    )


def _syntax_hint(problem: str, at_mark: str) -> str:
    if "mapping values" in problem:
        return "put text that contains ': ' in quotes, and check the indentation"
    if at_mark and at_mark in "@`%":
        return f"put text that begins with {at_mark!r} in quotes"
    if "end of stream" in problem or "',' or" in problem or "node content" in problem:
        return "close the quote or bracket"
    return "check quotes, brackets and indentation around this place"


def leading_tab(path: str, line: int, column: int) -> Finding:
    """The finding for a tab that indents; ``line`` and ``column`` count from 0."""
    return Finding(
        code="AFT102",
        source=SourceRef(path, line + 1, column + 1),
        message="a tab is used for indentation",
        hint="indent with spaces",
    )
