"""The engine on this machine's threads: who goes when, and what becomes of it.

One thread (the caller's) keeps the books and begins what is ready; steps run on two pools, one
for creations with as many threads as there are slots, one for everything else. So waiting for a
slot, or for AWS, never keeps another account waiting. Steps of one account that do not need each
other run side by side.
"""

from __future__ import annotations

import queue
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

from aft.engine.context import RunContext
from aft.engine.creation import AskAgain, Creations
from aft.engine.intents import Asked
from aft.engine.port import Job
from aft.engine.run_change import Work, creates_account, work
from aft.engine.schedule import Rooms, Schedule
from aft.plan.holding import GO_ON, waits_for
from aft.plan.model import Change, Plan
from aft.plan.outcome import Status, StepOutcome, TargetOutcome
from aft.ports import ProgressKind


class LocalEngine:
    """Implements ``aft.engine.port.Engine``. ``open_run`` gives what jobs of their run need."""

    def __init__(self, open_run: Callable[[Job], RunContext]) -> None:
        self._open_run = open_run

    def carry_out(self, jobs: Sequence[Job]) -> Sequence[TargetOutcome]:
        if not jobs:
            return ()
        context, targets = self._open_run(jobs[0]), dict.fromkeys(job.target for job in jobs)
        changes = tuple(
            change
            for change in context.plan.changes
            if change.target in targets and change.id not in context.done
        )
        pools = _Pools(context, replace(context.plan, changes=changes))
        pools.execute()
        return tuple(pools.row(target) for target in targets)


@dataclass(frozen=True, slots=True)
class _Step:
    """A change that may begin, or go on. A creation is asked for in a slot (again after
    ``again``) and finished outside (``asked``)."""

    change: Change
    asked: Asked | None = None
    again: AskAgain | None = None

    @property
    def wants_slot(self) -> bool:
        return creates_account(self.change) and self.asked is None


