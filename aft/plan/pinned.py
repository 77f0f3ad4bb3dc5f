"""Whether a plan that was made before would still do what it says. Pure.

A pinned plan is drafted again from the same world, with what was seen when it was made; what its
changes would do now, by git and the plug-ins that are installed, is compared with what the plan
says. So an upgrade that changes no effect kills no open plan, and one that does is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aft.plan.draft import Look
from aft.plan.fields import RERUN, TAKES_AWAY, field_of
from aft.plan.kind import Kinds
from aft.plan.make import Drafted, draft_plan
from aft.plan.model import ORGANIZATION, Change, Plan
from aft.plan.view import PlanView


def redrafted(plan: Plan, view: PlanView, *, kinds: Kinds, made_at: datetime) -> Drafted:
    """The plan as it would be made now, by what was seen inside accounts then. It may hold more
    than ``plan``: what could be seen then and was right."""

    def recall(kind: str, looks: Sequence[Look]) -> Mapping[tuple[str, str], Any]:
        return kinds[kind].recalled(plan, looks)

    return draft_plan(view, kinds=kinds, look=recall, made_at=made_at)


def asked_again(plan: Plan) -> frozenset[str]:
    """The steps that ``plan`` runs although nothing changed."""
    return frozenset(change.key for change in plan.changes if field_of(change, RERUN) is not None)


def what_differs(plan: Plan, now: Plan, kinds: Kinds) -> tuple[str, ...]:
    """One line for each change of ``plan`` that would do something else now, or wait for others."""
    lines: list[str] = []
    for change in plan.changes:
        today = now.change_by_id.get(change.id)
        if today is None:
            why = "would not be done"
        elif _does(today) != _does(change):
            why = "would do something else"
        elif not _waits_alike(plan, change, now, today):
            why = "would have another place in the order"
        else:
            continue
        where = "" if change.target == ORGANIZATION else f"{change.target}: "
        lines.append(f"{where}{kinds.describe(change)} {why}")
    return tuple(lines)


def _does(change: Change) -> tuple[object, ...]:
    """What is carried out, as the plan holds it: a digest in it may be as wrong as the rest. What
    was only seen inside the account is left out."""
    fields = tuple(item for item in change.fields if item.field != TAKES_AWAY)
    return change.account_id, change.effect, change.inputs_digest, change.comparison, fields


def _waits_alike(plan: Plan, change: Change, now: Plan, today: Change) -> bool:
    """``now`` may hold changes between two of ``plan``: what counts is what comes before at all."""
    if set(today.needs) != set(change.needs):
        earlier = _earlier(now, today) & plan.change_by_id.keys()
        if earlier != _earlier(plan, change):
            return False
    return set(today.follows) & plan.change_by_id.keys() == set(change.follows)


def _earlier(plan: Plan, change: Change) -> frozenset[str]:
    """Every change that must have succeeded before ``change``."""
    found: set[str] = set()
    todo = [*change.needs]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(plan.change_by_id[name].needs)
    return frozenset(found)
