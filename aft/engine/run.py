"""A run from its first event to its last, and on another machine in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aft.desired.model import DesiredState
from aft.engine.context import RunContext
from aft.engine.journal import subject_of
from aft.engine.local import LocalEngine
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.port import Engine, Job
from aft.errors import Refused
from aft.ledger.events import (
    ORGANIZATION,
    AccountRecord,
    EventKind,
    LedgerEvent,
    LedgerState,
    is_of_organization,
)
from aft.ledger.payloads import Allocated, RunFinished, RunStarted, StepConfirmed, payload_of
from aft.ledger.replay import OVERCOME
from aft.plan.codec import plan_digest
from aft.plan.fields import allocations_in
from aft.plan.model import Action, Plan
from aft.plan.outcome import Outcome
from aft.plan.status import step_words
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.ports import ProgressKind
from aft.values.ids import PlanDigest, RequestId
from aft.values.refs import ACCOUNT, Ref, account_ref

_DONE = (EventKind.STEP_DONE, EventKind.STEP_REMOVED, EventKind.FORGOTTEN)


def apply_plan(
    plan: Plan,
    view: PlanView,
    targets: Mapping[RequestId, AccountTarget],
    tools: Tools,
    *,
    run: RunInfo,
    stop: StopToken,
) -> Outcome:
    """Carry ``plan`` out and return one row per target. ``view`` and ``targets`` are what the plan
    was made from. A failure is a row, never an exception; raised are ``Refused`` (the plan is of
    another revision) and errors of writing the run's first event, both before anything was
    changed."""
    _check_revision(plan, view)
    context = RunContext(plan=plan, view=view, targets=targets, tools=tools, run=run, stop=stop)
    engine: Engine = LocalEngine(lambda _: context)
    begin(context)
    digest = PlanDigest(run.plan_digest)
    rows = tuple(engine.carry_out([Job(run.id, digest, target) for target in plan.targets()]))
    outcome = Outcome(
        run=run.id,
        targets=rows,
        seconds=tools.clock.monotonic() - context.began,
        stop_reason=stop.reason,
    )
    return _finished(context, outcome)


def begin(context: RunContext) -> None:
    """Write the run's first events; jobs may be handed out from then on."""
    count = len(context.plan.changes)
    message = f"{count} change{'' if count == 1 else 's'}"
    context.notify(ProgressKind.RUN_STARTED, message=message)
    context.journal.append(*opening_events(context, context.plan))


def _finished(context: RunContext, outcome: Outcome) -> Outcome:
    counts = outcome.counts
    stopped = f" ({outcome.stop_reason})" if outcome.stop_reason else ""
    event = context.journal.event(
        RunFinished(
            succeeded=counts.succeeded,
            failed=counts.failed,
            blocked=counts.blocked,
            stopped=counts.stopped,
        ),
        ORGANIZATION,
        f"End {context.run.command}: {counts}{stopped}",
    )
    unpublished = context.journal.close(event)
    context.notify(ProgressKind.RUN_FINISHED, message=str(counts), seconds=outcome.seconds)
    return replace(outcome, unpublished=unpublished)


def reopened(
    job: Job,
    plan: Plan,
    view: PlanView,
    targets: Mapping[RequestId, AccountTarget],
    tools: Tools,
    *,
    stop: StopToken,
) -> RunContext:
    """What ``job`` needs on a machine that knows nothing of its run but the ledger. ``view`` is the
    plan's revision and the world as it is now, ``targets`` are what the plan is drafted again from
    (``aft.plan.pinned.redrafted``). Raises ``Refused`` for another plan, and for a run that the
    ledger does not know."""
    _check_revision(plan, view)
    run = _run_of(job, tools)
    if {job.plan, PlanDigest(run.plan_digest)} != {plan_digest(plan)}:
        raise Refused(f"run {job.run} carries out another plan", hint="give it the run's own plan")
    mine = plan.changes_of(job.target)
    needed = (plan.change_by_id.get(key) for item in mine for key in (*item.needs, *item.follows))
    subjects = {subject_of(item) for item in (*mine, *needed) if item is not None}
    done = frozenset(
        event.change
        for subject in subjects
        for event in tools.ledger.events(subject)
        if event.run == job.run and event.kind in _DONE
    )
    return RunContext(
        plan=plan, view=view, targets=targets, tools=tools, run=run, stop=stop, done=done
    )


def _run_of(job: Job, tools: Tools) -> RunInfo:
    """Who began the run, and how, by its first event."""
    for event in tools.ledger.events(ORGANIZATION):
        said = payload_of(event)
        if event.run == job.run and isinstance(said, RunStarted):
            return RunInfo(
                id=event.run,
                actor=event.actor,
                revision=event.revision,
                plan_digest=event.plan_digest,
                command=said.command or "",
                lifted=said.lifted or (),
            )
    raise Refused(f"the ledger knows no run {job.run}", hint="begin a new run: aft apply")


def _check_revision(plan: Plan, view: PlanView) -> None:
    if plan.revision != view.desired.revision:
        raise Refused(
            f"the plan is of revision {plan.revision}, "
            f"the desired state of {view.desired.revision}",
            hint="make a new plan",
        )


# --- the first events -----------------------------------------------------------------------------


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
    thing and no longer wants such a change. Records, and the things."""
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