class _Pools:
    """The books of one run; all but ``work`` happens on the caller's thread."""

    def __init__(self, context: RunContext, plan: Plan) -> None:
        limits, provider = context.limits, context.tools.provider
        self._context = context
        self._plan = plan
        self._missing = context.plan.change_by_id.keys() - plan.change_by_id.keys() - context.done
        self._held = tuple(change for change in plan.changes if change.id in context.held)
        going = tuple(change for change in plan.changes if change.id not in context.held)
        self._schedule = Schedule(replace(plan, changes=going), missing=self._missing)
        self._creations = Creations(context)
        self._rooms: Rooms[_Step] = Rooms(accounts=limits.accounts_in_parallel)
        self._slots = min(limits.creations_in_flight, provider.traits.max_in_flight)
        self._for_slots: deque[_Step] = deque()
        self._finished: queue.Queue[tuple[_Step, Work]] = queue.Queue()
        self._outcomes: dict[str, StepOutcome] = {}
        self._left = Counter(change.target for change in plan.changes)
        self._began: dict[str, float] = {}

    def execute(self) -> None:
        """Carry out all that is not held."""
        for change in self._held:
            self._record(self._context.held[change.id].outcome)
        pools = self._context.tools.pools
        try:
            with (
                pools(self._rooms.most, "aft-step") as steps,
                pools(self._slots, "aft-create") as slots,
            ):
                self._loop(steps, slots)
        except BaseException:
            self._context.stop.set("the run was interrupted")  # all that still waits, ends
            raise
        self._close_waiting()

    # --- the loop ---

    def _loop(self, steps: Executor, slots: Executor) -> None:
        running = 0
        self._enqueue(self._schedule.first())
        try:
            while True:
                running += self._dispatch(steps, slots)
                if not running:
                    return
                step, result = self._finished.get()
                running -= 1
                if step.wants_slot:
                    self._slots += 1
                else:
                    self._rooms.done(step.change.target)
                self._take(step, result)
        except BaseException:
            self._context.stop.set("the run was interrupted")
            raise

    def _dispatch(self, steps: Executor, slots: Executor) -> int:
        """Begin what has room; the number of steps started."""
        if self._context.stop.is_set:
            for step in (*self._rooms.clear(), *self._for_slots):
                self._stopped(step.change)
            self._for_slots.clear()
            return 0
        begun = 0
        for step in self._rooms.take():
            self._submit(steps, step)
            begun += 1
        while self._for_slots and self._slots:
            self._slots -= 1
            self._submit(slots, self._for_slots.popleft())
            begun += 1
        return begun

    def _submit(self, pool: Executor, step: _Step) -> None:
        self._began.setdefault(step.change.id, self._context.tools.clock.monotonic())
        pool.submit(self._run, step)

    def _run(self, step: _Step) -> None:
        try:
            result = work(
                self._context, self._creations, step.change, asked=step.asked, again=step.again
            )
        except BaseException as error:  # noqa: BLE001 - or the loop would wait permanently
            result = Work(status=Status.FAILED, broken=error)
        self._finished.put((step, result))

    def _enqueue(self, changes: Iterable[Change], *, first: bool = False) -> None:
        """Accounts already started go before new ones, so that they are finished sooner."""
        for change in changes:
            self._queue(_Step(change), first=first)

    def _queue(self, step: _Step, *, first: bool) -> None:
        if not step.wants_slot:
            self._rooms.add(step.change.target, step, soon=first)
        elif first:
            self._for_slots.appendleft(step)
        else:
            self._for_slots.append(step)

    def _take(self, step: _Step, result: Work) -> None:
        if result.broken is not None:
            raise result.broken
        if result.asked is not None:
            self._queue(_Step(step.change, asked=result.asked), first=True)
            return
        if result.again is not None:
            self._queue(_Step(step.change, again=result.again), first=False)
            return
        self._note(step.change, result)
        if result.status is Status.SUCCEEDED:
            begun = self._schedule.succeeded(step.change)
            self._enqueue([item for item in begun if item.target == step.change.target], first=True)
            self._enqueue([item for item in begun if item.target != step.change.target])
        elif result.status in (Status.FAILED, Status.HELD):
            waiting, begun = self._schedule.failed(step.change)
            for change in waiting:
                if result.status is Status.HELD:
                    why = waits_for(change, step.change, self._context.kinds)
                    self._end(change, Status.HELD, why, GO_ON, waits_for=step.change.id)
                else:
                    self._blocked(change, step.change, result.message)
            self._enqueue(begun)

    # --- outcomes ---

    def _note(self, change: Change, result: Work) -> None:
        now = self._context.tools.clock.monotonic()
        began = self._began.get(change.id, now)
        self._end(
            change,
            result.status,
            result.message,
            result.hint,
            began=began - self._context.began,
            seconds=now - began,
            account_id=result.account_id,
            shown=result.shown,
        )

    def _blocked(self, change: Change, cause: Change, reason: str) -> None:
        whose = "its own" if change.target == cause.target else f"{cause.target}'s"
        what = self._context.kinds.describe(cause)
        self._end(
            change,
            Status.BLOCKED,
            f"waits for {whose} step to {what}, which failed: {reason}",
            "it goes on by itself once that has succeeded",
        )

    def _stopped(self, change: Change) -> None:
        message = f"not started: {self._context.stop.reason}"
        self._end(change, Status.STOPPED, message, "run again to continue from here")

    def _close_waiting(self) -> None:
        """What never began: because of the stop, or because what it waits for was not done."""
        for change in self._schedule.waiting:
            if self._context.stop.is_set:
                self._stopped(change)
            elif self._missing:
                message = "waits for steps of other accounts that this run has not done yet"
                hint = "it goes on by itself once they have succeeded"
                self._end(change, Status.BLOCKED, message, hint)
            else:
                message = "waits for changes that wait for it"
                hint = "this plan cannot be carried out; make a new one"
                self._end(change, Status.BLOCKED, message, hint)

    def _end(self, change: Change, status: Status, message: str, hint: str, **more: Any) -> None:
        self._record(StepOutcome(change=change, status=status, message=message, hint=hint, **more))

    def _record(self, outcome: StepOutcome) -> None:
        change = outcome.change
        self._outcomes[change.id] = outcome
        kind = {
            Status.SUCCEEDED: ProgressKind.STEP_DONE,
            Status.FAILED: ProgressKind.STEP_FAILED,
            Status.HELD: ProgressKind.STEP_HELD,
        }.get(outcome.status, ProgressKind.STEP_SKIPPED)
        self._context.notify(kind, change, outcome.message, seconds=outcome.seconds)
        self._left[change.target] -= 1
        if not self._left[change.target]:
            row = self.row(change.target)
            self._context.notify(
                ProgressKind.TARGET_DONE,
                message=row.status.value,
                target=row.target,
                seconds=row.seconds,
            )

    def row(self, target: str) -> TargetOutcome:
        steps = tuple(self._outcomes[change.id] for change in self._plan.changes_of(target))
        known = self._context.known_account(target)
        planned = next((step.change.account_id for step in steps if step.change.account_id), None)
        return TargetOutcome(target=target, account_id=known or planned, steps=steps)
