"""A plan as JSON and back, equal; with a digest over everything but the time it was made.

The JSON is a promise to other tools (``docs``: the plan file). Reading is strict: an unknown or
missing key, a wrong type, a repeated key, a dangling reference or a digest that does not match
is refused, for what is read here is carried out.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from aft.errors import UserError
from aft.findings.model import Finding
from aft.plan.model import FORMAT, Plan
from aft.plan.typed_json import STORED, WrongShape, json_object, read_model
from aft.values.canonical_json import digest, plain
from aft.values.ids import PlanDigest

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
    return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


def _values(plan: Plan) -> dict[str, Any]:
    values: dict[str, Any] = {
        field.name: plain(getattr(plan, field.name)) for field in dataclasses.fields(plan)
    }
    stored = STORED[Finding]
    for change in values["changes"]:
        if change["comparison"] is None:
            del change["comparison"]
    values["attention"] = [{key: getattr(it, key) for key in stored} for it in plan.attention]
    return values


def plan_from_json(text: str) -> Plan:
    """Read ``plan_to_json``'s output.

    Raises ``UserError`` for anything that is not, to the letter of its values, a plan as it was
    written.
    """
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
