"""A run from its first event to its last, and on another machine in between."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from aft.engine.context import RunContext
from aft.engine.local import LocalEngine
from aft.engine.model import Consent, RunInfo, StopToken, Tools
from aft.engine.opening import accepted_keys, opening_events, settling_events
from aft.engine.port import Engine, Job
from aft.engine.readiness import newly_ready
from aft.errors import Overtaken, Refused
from aft.ledger.events import ORGANIZATION, EventKind, LedgerEvent, LedgerState
from aft.ledger.payloads import Ready, RunFinished, RunStarted, payload_of
from aft.plan.codec import plan_digest
from aft.plan.coverage import subject_of
from aft.plan.holding import GO_ON, Hold
from aft.plan.model import Plan
from aft.plan.outcome import Outcome, Status
from aft.plan.reviewed import does
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.ports import ProgressKind
from aft.values.ids import PlanDigest, RequestId

_DONE = (EventKind.STEP_DONE, EventKind.STEP_REMOVED, EventKind.FORGOTTEN)


def apply_plan(
    plan: Plan,
    view: PlanView,
    targets: Mapping[RequestId, AccountTarget],
    tools: Tools,
    *,
    run: RunInfo,
    stop: StopToken,
    held: Mapping[str, Hold] | None = None,
) -> Outcome:
    """Carry ``plan`` out, but for what is ``held``, and return one row per target. ``view`` and
    ``targets`` are what the plan was made from. A failure is a row, never an exception; raised are
    ``Refused`` (the plan is of another revision) and errors of writing the run's first event, both
    before anything was changed."""
    _check_revision(plan, view)
    context = RunContext(
        plan=plan, view=view, targets=targets, tools=tools, run=run, stop=stop, held=held or {}
    )
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
    for event in settling_events(context):
        with contextlib.suppress(Overtaken):  # that run goes on with it
            context.journal.append(event)


def _finished(context: RunContext, outcome: Outcome) -> Outcome:
    counts = outcome.counts
    done = frozenset(
        step.change.id
        for row in outcome.targets
        for step in row.steps
        if step.status is Status.SUCCEEDED
    )
    stopped = f" ({outcome.stop_reason})" if outcome.stop_reason else ""
    event = context.journal.event(
        RunFinished(
            succeeded=counts.succeeded,
            failed=counts.failed,
            blocked=counts.blocked,
            held=counts.held or None,
            stopped=counts.stopped,
            accepted=accepted_keys(context, without=done) or None,
        ),
        ORGANIZATION,
        f"End {context.run.command}: {counts}{stopped}",
    )
    unpublished = context.journal.close(*_ready(context, done), event)
    context.notify(ProgressKind.RUN_FINISHED, message=str(counts), seconds=outcome.seconds)
    return replace(outcome, unpublished=unpublished)


def _ready(context: RunContext, done: Collection[str]) -> Iterator[LedgerEvent]:
    """What people wait for most: that a new account can be used."""
    requested = context.desired.request_by_id
    records = context.journal.records()
    for name in newly_ready(context.plan, records, requested=requested, done=done):
        account_id = records[name].account_id
        text = f"Account {account_id} of {name} is ready"
        yield context.journal.event(Ready(), name, text, account_id=account_id)


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
    began, said = _begun(job, tools)
    run = _run_of(began, said)
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
        plan=plan,
        view=view,
        targets=targets,
        tools=tools,
        run=run,
        stop=stop,
        held={key: _hold_of(plan, key, view.ledger) for key in said.held or ()},
        done=done,
    )


def _hold_of(plan: Plan, change_id: str, ledger: LedgerState) -> Hold:
    """A change that the run holds, by what the ledger says of it."""
    change = plan.change_by_id[change_id]
    known = ledger.record(subject_of(change)).holds.get(str(change.ref))
    return Hold(
        change=change,
        cause=change,
        reason=known.reason if known is not None else "waits for a step that is held",
        hint=known.hint if known is not None else GO_ON,
        does=does(change),
    )


def _run_of(event: LedgerEvent, said: RunStarted) -> RunInfo:
    """Who began the run, and how."""
    return RunInfo(
        id=event.run,
        actor=event.actor,
        revision=event.revision,
        plan_digest=event.plan_digest,
        command=said.command or "",
        consent=Consent(said.consent or Consent.OPERATOR),
        reviewed=said.reviewed or "",
        lifted=said.lifted or (),
    )


def _begun(job: Job, tools: Tools) -> tuple[LedgerEvent, RunStarted]:
    """The first event of the run, and what it says."""
    for event in tools.ledger.events(ORGANIZATION):
        said = payload_of(event)
        if event.run == job.run and isinstance(said, RunStarted):
            return event, said
    raise Refused(f"the ledger knows no run {job.run}", hint="begin a new run: aft apply")


def _check_revision(plan: Plan, view: PlanView) -> None:
    if plan.revision != view.desired.revision:
        raise Refused(
            f"the plan is of revision {plan.revision}, "
            f"the desired state of {view.desired.revision}",
            hint="make a new plan",
        )
