"""A plan as JSON and back, equal; with a digest over everything but the time it was made.

The JSON is a promise to other tools (``docs``: the plan file). Reading is strict: an unknown or
missing key, a wrong type, a repeated key, an unknown word of an enum, a dangling reference or a
digest that does not match is refused with its place, for what is read here is carried out.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from aft.errors import UserError
from aft.findings.model import Finding
from aft.plan.model import FORMAT, Change, Confirmation, Plan
from aft.text.policy import escaped
from aft.values.bounded_json import BadJson, read_json
from aft.values.canonical_json import digest, indented_json, plain
from aft.values.ids import PlanDigest
from aft.values.refs import Ref

T = TypeVar("T")

_STORED: Mapping[type, tuple[str, ...]] = {
    Finding: ("code", "target", "message", "hint", "condition")
}
"""Models of which a plan's JSON has only these fields: its findings are in no file."""
_NOT_DIGESTED = "made_at"
_FIRST = ("format", "digest", "revision", "made_at", "summary", "attention", "changes")


def plan_digest(plan: Plan) -> PlanDigest:
    """``sha256:…`` over every field but ``made_at``: the same difference has the same digest."""
    values = _values(plan)
    del values[_NOT_DIGESTED]
    return PlanDigest(digest(values))


def plan_to_json(plan: Plan) -> str:
    """Indented JSON with a stable order of keys, ending in a newline."""
    values = _values(plan) | {"digest": plan_digest(plan)}
    ordered = {key: values[key] for key in (*_FIRST, *sorted(values.keys() - set(_FIRST)))}
    return escaped(indented_json(ordered))


def _values(plan: Plan) -> dict[str, Any]:
    values: dict[str, Any] = {
        field.name: plain(getattr(plan, field.name)) for field in dataclasses.fields(plan)
    }
    stored = _STORED[Finding]
    for name, model in (("changes", Change), ("confirmations", Confirmation)):
        for item in values[name]:
            for key in _omitted(model):
                if item[key] is None:
                    del item[key]
    values["attention"] = [{key: getattr(it, key) for key in stored} for it in plan.attention]
    return values


def plan_from_json(text: str) -> Plan:
    """Read ``plan_to_json``'s output. Raises ``UserError`` for anything that is not, to the letter
    of its values, a plan as it was written."""
    try:
        values = json_object(text)
    except WrongShape as error:
        raise UserError(f"this file is not a plan: {error}", hint=_HINT) from None
    if values.get("format") != FORMAT:
        raise UserError(
            "this plan was made by another version of aft: its format is "
            f"{values.get('format')!r}, this one reads {FORMAT}",
            hint="make the plan again with this version",
        )
    claimed = values.pop("digest", None)
    try:
        plan = read_model(Plan, values, "plan")
        _check_references(plan)
    except WrongShape as error:
        raise UserError(f"this is not a plan aft wrote: {error}", hint=_HINT) from None
    found = plan_digest(plan)
    if claimed != found:
        raise UserError(
            f"the plan was altered after it was made: its content gives {found[:19]}…, "
            f"the file says {str(claimed)[:19]}…",
            hint=_HINT,
        )
    return plan


_HINT = "make a new plan with `aft plan --out FILE`; a plan file is not meant to be edited"


def _check_references(plan: Plan) -> None:
    ids = [change.id for change in plan.changes]
    known = set(ids)
    if len(known) != len(ids):
        raise WrongShape("two changes have the same id")
    for change in plan.changes:
        if missing := [key for key in (*change.needs, *change.follows) if key not in known]:
            raise WrongShape(f"change {change.id} needs {missing[0]}, which is not there")
    arranged = [name for wave in plan.waves for chain in wave.chains for name in chain]
    if sorted(arranged) != sorted(ids):
        raise WrongShape("the waves do not hold every change exactly once")
    if plan.made_at:
        try:
            datetime.fromisoformat(plan.made_at)
        except ValueError:
            raise WrongShape(f"made_at: {plan.made_at!r} is not a time") from None


class WrongShape(Exception):
    """The JSON is not what was asked for; the message says where."""


def json_object(text: str) -> dict[str, Any]:
    """The object that ``text`` holds. Raises ``WrongShape`` for everything else."""
    try:
        values = read_json(text, halves=False, pairs=_unique)
    except BadJson as error:
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
    return {key: hints[key] for key in _STORED.get(model, hints)}


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
