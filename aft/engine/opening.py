"""What a run writes before its first change: who begins it and by whose consent, what it gives
away, what was found right, and what waits for people."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from aft.desired.model import DesiredState
from aft.engine.context import RunContext
from aft.findings.model import Condition, Finding
from aft.ledger.events import (
    MADE_ID,
    ORGANIZATION,
    UNFULFILLED,
    AccountRecord,
    LedgerEvent,
    LedgerState,
    OpenIntent,
    is_of_organization,
    thing_subject,
)
from aft.ledger.payloads import (
    Allocated,
    IntentSettled,
    RunStarted,
    StepConfirmed,
    StepHeld,
    StepReleased,
)
from aft.ledger.replay import OVERCOME
from aft.plan.accepted import accepted_by
from aft.plan.coverage import subject_of, unfulfilled
from aft.plan.fields import allocations_in
from aft.plan.holding import Hold, noted
from aft.plan.kind import Kinds
from aft.plan.model import Action, Plan
from aft.plan.status import step_words
from aft.plan.view import PlanView
from aft.values.canonical_json import digest
from aft.values.refs import ACCOUNT, Ref, account_ref

BOUND_MEANWHILE = "another run has bound one to it meanwhile"


def opening_events(context: RunContext, plan: Plan) -> tuple[LedgerEvent, ...]:
    """What to write before the first change."""
    count = len(plan.changes)
    run, held = context.run, tuple(context.held)
    began = context.journal.event(
        RunStarted(
            command=run.command,
            changes=count,
            scope=None if plan.scope is None else len(plan.scope),
            consent=run.consent,
            reviewed=run.reviewed or None,
            held=held or None,
            lifted=run.lifted or None,
            accepted=accepted_keys(context) or None,
        ),
        ORGANIZATION,
        f"Begin {run.command}: {count} change{'s' if count != 1 else ''} at {run.revision[:12]}"
        f"{f', {len(held)} of them held' if held else ''}",
    )
    going = replace(plan, changes=tuple(it for it in plan.changes if it.id not in context.held))
    return (
        began,
        *_allocated(context, going),
        *_confirmed(context, plan),
        *_overcome(context, plan),
        *_recognised(context),
        *_held(context),
        *_doubts(context, plan),
        *_released(context, plan),
    )


def accepted_keys(context: RunContext, without: Collection[str] = ()) -> tuple[str, ...]:
    """What may be done without another review, but for the changes of these ids. Of a run that
    does not look at everything, what others left stays."""
    own = accepted_by(context.plan, {*context.held, *without})
    left = context.ledger.record(ORGANIZATION).accepted if context.plan.scope is not None else ()
    return tuple(sorted({*left, *own}))


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
                digest=item.inputs_digest or None,
                about=item.about,
            ),
            item.target,
            f"Confirm {step_words(item.ref)} of {item.target} ({item.account_id}): "
            f"{'as its request says' if item.about else 'read and found right'}",
            account_id=item.account_id,
            more=context.tools.effects[item.ref.kind].kept(context, item),
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


def recognised(view: PlanView, kinds: Kinds) -> Mapping[Ref, str]:
    """Things of no account that are as they should be, and whose ids the ledger does not know."""
    return {ref: made for kind in kinds.values() for ref, made in kind.recognised(view).items()}


def _recognised(context: RunContext) -> tuple[LedgerEvent, ...]:
    return tuple(
        context.journal.event(
            StepConfirmed(
                kind=ref.kind, action=Action.UPDATE, key=ref.key, outputs={MADE_ID: made}
            ),
            thing_subject(ref),
            f"Note that {context.kinds[ref.kind].noun[0]} {ref.key} is {made}",
        )
        for ref, made in sorted(recognised(context.view, context.kinds).items())
    )


def overcome(
    plan: Plan, desired: DesiredState, ledger: LedgerState
) -> tuple[tuple[AccountRecord, Ref], ...]:
    """Earlier failures to create, move, tag ... that left nothing to do: the plan looked at the
    thing and no longer wants such a change. Records, and the things."""
    planned = {(subject_of(change), change.ref) for change in plan.changes}
    doubtful = _doubtful(plan)
    return tuple(
        (record, ref)
        for subject, record in sorted(ledger.records.items())
        if _is_looked_at(plan, desired, record) and subject not in doubtful
        for ref in map(Ref.parse, sorted(record.failures))
        if (ref.kind == ACCOUNT or is_of_organization(subject)) and (subject, ref) not in planned
    )


def left_open(
    plan: Plan, desired: DesiredState, ledger: LedgerState
) -> tuple[tuple[AccountRecord, OpenIntent], ...]:
    """Intents to create accounts that there are: opened by runs that did not know yet of another
    run's binding."""
    not_so = {it.target for it in plan.changes if it.ref == account_ref()} | _doubtful(plan)
    return tuple(
        (record, record.intent)
        for subject, record in sorted(ledger.records.items())
        if record.intent is not None
        and subject not in not_so
        and not is_of_organization(subject)
        and _is_looked_at(plan, desired, record)
    )


