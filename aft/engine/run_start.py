"""The events a run begins with: that it began, what the plan confirmed, which failures are over.

Pure, but for the time the journal puts on its events.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.desired.model import DesiredState
from aft.engine.context import RunContext
from aft.engine.journal import subject_of
from aft.ledger.events import (
    ORGANIZATION,
    AccountRecord,
    LedgerEvent,
    LedgerState,
    is_of_organization,
)
from aft.ledger.payloads import Allocated, RunStarted, StepConfirmed
from aft.ledger.replay import OVERCOME
from aft.plan.fields import allocations_in
from aft.plan.model import Action, Plan
from aft.plan.status import step_words
from aft.values.refs import ACCOUNT, Ref, account_ref


def opening_events(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """What to write before the first change."""
    count = len(plan.changes)
    began = context.journal.event(
        RunStarted(command=context.run.command, changes=count, lifted=context.run.lifted or None),
        ORGANIZATION,
        f"Begin {context.run.command}: {count} change{'s' if count != 1 else ''} at "
        f"{context.run.revision[:12]}",
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
            Allocated(allocations=new),
            target,
            f"Give {target} {', '.join(f'{cidr} for {name}' for name, cidr in new.items())}",
            account_id=context.known_account(target),
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
            StepConfirmed(
                kind=item.ref.kind,
                action=Action.UPDATE,
                key=item.ref.key,
                digest=item.inputs_digest,
            ),
            item.target,
            f"Confirm {item.ref.key} of {item.target} ({item.account_id}): read and found right",
            account_id=item.account_id,
        )
        for item in context.plan.confirmations
        if item.target == target
    )


def _confirmed(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """For accounts that are bound already; the others' follow their binding."""
    to_bind = {
        change.target
        for change in plan.changes
        if change.kind == ACCOUNT
        and (change.action is Action.ADOPT or change.ref == account_ref("request"))
    }
    targets = dict.fromkeys(item.target for item in context.plan.confirmations)
    return tuple(
        event
        for target in targets
        if target not in to_bind
        for event in confirmed_events(context, target)
    )


def overcome(
    plan: Plan, desired: DesiredState, ledger: LedgerState
) -> tuple[tuple[AccountRecord, Ref], ...]:
    """Earlier failures to create, move, tag ... that left nothing to do: the plan looked at the
    thing and wants no such change any more. Records, and the things."""
    planned = {(subject_of(change), change.ref) for change in plan.changes}
    doubtful = {item.target for item in plan.attention}
    return tuple(
        (record, ref)
        for subject, record in sorted(ledger.records.items())
        if _is_looked_at(plan, desired, record) and subject not in doubtful
        for ref in map(Ref.parse, sorted(record.failures))
        if (ref.kind == ACCOUNT or is_of_organization(subject)) and (subject, ref) not in planned
    )


def _is_looked_at(plan: Plan, desired: DesiredState, record: AccountRecord) -> bool:
    """The plan can tell that nothing is left to do."""
    if is_of_organization(record.subject):
        return plan.scope is None and not any(
            item.target == ORGANIZATION for item in plan.attention
        )
    return (
        record.account_id is not None
        and record.subject in desired.request_by_id
        and (plan.scope is None or record.subject in plan.scope)
    )


def _overcome(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    return tuple(
        context.journal.event(
            StepConfirmed(
                kind=ref.kind,
                action=Action.UPDATE,
                key=ref.key,
                how=OVERCOME if is_of_organization(record.subject) else None,
            ),
            record.subject,
            f"Confirm {step_words(ref)} of {record.subject}: nothing is left to do",
            account_id=record.account_id,
        )
        for record, ref in overcome(plan, context.desired, context.ledger)
    )
