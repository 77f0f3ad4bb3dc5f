"""JSON back into frozen dataclasses, to the letter: what is read here is acted on.

An unknown or missing key, a wrong type, a repeated key or an unknown word of an enum is refused
with its place. Knows the types that models of plans use, no more.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from aft.findings.model import Finding
from aft.values.refs import Ref

T = TypeVar("T")

STORED: Mapping[type, tuple[str, ...]] = {
    Finding: ("code", "target", "message", "hint", "condition"),
}
"""Models of which a plan's JSON has only these fields: its findings are in no file."""


class WrongShape(Exception):
    """The JSON is not what was asked for; the message says where."""


def json_object(text: str) -> dict[str, Any]:
    """The object that ``text`` holds. Raises ``WrongShape`` for everything else."""
    try:
        values = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise WrongShape(f"it is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise WrongShape("it is JSON, but not an object")
    return values


def read_model(model: type[T], values: Mapping[str, Any], where: str) -> T:
    """``values`` as the dataclass ``model``; ``where`` names them. Raises ``WrongShape``."""
    hints = _hints(cast("Any", model))
    known = {**dict.fromkeys(_omitted(cast("Any", model))), **values}
    if odd := sorted(known.keys() ^ hints.keys()):
        word = "missing" if odd[0] in hints else "unknown"
        raise WrongShape(f"{where}: key {odd[0]!r} is {word}")
    return model(**{key: _read(hints[key], known[key], f"{where}.{key}") for key in hints})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is written twice")
    return found


@cache
def _hints(model: Any) -> Mapping[str, Any]:
    hints = get_type_hints(model)
    return {key: hints[key] for key in STORED.get(model, hints)}


@cache
def _omitted(model: Any) -> tuple[str, ...]:
    """Fields that are not there where they are ``None``."""
    return tuple(it.name for it in dataclasses.fields(model) if it.metadata.get("omitted"))


def _read(wanted: Any, value: Any, where: str) -> Any:
    if wanted is Ref:
        return _ref(value, where)
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _read(next(arg for arg in get_args(wanted) if arg is not type(None)), value, where)
    if origin is tuple:
        item = get_args(wanted)[0]
        return tuple(
            _read(item, entry, f"{where}[{index}]")
            for index, entry in enumerate(_instance(list, value, where))
        )
    if origin is not None and issubclass(origin, Mapping):
        return {
            key: _read(get_args(wanted)[1], entry, f"{where}.{key}")
            for key, entry in _instance(dict, value, where).items()
        }
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return read_model(wanted, _instance(dict, value, where), where)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        try:
            return wanted(value)
        except ValueError:
            raise WrongShape(f"{where}: {value!r:.60} is not a {wanted.__name__}") from None
    return _instance(getattr(wanted, "__supertype__", wanted), value, where)


def _ref(value: Any, where: str) -> Ref:
    parts = _instance(list, value, where)
    if len(parts) != len(Ref._fields):
        raise WrongShape(f"{where}: expected a kind and a key")
    return Ref(*(_instance(str, part, where) for part in parts))


def _instance(wanted: type, value: Any, where: str) -> Any:
    if type(value) is not wanted:
        raise WrongShape(f"{where}: expected {wanted.__name__}, found {type(value).__name__}")
    return value
