"""A plan as JSON and back, equal; with a digest over everything but the time it was made.

The JSON is a promise to other tools (``docs``: the plan file). Reading is strict: an unknown or
missing key, a wrong type, a repeated key, a dangling reference or a digest that does not match
is refused, for what is read here is carried out.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from aft.canonical import digest, plain
from aft.errors import UserError
from aft.ids import PlanDigest
from aft.plan.model import FORMAT, Plan

_NOT_DIGESTED = "made_at"
_FIRST = ("format", "digest", "revision", "made_at", "summary", "attention", "changes")


def plan_digest(plan: Plan) -> PlanDigest:
    """``sha256:…`` over every field but ``made_at``: the same difference has the same digest."""
    return PlanDigest(
        digest(
            {
                field.name: getattr(plan, field.name)
                for field in dataclasses.fields(plan)
                if field.name != _NOT_DIGESTED
            }
        )
    )


def plan_to_json(plan: Plan) -> str:
    """Indented JSON with a stable order of keys, ending in a newline."""
    values = {field.name: plain(getattr(plan, field.name)) for field in dataclasses.fields(plan)}
    values["digest"] = plan_digest(plan)
    ordered = {key: values[key] for key in (*_FIRST, *sorted(values.keys() - set(_FIRST)))}
    return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


def plan_from_json(text: str) -> Plan:
    """Read ``plan_to_json``'s output.

    Raises ``UserError`` for anything that is not, to the letter of its values, a plan as it was
    written.
    """
    values = _loaded(text)
    if values.get("format") != FORMAT:
        raise UserError(
            f"this plan has format {values.get('format')!r}; this version of aft reads {FORMAT}",
            hint="make the plan again with this version",
        )
    claimed = values.pop("digest", None)
    try:
        plan: Plan = _read(Plan, values, "plan")
        _check_references(plan)
    except _WrongShape as error:
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


class _WrongShape(Exception):
    """The JSON is not what ``plan_to_json`` writes; the message says where."""


def _loaded(text: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key is written twice")
        return found

    try:
        values = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the plan file is not JSON: {error}", hint=_HINT) from None
    if not isinstance(values, dict):
        raise UserError("the plan file is JSON, but not a plan", hint=_HINT)
    return values


@cache
def _hints(model: type) -> Mapping[str, Any]:
    return get_type_hints(model)


def _read(wanted: Any, value: Any, where: str) -> Any:
    """``value`` as the type ``wanted``; the types are those that plan models use, no more."""
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
        return _read_fields(wanted, _instance(dict, value, where), where)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        try:
            return wanted(value)
        except ValueError:
            raise _WrongShape(f"{where}: {value!r} is not a {wanted.__name__}") from None
    return _instance(getattr(wanted, "__supertype__", wanted), value, where)


def _read_fields(model: type, values: Mapping[str, Any], where: str) -> Any:
    hints = _hints(model)
    if odd := sorted(values.keys() ^ hints.keys()):
        word = "missing" if odd[0] in hints else "unknown"
        raise _WrongShape(f"{where}: key {odd[0]!r} is {word}")
    return model(**{key: _read(hints[key], values[key], f"{where}.{key}") for key in hints})


def _instance(wanted: type, value: Any, where: str) -> Any:
    if type(value) is not wanted:
        raise _WrongShape(f"{where}: expected {wanted.__name__}, found {type(value).__name__}")
    return value


def _check_references(plan: Plan) -> None:
    ids = [change.id for change in plan.changes]
    known = set(ids)
    if len(known) != len(ids):
        raise _WrongShape("two changes have the same id")
    for change in plan.changes:
        if missing := [key for key in (*change.needs, *change.follows) if key not in known]:
            raise _WrongShape(f"change {change.id} needs {missing[0]}, which is not there")
    arranged = [name for wave in plan.waves for chain in wave.chains for name in chain]
    if sorted(arranged) != sorted(ids):
        raise _WrongShape("the waves do not hold every change exactly once")
    if plan.made_at:
        try:
            datetime.fromisoformat(plan.made_at)
        except ValueError:
            raise _WrongShape(f"made_at: {plan.made_at!r} is not a time") from None
