"""Whether a plan that was made before may still be applied: it is the same world, and the plan
would do what it says. Pure.

What moved is read off fingerprints, which tell that an account changed and not which value. The
plan is then drafted again, with what was seen when it was made, and the changes are compared. So
an upgrade that changes no effect kills no open plan, and one that does is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from aft.organization.model import OrganizationSnapshot
from aft.plan.draft import Look
from aft.plan.fields import DOUBT, RERUN, TAKES_AWAY, field_of
from aft.plan.kind import Kinds
from aft.plan.make import Drafted, draft_plan
from aft.plan.model import ORGANIZATION, Change, Plan
from aft.plan.view import PlanView
from aft.values.ids import Revision
from aft.values.parts import Comparison


def what_moved(
    plan: Plan, snapshot: OrganizationSnapshot, ledger_commit: str, revision: Revision
) -> tuple[str, ...]:
    """One line for each thing that is not as it was; empty when ``plan`` may be applied.
    ``snapshot`` is to be read with the plan's own scope."""
    lines: list[str] = []
    if plan.revision != revision:
        here = f"the repository is at {revision[:12]}"
        lines.append(f"the plan is for revision {plan.revision[:12]}, {here}")
    if plan.ledger != ledger_commit:
        old, new = plan.ledger[:12] or "empty", ledger_commit[:12] or "empty"
        lines.append(f"the ledger has moved from {old} to {new}: another run has written to it")
    objects = tuple(_objects(plan, snapshot))
    lines.extend(objects)
    if not objects and plan.snapshot != snapshot.digest:
        where = f"this organization ({snapshot.organization_id})"
        lines.append(f"the plan was not made for {where} as it was read now")
    return tuple(lines)


def _objects(plan: Plan, snapshot: OrganizationSnapshot) -> Iterator[str]:
    before, now = plan.fingerprints, snapshot.fingerprints
    names = {f"account/{line.account_id}": line.name for line in plan.accounts if line.account_id}
    names |= {f"account/{account.id}": account.name for account in snapshot.accounts}
    names |= {f"ou/{unit.id}": str(unit.path) for unit in snapshot.units}
    names |= {f"policy/{policy.id}": policy.name for policy in snapshot.policies}
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) == now.get(key):
            continue
        kind, _, object_id = key.partition("/")
        name = f"{names[key]} ({object_id})" if names.get(key) else object_id
        how = "is no longer there" if key not in now else "has changed"
        if key not in before:
            how = "was not there before"
        yield f"{'OU' if kind == 'ou' else kind} {name} {how}"


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
    was only seen inside the account, or has to be looked at first, is left out."""
    fields = tuple(item for item in change.fields if item.field not in (DOUBT, TAKES_AWAY))
    return change.account_id, change.effect, change.inputs_digest, _shown(change), fields


def _shown(change: Change) -> Comparison | None:
    """What people agreed to; what a preview has found out since is no longer unknown."""
    return change.comparison and replace(change.comparison, unknown=())


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
