"""What the ledger's events say of a step: under which subject, and which thing it was about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.ledger.events import thing_subject
from aft.plan.model import ORGANIZATION, Action, Change
from aft.values.refs import Ref


def subject_of(change: Change) -> str:
    """The ledger's subject of a change: its request, or the thing that belongs to no account."""
    return thing_subject(change.ref) if change.target == ORGANIZATION else change.target


def step_data(ref: Ref, action: Action) -> Mapping[str, Any]:
    """The part of an event's data that names the step."""
    return {"kind": ref.kind, "action": action.value, "key": ref.key}
