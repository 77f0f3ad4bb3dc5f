"""Carries a plan out: who goes when, on which threads, and what is written about it.

One thread (the caller's) keeps the books and begins what is ready; steps run on two pools, one
for creations with as many threads as there are slots, one for everything else. So waiting for a
slot, or for AWS, never keeps another account waiting. Steps of one account that do not need each
other run side by side.
"""

from __future__ import annotations

import queue
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aft.engine.context import RunContext
from aft.engine.creation import AskAgain, Asked, Creations
from aft.engine.lanes import Rooms
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.run_change import Work, creates_account, work
from aft.engine.run_start import opening_events
from aft.engine.schedule import Schedule
from aft.errors import Refused
from aft.ledger.payloads import RunFinished
from aft.plan.model import ORGANIZATION, Change, Plan
from aft.plan.outcome import Outcome, Status, StepOutcome, TargetOutcome
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.ports import ProgressKind
from aft.values.ids import RequestId


def apply_plan(
    plan: Plan,
    view: PlanView,
    targets: Mapping[RequestId, AccountTarget],
    tools: Tools,
    *,
    run: RunInfo,
    stop: StopToken,
) -> Outcome:
    """Carry ``plan`` out and return one row per target.

    ``view`` and ``targets`` are what the plan was made from. A failure is a row, never an
    exception; raised are ``Refused`` (the plan is of another revision) and errors of writing the
    run's first event, both before anything was changed.
    """
    if plan.revision != view.desired.revision:
        raise Refused(
            f"the plan is of revision {plan.revision}, "
            f"the desired state of {view.desired.revision}",
            hint="make a new plan",
        )
    context = RunContext(
        plan=plan,
        view=view,
        targets=targets,
        tools=tools,
        run=run,
        stop=stop,
    )
    return _Executor(context, plan).execute()


@dataclass(frozen=True, slots=True)
class _Job:
    """A change that may begin, or go on. A creation is asked for in a slot (again after
    ``again``) and finished outside (``asked``)."""

    change: Change
    asked: Asked | None = None
    again: AskAgain | None = None

    @property
    def wants_slot(self) -> bool:
        return creates_account(self.change) and self.asked is None


