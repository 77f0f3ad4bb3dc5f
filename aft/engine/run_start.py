"""The events a run begins with: that it began, what the plan confirmed, which failures are over.

Pure, but for the time the journal puts on its events.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.desired.model import DesiredState
from aft.engine.context import RunContext
from aft.ledger.events import ORGANIZATION, AccountRecord, EventKind, LedgerEvent, LedgerState
from aft.plan.fields import allocations_in
from aft.plan.model import ChangeKind, Plan

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

_BINDING = (ChangeKind.ADOPT_ACCOUNT, ChangeKind.REBIND_ACCOUNT)


def opening_events(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """What to write before the first change."""
    count = len(plan.changes)
    began = context.journal.event(
        EventKind.RUN_STARTED,
        ORGANIZATION,
        f"Begin {context.run.command}: {count} change{'s' if count != 1 else ''} at "
        f"{context.run.revision[:12]}",
        data={
            "command": context.run.command,
            "changes": count,
            **({"lifted": list(context.run.lifted)} if context.run.lifted else {}),
        },
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


def confirmed_events(context: RunContext, target: str) -> tuple[LedgerEvent, ...]:
    """What the plan read in the account of ``target`` and found right."""
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
        for item in context.confirmations
        if item.target == target
    )


def _confirmed(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """For accounts that are bound already; the others' follow their binding."""
    to_bind = {change.target for change in plan.changes if change.kind in _BINDING}
    targets = dict.fromkeys(item.target for item in context.confirmations)
    return tuple(
        event
        for target in targets
        if target not in to_bind
        for event in confirmed_events(context, target)
    )


def overcome(
    plan: Plan, desired: DesiredState, ledger: LedgerState
) -> tuple[tuple[AccountRecord, str], ...]:
    """Earlier failures to create, move, tag ... that left nothing to do: the plan looked at the
    account and wants no such change any more. Records, and the names of the steps."""
    planned = {(change.target, change.kind.value) for change in plan.changes}
    doubtful = {item.target for item in plan.attention}
    return tuple(
        (record, name)
        for subject, record in sorted(ledger.records.items())
        if record.account_id is not None
        and subject in desired.request_by_id
        and (plan.scope is None or subject in plan.scope)
        for name in sorted(record.failures)
        if name in _OUTSIDE and (subject, name) not in planned and subject not in doubtful
    )


def _overcome(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    return tuple(
        context.journal.event(
            EventKind.STEP_CONFIRMED,
            record.subject,
            f"Confirm {name} of {record.subject}: nothing is left to do",
            account_id=record.account_id,
            data={"kind": name, "name": name},
        )
        for record, name in overcome(plan, context.desired, context.ledger)
    )
