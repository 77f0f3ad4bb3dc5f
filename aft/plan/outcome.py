"""How carrying a plan out ended: one row per target, whose counts sum to the whole. Plain values,
made by ``aft.engine`` and shown by ``aft.report``."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from aft.findings.model import Finding
from aft.plan.coverage import subject_of
from aft.plan.model import Change


class Status(enum.StrEnum):
    """How a step, or a whole target, ended. ``BLOCKED``: something it needs failed. ``HELD``:
    people have to agree to it first, or to something it needs. ``STOPPED``: the run ended first;
    the next continues."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    HELD = "held"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """How one change ended. ``message`` says what was done, or why it was not; ``hint`` what to
    do. ``waits_for`` is the id of the change that one that is held waits for, empty where people
    have to agree to the change itself; ``shown`` is then what it would do, in lines. ``began`` is
    in seconds after the run's start, ``None`` for what never started."""

    change: Change
    status: Status
    message: str = ""
    hint: str = ""
    waits_for: str = ""
    shown: tuple[str, ...] = ()
    began: float | None = None
    seconds: float = 0.0
    account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many ended how; ``total`` is their sum."""

    succeeded: int = 0
    failed: int = 0
    blocked: int = 0
    held: int = 0
    stopped: int = 0

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> Counts:
        return cls(**Counter(status.value for status in statuses))

    @property
    def total(self) -> int:
        return self.succeeded + self.failed + self.blocked + self.held + self.stopped

    def __str__(self) -> str:
        others = {
            "failed": self.failed,
            "blocked": self.blocked,
            "held": self.held,
            "stopped": self.stopped,
        }
        counted = (f"{number} {word}" for word, number in others.items() if number)
        return ", ".join([f"{self.succeeded} succeeded", *counted])


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOutcome:
    """One row: a request (or ``organization``) and its steps in plan order."""

    target: str
    account_id: str | None
    steps: tuple[StepOutcome, ...]

    @property
    def status(self) -> Status:
        """The worst of its steps: failed, then stopped, blocked, held."""
        found = {step.status for step in self.steps}
        worst = (Status.FAILED, Status.STOPPED, Status.BLOCKED, Status.HELD)
        return next((status for status in worst if status in found), Status.SUCCEEDED)

    @property
    def culprit(self) -> StepOutcome | None:
        """The first step that gives the row its status, ``None`` when all succeeded."""
        if self.status is Status.SUCCEEDED:
            return None
        return next(step for step in self.steps if step.status is self.status)

    @property
    def reason(self) -> str:
        return self.culprit.message if self.culprit else ""

    @property
    def hint(self) -> str:
        return self.culprit.hint if self.culprit else ""

    @property
    def seconds(self) -> float:
        """From the begin of its first step to the end of its last; steps go side by side."""
        times = [(step.began, step.seconds) for step in self.steps if step.began is not None]
        if not times:
            return 0.0
        return max(began + took for began, took in times) - min(began for began, _ in times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. ``stop_reason`` is set when it was stopped, ``unpublished`` says why the
    ledger could not be pushed in the end (its events are kept locally). ``held_back`` says of
    accounts why nothing was planned for them: errors in files. ``unfulfilled`` is what the plan
    says could not be done, these included. ``covers`` are the subjects that the run is judged by,
    ``None`` for all (``aft.plan.coverage``). ``release`` lets through what is held, by its
    digest."""

    run: str
    targets: tuple[TargetOutcome, ...]
    seconds: float = 0.0
    stop_reason: str = ""
    unpublished: str = ""
    held_back: tuple[Finding, ...] = ()
    unfulfilled: tuple[Finding, ...] = ()
    covers: frozenset[str] | None = None
    release: str = ""

    @property
    def counts(self) -> Counts:
        """Targets by how they ended."""
        return Counts.of(target.status for target in self.targets)

    @property
    def step_counts(self) -> Counts:
        """Steps by how they ended."""
        return Counts.of(step.status for target in self.targets for step in target.steps)

    @property
    def held_ids(self) -> frozenset[str]:
        """The changes that wait for people, or for one that does."""
        steps = (step for target in self.targets for step in target.steps)
        return frozenset(step.change.id for step in steps if step.status is Status.HELD)

    @property
    def held(self) -> tuple[StepOutcome, ...]:
        """The steps that people have to agree to, without those that only wait for them."""
        return tuple(
            step
            for target in self.targets
            for step in target.steps
            if step.status is Status.HELD and not step.waits_for
        )

    @property
    def failed_targets(self) -> frozenset[str]:
        """The targets to try again: those that failed, and those blocked by them."""
        again = (Status.FAILED, Status.BLOCKED)
        return frozenset(row.target for row in self.targets if row.status in again)

    @property
    def exit_code(self) -> int:
        """0 when all that it is judged by is fulfilled, and written down; else 4."""
        is_complete = not self.unpublished and not self.stop_reason
        return 0 if is_complete and not any(self.open_subjects(is_own=True)) else 4

    def open_subjects(self, *, is_own: bool) -> frozenset[str]:
        """What is not fulfilled: of what the run is judged by, or of all others."""
        steps = (step for target in self.targets for step in target.steps)
        found = {subject_of(it.change) for it in steps if it.status is not Status.SUCCEEDED}
        found |= {item.target for item in self.unfulfilled}
        return frozenset(it for it in found if is_own is (self.covers is None or it in self.covers))
