"""A run from its first event to its last, and on another machine in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aft.engine.context import RunContext
from aft.engine.journal import subject_of
from aft.engine.local import LocalEngine
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.port import Engine, Job
from aft.engine.run_start import opening_events
from aft.errors import Refused
from aft.ledger.events import ORGANIZATION, EventKind
from aft.ledger.payloads import RunFinished, RunStarted, payload_of
from aft.plan.codec import plan_digest
from aft.plan.model import Plan
from aft.plan.outcome import Outcome
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
