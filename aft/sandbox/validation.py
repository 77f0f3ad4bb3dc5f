"""Input held to botocore's service model, as the service itself would hold it.

botocore checks only types, required members and some minimums before it sends; AWS checks
lengths, ranges, enumerations and patterns, too. Returns what is wrong; says nothing about codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Violation:
    """``reason`` is one of Organizations' InvalidInputExceptionReason."""

    path: str
    reason: str
    message: str


def violations(shape: Any, value: Any, path: str = "") -> Iterator[Violation]:
    """Everything ``value`` breaks in ``shape`` (a botocore ``Shape``), depth first."""
    match shape.type_name:
        case "structure":
            yield from _structure(shape, value, path)
        case "list":
            if not isinstance(value, list | tuple):
                yield _wrong(path, value, "INVALID_LIST_MEMBER", "Member must be a list")
                return
            yield from _range(shape, len(value), value, path)
            for index, item in enumerate(value):
                yield from violations(shape.member, item, f"{path}.{index + 1}.member")
        case "string":
            yield from _string(shape, value, path)
        case "integer" | "long":
            if isinstance(value, bool) or not isinstance(value, int):
                yield _wrong(path, value, "INVALID_PATTERN", "Member must be a number")
                return
            yield from _range(shape, value, value, path)


def _structure(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, Mapping):
        yield _wrong(path, value, "INPUT_REQUIRED", "Member must be a structure")
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _wrong(_join(path, name), None, "INPUT_REQUIRED", "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from violations(member, value[name], _join(path, name))


def _string(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _wrong(path, value, "INVALID_PATTERN", "Member must be a string")
        return
    yield from _range(shape, len(value), value, path)
    if shape.enum and value not in shape.enum:
        allowed = "[" + ", ".join(shape.enum) + "]"
        yield _wrong(path, value, "INVALID_ENUM", f"Member must satisfy enum value set: {allowed}")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        text = f"Member must satisfy regular expression pattern: {pattern}"
        yield _wrong(path, value, "INVALID_PATTERN", text)


def _range(shape: Any, size: int, value: Any, path: str) -> Iterator[Violation]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    number = shape.type_name in ("integer", "long")
    what = "value" if number else "length"
    kind = "VALUE" if number else "LENGTH"
    if least is not None and size < least:
        text = f"Member must have {what} greater than or equal to {least}"
        yield _wrong(path, value, f"MIN_{kind}_EXCEEDED", text)
    if most is not None and size > most:
        text = f"Member must have {what} less than or equal to {most}"
        yield _wrong(path, value, f"MAX_{kind}_EXCEEDED", text)


def _wrong(path: str, value: Any, reason: str, constraint: str) -> Violation:
    shown = "null" if value is None else f"'{value}'"
    return Violation(
        path=path,
        reason=reason,
        message=f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}",
    )


def _join(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Java's Unicode classes stand inside character classes; Python's nearest are \w and \s.
    python = pattern.replace(r"\p{L}", r"\w").replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d")
    try:
        return re.compile(python)
    except re.error:
        return re.compile(r"[\s\S]*")