class _Executor:
    """The books of one run; all but ``work`` happens on the caller's thread."""

    def __init__(self, context: RunContext, plan: Plan) -> None:
        limits, provider = context.limits, context.tools.provider
        self._context = context
        self._plan = plan
        self._schedule = Schedule(plan)
        self._creations = Creations(context)
        self._rooms: Rooms[_Job] = Rooms(accounts=limits.accounts_in_parallel)
        self._slots = min(limits.creations_in_flight, provider.traits.max_in_flight)
        self._for_slots: deque[_Job] = deque()
        self._finished: queue.Queue[tuple[_Job, Work]] = queue.Queue()
        self._outcomes: dict[str, StepOutcome] = {}
        self._left = Counter(change.target for change in plan.changes)
        self._start = 0.0
        self._began: dict[str, float] = {}

    def execute(self) -> Outcome:
        context, clock = self._context, self._context.tools.clock
        self._start = clock.monotonic()
        context.notify(ProgressKind.RUN_STARTED, message=_counted(len(self._plan.changes)))
        context.journal.append(*opening_events(context, self._plan))
        try:
            with (
                ThreadPoolExecutor(self._rooms.most, "aft-step") as steps,
                ThreadPoolExecutor(self._slots, "aft-create") as slots,
            ):
                self._loop(steps, slots)
        except BaseException:
            context.stop.set("the run was broken off")  # whatever still waits, ends
            raise
        self._close_waiting()
        return self._finish(clock.monotonic() - self._start)

    # --- the loop ---

    def _loop(self, steps: ThreadPoolExecutor, slots: ThreadPoolExecutor) -> None:
        running = 0
        self._enqueue(self._schedule.first())
        try:
            while True:
                running += self._dispatch(steps, slots)
                if not running:
                    return
                job, result = self._finished.get()
                running -= 1
                if job.wants_slot:
                    self._slots += 1
                else:
                    self._rooms.done(job.change.target)
                self._take(job, result)
        except BaseException:
            self._context.stop.set("the run was broken off")
            raise

    def _dispatch(self, steps: ThreadPoolExecutor, slots: ThreadPoolExecutor) -> int:
        """Begin what has room; the number of jobs begun."""
        if self._context.stop.is_set:
            for job in (*self._rooms.clear(), *self._for_slots):
                self._stopped(job.change)
            self._for_slots.clear()
            return 0
        begun = 0
        for job in self._rooms.take():
            self._submit(steps, job)
            begun += 1
        while self._for_slots and self._slots:
            self._slots -= 1
            self._submit(slots, self._for_slots.popleft())
            begun += 1
        return begun

    def _submit(self, pool: ThreadPoolExecutor, job: _Job) -> None:
        self._began.setdefault(job.change.id, self._context.tools.clock.monotonic())
        pool.submit(self._run, job)

    def _run(self, job: _Job) -> None:
        try:
            result = work(
                self._context, self._creations, job.change, asked=job.asked, again=job.again
            )
        except BaseException as error:  # noqa: BLE001 - or the loop would wait permanently
            result = Work(status=Status.FAILED, broken=error)
        self._finished.put((job, result))

    def _enqueue(self, changes: Iterable[Change], *, first: bool = False) -> None:
        """Accounts already begun go before new ones, so that they are finished sooner."""
        for change in changes:
            self._queue(_Job(change), first=first)

    def _queue(self, job: _Job, *, first: bool) -> None:
        if not job.wants_slot:
            self._rooms.add(job.change.target, job, soon=first)
        elif first:
            self._for_slots.appendleft(job)
        else:
            self._for_slots.append(job)

    def _take(self, job: _Job, result: Work) -> None:
        if result.broken is not None:
            raise result.broken
        if result.asked is not None:
            self._queue(_Job(job.change, asked=result.asked), first=True)
        elif result.again is not None:
            self._queue(_Job(job.change, again=result.again), first=False)
        elif result.status is Status.SUCCEEDED:
            self._note(job.change, result)
            begun = self._schedule.succeeded(job.change)
            self._enqueue([item for item in begun if item.target == job.change.target], first=True)
            self._enqueue([item for item in begun if item.target != job.change.target])
        elif result.status is Status.STOPPED:
            self._note(job.change, result)
        else:
            self._note(job.change, result)
            blocked, begun = self._schedule.failed(job.change)
            for change in blocked:
                self._blocked(change, job.change, result.message)
            self._enqueue(begun)

    # --- outcomes ---

    def _note(self, change: Change, result: Work) -> None:
        now = self._context.tools.clock.monotonic()
        began = self._began.get(change.id, now)
        self._record(
            StepOutcome(
                change=change,
                status=result.status,
                message=result.message,
                hint=result.hint,
                began=began - self._start,
                seconds=now - began,
                account_id=result.account_id,
            )
        )

    def _blocked(self, change: Change, cause: Change, reason: str) -> None:
        whose = "its own" if change.target == cause.target else f"{cause.target}'s"
        what = self._context.kinds.describe(cause)
        self._record(
            StepOutcome(
                change=change,
                status=Status.BLOCKED,
                message=f"waits for {whose} step to {what}, which failed: {reason}",
                hint="it goes on by itself once that has succeeded",
                blocked_by=cause.id,
            )
        )

    def _stopped(self, change: Change) -> None:
        self._record(
            StepOutcome(
                change=change,
                status=Status.STOPPED,
                message=f"not begun: {self._context.stop.reason}",
                hint="run again to continue from here",
            )
        )

    def _close_waiting(self) -> None:
        """What never began: because of the stop, or because changes wait for each other."""
        for change in self._schedule.waiting:
            if self._context.stop.is_set:
                self._stopped(change)
                continue
            self._record(
                StepOutcome(
                    change=change,
                    status=Status.BLOCKED,
                    message="waits for changes that wait for it",
                    hint="this plan cannot be carried out; make a new one",
                )
            )

    def _record(self, outcome: StepOutcome) -> None:
        change = outcome.change
        self._outcomes[change.id] = outcome
        kind = {
            Status.SUCCEEDED: ProgressKind.STEP_DONE,
            Status.FAILED: ProgressKind.STEP_FAILED,
        }.get(outcome.status, ProgressKind.STEP_SKIPPED)
        self._context.notify(kind, change, outcome.message, seconds=outcome.seconds)
        self._left[change.target] -= 1
        if not self._left[change.target]:
            row = self._row(change.target)
            self._context.notify(
                ProgressKind.TARGET_DONE,
                message=row.status.value,
                target=row.target,
                seconds=row.seconds,
            )

    def _row(self, target: str) -> TargetOutcome:
        steps = tuple(self._outcomes[change.id] for change in self._plan.changes_of(target))
        known = self._context.known_account(target)
        planned = next((step.change.account_id for step in steps if step.change.account_id), None)
        return TargetOutcome(target=target, account_id=known or planned, steps=steps)

    def _finish(self, seconds: float) -> Outcome:
        context = self._context
        rows = tuple(self._row(target) for target in self._plan.targets())
        outcome = Outcome(
            run=context.run.id, targets=rows, seconds=seconds, stop_reason=context.stop.reason
        )
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
        context.notify(ProgressKind.RUN_FINISHED, message=str(counts), seconds=seconds)
        return Outcome(
            run=outcome.run,
            targets=rows,
            seconds=seconds,
            stop_reason=outcome.stop_reason,
            unpublished=unpublished,
        )


def _counted(changes: int) -> str:
    return f"{changes} change{'' if changes == 1 else 's'}"
