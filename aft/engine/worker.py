"""``aft worker``: watches a branch and reconciles, by level and not by edge.

The whole desired state is reconciled when the branch has moved, and every so often although it
has not. Failed accounts are tried again after a growing wait. Nothing but a stop ends the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aft.config.model import WorkerConfig
from aft.engine.model import StopToken
from aft.engine.waiting import Pause
from aft.errors import AftError, Stopped, unexpected
from aft.plan.model import ORGANIZATION
from aft.plan.outcome import Outcome
from aft.ports import Clock, RemoteBranch
from aft.values.ids import Revision

Reconcile = Callable[[Revision, frozenset[str] | None], Outcome]
Log = Callable[[Mapping[str, object]], None]

WHOLE = "*"
"""In the backoff queue, a pass over everything that could not even begin."""


class BackoffQueue:
    """Failed targets by name and when to try each again: the wait doubles with every failure in a
    row, from ``first`` to ``most`` seconds. Times are a clock's monotonic seconds, handed in."""

    def __init__(self, *, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._waits: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def failed(self, target: str, *, now: float) -> float:
        """Note a failure; returns the seconds until the next try."""
        before = self._waits.get(target)
        wait = self._first if before is None else min(self._most, before * 2)
        self._waits[target], self._due[target] = wait, now + wait
        return wait

    def succeeded(self, target: str) -> None:
        """Its next failure starts from the shortest wait again."""
        self._waits.pop(target, None)
        self._due.pop(target, None)

    def keep_only(self, targets: Iterable[str]) -> None:
        """Drop all others: a whole pass has shown that nothing is wrong with them."""
        for target in self._due.keys() - set(targets):
            self.succeeded(target)

    def due(self, *, now: float) -> frozenset[str]:
        """The targets whose wait is over."""
        return frozenset(target for target, due in self._due.items() if due <= now)

    def next_due(self) -> float | None:
        """When the next one is due; ``None`` while the queue is empty."""
        return min(self._due.values(), default=None)


@dataclass(kw_only=True, eq=False)
class Worker:
    """``reconcile`` takes a revision and the targets to look at (``None`` for all). ``log`` gets
    one record per event: its key ``event`` names it, the others say more."""

    remote: RemoteBranch
    reconcile: Reconcile
    clock: Clock
    config: WorkerConfig
    stop: StopToken
    log: Log
    random: Callable[[], float]
    revision: Revision | None = None
    whole_at: float | None = None

    def __post_init__(self) -> None:
        self.pause = Pause(self.clock, self.stop)
        config = self.config
        self.failed = BackoffQueue(first=config.retry_first_seconds, most=config.retry_most_seconds)

    def run(self) -> None:
        """Work until ``stop`` is set; returns then."""
        branch, remote = self.config.branch, self.config.remote
        self.log({"event": "worker-started", "branch": branch, "remote": remote})
        try:
            while True:
                self.turn()
                self.wait(self.random())
        except Stopped as error:
            self.log({"event": "worker-stopped", "reason": error.message})

    def turn(self) -> None:
        """Look once; do what is due."""
        self.pause.check()
        self._look()
        revision = self.revision
        if revision is None:
            return
        now = self.clock.monotonic()
        every = self.config.reconcile_every_seconds
        due = self.failed.due(now=now)
        is_old = self.whole_at is None or now - self.whole_at >= every
        if is_old or due & {WHOLE, ORGANIZATION}:  # OUs belong to no account: only a whole pass
            self._pass(revision, None)
        elif due:
            self._pass(revision, due)

    def wait(self, jitter: float) -> None:
        """Until the next look, or until a failed account is due, if sooner."""
        interval = float(self.config.interval_seconds)
        interval *= 1 + jitter * self.config.jitter_percent / 100
        retry_at = self.failed.next_due()
        if retry_at is not None:
            interval = min(interval, max(0.0, retry_at - self.clock.monotonic()))
        self.pause.wait(max(interval, 0.1))

    def _look(self) -> None:
        """Fetch the tip. What cannot be reached now is worked on as it was last seen."""
        try:
            tip = self.remote.fetch()
        except Stopped:
            raise
        except AftError as error:
            self.log({"event": "fetch-failed", "message": error.message, "hint": error.hint})
            return
        if tip != self.revision:
            self.log({"event": "moved", "revision": tip, "from": self.revision or ""})
            self.revision = tip
            self.whole_at = None
            self.failed.keep_only(())  # what failed may be fixed

    def _pass(self, revision: Revision, targets: frozenset[str] | None) -> None:
        """Reconcile once and note who is to be tried again."""
        scope = sorted(targets) if targets is not None else "all"
        self.log({"event": "reconcile-started", "revision": revision, "targets": scope})
        began = self.clock.monotonic()
        try:
            outcome = self.reconcile(revision, targets)
        except Stopped:
            raise
        except AftError as error:
            self._could_not(targets, error.message, error.hint)
            return
        except Exception as error:  # noqa: BLE001 - one bad pass must not end the worker
            self._could_not(targets, unexpected(error), "")
            return
        now = self.clock.monotonic()
        again = outcome.failed_targets
        if outcome.unpublished:  # a pass over everything pushes what is not pushed yet
            again |= {WHOLE}
        if targets is None:
            self.whole_at = now
            self.failed.keep_only(again)
        for target in (targets or frozenset()) - again:
            self.failed.succeeded(target)
        for target in sorted(again):
            seconds = self.failed.failed(target, now=now)
            name = "all" if target == WHOLE else target
            self.log({"event": "requeued", "target": name, "again_in_seconds": seconds})
        counts = outcome.counts
        held_back = {item.target: item.message for item in outcome.held_back}
        self.log(
            {
                "event": "reconcile-finished",
                "run": outcome.run,
                "revision": revision,
                "seconds": round(now - began, 3),
                "succeeded": counts.succeeded,
                "failed": counts.failed,
                "blocked": counts.blocked,
                "stopped": counts.stopped,
                **({"held_back": held_back} if held_back else {}),
                **({"unpublished": outcome.unpublished} if outcome.unpublished else {}),
            }
        )

    def _could_not(self, targets: frozenset[str] | None, message: str, hint: str) -> None:
        """A pass that could not begin: findings, a safety limit, AWS out of reach."""
        now = self.clock.monotonic()
        if targets is None:
            self.whole_at = now
        for target in sorted(targets if targets is not None else {WHOLE}):
            seconds = self.failed.failed(target, now=now)
        self.log(
            {
                "event": "reconcile-failed",
                "message": message,
                "hint": hint,
                "again_in_seconds": seconds,
            }
        )
