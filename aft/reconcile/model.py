"""What a run is given and what it gives back.

``Tools`` are the ports it works through, ``Outcome`` is one row per target whose counts sum to
the whole. Plain values; nothing here acts.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aft.baselines.model import BaselineSetting
from aft.customizations.model import CustomizationRunner
from aft.plan.model import Change
from aft.ports import (
    AccountLookup,
    AccountProvider,
    CallRecorder,
    Clock,
    LedgerStore,
    MemberAccess,
    Observer,
    OrganizationWriter,
    RequestHistory,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything a run may touch. ``settings`` are keyed by name, ``runners`` by kind;
    ``random`` gives numbers from 0 up to 1, for the jitter of waits."""

    clock: Clock
    ledger: LedgerStore
    provider: AccountProvider
    writer: OrganizationWriter
    lookup: AccountLookup
    members: MemberAccess
    calls: CallRecorder
    observer: Observer
    history: RequestHistory
    settings: Mapping[str, BaselineSetting[Any, Any]]
    runners: Mapping[str, CustomizationRunner]
    random: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Who carries out what: goes into every ledger event. ``command`` is the verb."""

    id: str
    actor: str
    revision: str
    plan_digest: str
    command: str


class StopToken:
    """A wish to stop between two steps, made by a signal, a deadline or a failing thread.

    ``set`` takes no lock, so a signal handler may call it. Given a ``clock`` and ``seconds``, it
    also sets itself once that much time has gone by.
    """

    def __init__(self, *, clock: Clock | None = None, seconds: float | None = None) -> None:
        self._reason = ""
        self._clock = clock
        self._seconds = seconds
        self._ends = None if clock is None or seconds is None else clock.monotonic() + seconds

    def set(self, reason: str) -> None:
        """Ask for the stop; the first reason is kept."""
        if not self._reason:
            self._reason = reason or "asked to stop"

    @property
    def reason(self) -> str:
        """Why to stop, or an empty string while the work may go on."""
        if (
            not self._reason
            and self._clock is not None
            and self._ends is not None
            and self._clock.monotonic() >= self._ends
        ):
            self.set(f"the deadline of {self._seconds:g} s has passed")
        return self._reason

    @property
    def is_set(self) -> bool:
        return bool(self.reason)


class Status(enum.StrEnum):
    """How a step, or a whole target, ended.

    ``BLOCKED``: something it needs failed. ``STOPPED``: the run ended first; the next continues.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """How one change ended. ``message`` says what was done, or why it was not; ``hint`` what to
    do; ``blocked_by`` is the id of the change whose failure is the cause."""

    change: Change
    status: Status
    message: str = ""
    hint: str = ""
    blocked_by: str = ""
    seconds: float = 0.0
    account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many ended how; ``total`` is their sum."""

    succeeded: int = 0
    failed: int = 0
    blocked: int = 0
    stopped: int = 0

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> Counts:
        return cls(**Counter(status.value for status in statuses))

    @property
    def total(self) -> int:
        return self.succeeded + self.failed + self.blocked + self.stopped

    def __str__(self) -> str:
        parts = [f"{self.succeeded} succeeded"]
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.blocked} blocked"] if self.blocked else []
        parts += [f"{self.stopped} stopped"] if self.stopped else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOutcome:
    """One row: a request (or ``organization``) and its steps in plan order."""

    target: str
    account_id: str | None
    steps: tuple[StepOutcome, ...]

    @property
    def status(self) -> Status:
        """The worst of its steps: failed, then stopped, then blocked."""
        found = {step.status for step in self.steps}
        for status in (Status.FAILED, Status.STOPPED, Status.BLOCKED):
            if status in found:
                return status
        return Status.SUCCEEDED

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
    def blocked_by(self) -> str:
        return self.culprit.blocked_by if self.culprit else ""

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. ``stop_reason`` is set when it was stopped, ``unpublished`` says why the
    ledger could not be pushed in the end (its events are kept locally)."""

    run: str
    targets: tuple[TargetOutcome, ...]
    seconds: float = 0.0
    stop_reason: str = ""
    unpublished: str = ""

    @property
    def counts(self) -> Counts:
        """Targets by how they ended."""
        return Counts.of(target.status for target in self.targets)

    @property
    def step_counts(self) -> Counts:
        """Steps by how they ended."""
        return Counts.of(step.status for target in self.targets for step in target.steps)

    @property
    def failed_targets(self) -> frozenset[str]:
        """The targets to try again: those that failed, and those blocked by them."""
        again = (Status.FAILED, Status.BLOCKED)
        return frozenset(row.target for row in self.targets if row.status in again)

    @property
    def exit_code(self) -> int:
        """0 when all is done and written down, 4 when only a part is."""
        done = self.counts.succeeded == self.counts.total
        return 0 if done and not self.unpublished else 4
