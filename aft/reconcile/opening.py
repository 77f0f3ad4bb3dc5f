"""The events a run begins with: that it began, what the plan confirmed, which failures are over.

Pure, but for the time the journal puts on its events.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.ledger.events import ORGANIZATION, AccountRecord, EventKind, LedgerEvent
from aft.plan.fields import allocations_in
from aft.plan.model import ChangeKind, Plan
from aft.reconcile.context import RunContext

_OUTSIDE = frozenset(
    kind.value
    for kind in ChangeKind
    if kind
    not in (
        ChangeKind.APPLY_SETTING,
        ChangeKind.RUN_CUSTOMIZATION,
        ChangeKind.DESTROY_CUSTOMIZATION,
        ChangeKind.FORGET_CUSTOMIZATION,
    )
)


def opening_events(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """What to write before the first change."""
    count = len(plan.changes)
    began = context.journal.event(
        EventKind.RUN_STARTED,
        ORGANIZATION,
        f"Begin {context.run.command}: {count} change{'s' if count != 1 else ''} at "
        f"{context.run.revision[:12]}",
        data={"command": context.run.command, "changes": count},
    )
    return (
        began,
        *_allocated(context, plan),
        *_confirmed(context, plan),
        *_overcome(context, plan),
    )


def _allocated(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """The ranges of addresses this run gives away: noted before anything is made of them, so
    that a run that dies in between leaves none that could be given twice."""
    return tuple(
        context.journal.event(
            EventKind.ALLOCATED,
            target,
            f"Give {target} {', '.join(f'{cidr} for {name}' for name, cidr in new.items())}",
            account_id=context.known_account(target),
            data={"allocations": new},
        )
        for target, found in sorted(allocations_in(plan).items())
        if (new := _new(found, context.record(target).allocations))
    )


def _new(found: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {name: cidr for name, cidr in sorted(found.items()) if known.get(name) != cidr}


def _confirmed(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    return tuple(
        context.journal.event(
            EventKind.STEP_CONFIRMED,
            item.target,
            f"Confirm {item.subject} of {item.target} ({item.account_id}): read and found right",
            account_id=item.account_id,
            data={
                "kind": ChangeKind.APPLY_SETTING.value,
                "name": item.subject,
                "digest": item.inputs_digest,
            },
        )
        for item in plan.confirmations
    )


def _overcome(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """Earlier failures to create, move, tag ... that left nothing to do: the plan looked at the
    account and wants no such change any more."""
    planned = {(change.target, change.kind.value) for change in plan.changes}
    doubtful = {item.target for item in plan.attention}
    return tuple(
        context.journal.event(
            EventKind.STEP_CONFIRMED,
            record.subject,
            f"Confirm {name} of {record.subject}: nothing is left to do",
            account_id=record.account_id,
            data={"kind": name, "name": name},
        )
        for record in _looked_at(context, plan)
        for name in sorted(record.failures)
        if name in _OUTSIDE
        and (record.subject, name) not in planned
        and record.subject not in doubtful
    )


def _looked_at(context: RunContext, plan: Plan) -> tuple[AccountRecord, ...]:
    return tuple(
        record
        for subject, record in sorted(context.ledger.records.items())
        if record.account_id is not None
        and subject in context.desired.request_by_id
        and (plan.scope is None or subject in plan.scope)
    )
