"""Canonical JSON and digests: equal values give equal bytes on every machine."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from aft.values.ids import OrgUnitPath

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


_PLAIN = frozenset({str, int, bool, float, type(None)})


def plain(value: Any) -> Json:
    """Reduce dataclasses, enums, tuples, paths and dates to JSON values."""
    kind = type(value)  # most values are plain already, and a plan has many: ask for those first
    if kind in _PLAIN:
        return value  # type: ignore[no-any-return]
    if kind is dict:
        return {str(key): plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    return _reduced(value)


def _reduced(value: Any) -> Json:
    match value:
        case enum.Enum():
            return plain(value.value)
        case bool() | int() | float() | None:
            return value
        case str():
            return str(value)
        case OrgUnitPath():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted((plain(item) for item in value), key=json.dumps)
        case list() | tuple():
            return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no escapes for printable characters."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return whole_characters(text)


def digest(value: Any) -> str:
    """``sha256:`` and 64 hex digits over ``canonical_json(value)``."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode()).hexdigest()


def indented_json(value: Any) -> str:
    """JSON for people and tools, ending in a newline; what JSON has no word for as its text."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return f"{without_commands(whole_characters(text))}\n"


def whole_characters(text: str) -> str:
    """JSON text of the same values that every encoding can write: half a character (a lone
    surrogate, as JSON of others may hold, or a file name that is no UTF-8) becomes its escape."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def without_commands(text: str) -> str:
    """JSON text of the same values without ``##[``, which begins a command to the runner of GitHub
    Actions anywhere in a line."""
    return text.replace("##[", "#\\u0023[")