def settling_events(context: RunContext) -> tuple[LedgerEvent, ...]:
    """The ends of those intents, each of which another run may refuse."""
    return tuple(
        context.journal.event(
            IntentSettled(reason=BOUND_MEANWHILE, intent_run=intent.run),
            record.subject,
            f"No account was created for {record.subject}: {BOUND_MEANWHILE}",
            account_id=record.account_id,
            lease=intent.lease,
        )
        for record, intent in left_open(context.plan, context.desired, context.ledger)
    )


def _doubtful(plan: Plan) -> frozenset[str]:
    """Targets of which the plan cannot tell whether all is done. A root e-mail address that differs
    is none of aft's work, and leaves nothing else undone."""
    found = (it for it in unfulfilled(plan) if it.condition is not Condition.OTHER_EMAIL)
    return frozenset(item.target for item in found)


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


# --- what waits for people ------------------------------------------------------------------------


def is_noted(record: AccountRecord, said: StepHeld) -> bool:
    """The ledger says already that it waits, and for what: since when stays as it is."""
    known = record.holds.get(str(Ref(said.kind or "", said.key or "")))
    return known is not None and (known.reason, known.does) == (said.reason, said.does)


def new_holds(holds: Mapping[str, Hold], ledger: LedgerState) -> tuple[tuple[Hold, StepHeld], ...]:
    """Those that the ledger does not know, and what is to be noted of each."""
    found = ((hold, _said_of(hold)) for hold in noted(holds))
    return tuple(
        (hold, said)
        for hold, said in found
        if not is_noted(ledger.record(subject_of(hold.change)), said)
    )


def released(
    plan: Plan, holds: Mapping[str, Hold], desired: DesiredState, ledger: LedgerState
) -> tuple[tuple[AccountRecord, Ref], ...]:
    """Steps that the ledger says wait for people, and that no longer do: they are carried out
    now, or the plan looked and no longer wants them."""
    waiting = {(subject_of(hold.change), hold.change.ref) for hold in noted(holds)}
    waiting |= {(target, UNFULFILLED) for target, _ in _said_of_requests(plan, desired)}
    planned = {(subject_of(change), change.ref) for change in plan.changes}
    doubtful = _doubtful(plan)
    return tuple(
        (record, ref)
        for subject, record in sorted(ledger.records.items())
        for ref in map(Ref.parse, sorted(record.holds))
        if (subject, ref) not in waiting
        and (
            (subject, ref) in planned
            or (ref == UNFULFILLED and _is_seen(plan, desired, subject))
            or (_is_looked_at(plan, desired, record) and subject not in doubtful)
        )
    )


def new_doubts(
    plan: Plan, desired: DesiredState, ledger: LedgerState
) -> tuple[tuple[str, StepHeld], ...]:
    """Requests that the plan says cannot be carried out as they are, where the ledger does not
    know it, and what is to be noted of each."""
    return tuple(
        (target, said)
        for target, said in _said_of_requests(plan, desired)
        if not is_noted(ledger.record(target), said)
    )


def _said_of_requests(plan: Plan, desired: DesiredState) -> Iterator[tuple[str, StepHeld]]:
    found: dict[str, list[Finding]] = {}
    for item in unfulfilled(plan):
        if item.target in desired.request_by_id:
            found.setdefault(item.target, []).append(item)
    for target, items in found.items():
        yield (
            target,
            StepHeld(
                kind=UNFULFILLED.kind,
                action=Action.UPDATE,
                key=UNFULFILLED.key,
                reason="; ".join(item.message for item in items),
                hint=items[0].hint,
                does=digest([[item.code, item.message] for item in items]),
            ),
        )


def _is_seen(plan: Plan, desired: DesiredState, target: str) -> bool:
    """The plan looked at the request, or at everything and found it gone."""
    return plan.scope is None or (target in plan.scope and target in desired.request_by_id)


def _said_of(hold: Hold) -> StepHeld:
    change = hold.change
    return StepHeld(
        kind=change.kind,
        action=change.action,
        key=change.key,
        reason=hold.reason,
        hint=hold.hint,
        does=hold.does,
    )


def _held(context: RunContext) -> Iterator[LedgerEvent]:
    for hold, said in new_holds(context.held, context.ledger):
        change = hold.change
        yield context.journal.event(
            said,
            subject_of(change),
            f"Hold back: {context.kinds.describe(change)} of {change.target}: {hold.reason}",
            account_id=context.known_account(change.target) or change.account_id,
            change=change.id,
        )


def _doubts(context: RunContext, plan: Plan) -> Iterator[LedgerEvent]:
    for target, said in new_doubts(plan, context.desired, context.ledger):
        yield context.journal.event(
            said,
            target,
            f"Hold back: request {target}: {said.reason}",
            account_id=context.known_account(target),
        )


def _released(context: RunContext, plan: Plan) -> Iterator[LedgerEvent]:
    for record, ref in released(plan, context.held, context.desired, context.ledger):
        yield context.journal.event(
            StepReleased(kind=ref.kind, action=Action.UPDATE, key=ref.key),
            record.subject,
            f"Hold back no longer: {step_words(ref) or ref.kind} of {record.subject}",
            account_id=record.account_id,
        )
