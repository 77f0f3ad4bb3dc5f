"""``aft worker``: watches a branch and reconciles, by level and not by edge.

The whole desired state is reconciled when the branch has moved, and every so often although it
has not. Failed accounts are tried again after a growing wait. Nothing but a stop ends the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aft.config.model import WorkerConfig
from aft.engine.backoff_queue import BackoffQueue
from aft.engine.model import StopToken
from aft.engine.pause import Pause
from aft.errors import AftError, Stopped, unexpected
from aft.plan.model import ORGANIZATION
from aft.plan.outcome import Outcome
from aft.ports import Clock, RemoteBranch
from aft.values.ids import Revision

Reconcile = Callable[[Revision, frozenset[str] | None], Outcome]
Log = Callable[[Mapping[str, object]], None]

WHOLE = "*"
"""Stands in the backoff queue for a pass over everything that could not even begin."""


def run_worker(
    *,
    remote: RemoteBranch,
    reconcile: Reconcile,
    clock: Clock,
    config: WorkerConfig,
    stop: StopToken,
    log: Log,
    random: Callable[[], float],
) -> None:
    """Work until ``stop`` is set; returns then.

    ``reconcile`` takes a revision and the targets to look at (``None`` for all). ``log`` gets one
    record per event: its key ``event`` names it, the others say more.
    """
    worker = _Worker(remote, reconcile, clock, config, stop, log)
    log({"event": "worker-started", "branch": config.branch, "remote": config.remote})
    try:
        while True:
            worker.turn()
            worker.wait(random())
    except Stopped as error:
        log({"event": "worker-stopped", "reason": error.message})


class _Worker:
    def __init__(
        self,
        remote: RemoteBranch,
        reconcile: Reconcile,
        clock: Clock,
        config: WorkerConfig,
        stop: StopToken,
        log: Log,
    ) -> None:
        self._remote = remote
        self._reconcile = reconcile
        self._clock = clock
        self._config = config
        self._log = log
        self._pause = Pause(clock, stop)
        self._failed = BackoffQueue(
            first=config.retry_first_seconds, most=config.retry_most_seconds
        )
        self._revision: Revision | None = None
        self._whole_at: float | None = None

    def turn(self) -> None:
        """Look once; do what is due."""
        self._pause.check()
        self._look()
        revision = self._revision
        if revision is None:
            return
        now = self._clock.monotonic()
        every = self._config.reconcile_every_seconds
        due = self._failed.due(now=now)
        is_old = self._whole_at is None or now - self._whole_at >= every
        if is_old or due & {WHOLE, ORGANIZATION}:  # OUs are nobody's own: only a whole pass
            self._pass(revision, None)
        elif due:
            self._pass(revision, due)

    def wait(self, jitter: float) -> None:
        """Until the next look, or until a failed account is due, whichever is sooner."""
        interval = float(self._config.interval_seconds)
        interval *= 1 + jitter * self._config.jitter_percent / 100
        retry_at = self._failed.next_due()
        if retry_at is not None:
            interval = min(interval, max(0.0, retry_at - self._clock.monotonic()))
        self._pause.wait(max(interval, 0.1))

    def _look(self) -> None:
        """Fetch the tip. What cannot be reached now is worked on as it was last seen."""
        try:
            tip = self._remote.fetch()
        except Stopped:
            raise
        except AftError as error:
            self._log({"event": "fetch-failed", "message": error.message, "hint": error.hint})
            return
        if tip != self._revision:
            self._log({"event": "moved", "revision": tip, "from": self._revision or ""})
            self._revision = tip
            self._whole_at = None
            self._failed.clear()

    def _pass(self, revision: Revision, targets: frozenset[str] | None) -> None:
        """Reconcile once and note who is to be tried again."""
        scope = sorted(targets) if targets is not None else "all"
        self._log({"event": "reconcile-started", "revision": revision, "targets": scope})
        began = self._clock.monotonic()
        try:
            outcome = self._reconcile(revision, targets)
        except Stopped:
            raise
        except AftError as error:
            self._could_not(targets, error.message, error.hint)
            return
        except Exception as error:  # noqa: BLE001 - one bad pass must not end the worker
            self._could_not(targets, unexpected(error), "")
            return
        now = self._clock.monotonic()
        again = outcome.failed_targets
        if outcome.unpublished:  # a pass over everything pushes what is not pushed yet
            again |= {WHOLE}
        if targets is None:
            self._whole_at = now
            self._failed.keep_only(again)
        for target in sorted((targets or frozenset()) - again):
            self._failed.succeeded(target)
        for target in sorted(again):
            seconds = self._failed.failed(target, now=now)
            name = "all" if target == WHOLE else target
            self._log({"event": "requeued", "target": name, "again_in_seconds": seconds})
        counts = outcome.counts
        self._log(
            {
                "event": "reconcile-finished",
                "run": outcome.run,
                "revision": revision,
                "seconds": round(now - began, 3),
                "succeeded": counts.succeeded,
                "failed": counts.failed,
                "blocked": counts.blocked,
                "stopped": counts.stopped,
                **({"unpublished": outcome.unpublished} if outcome.unpublished else {}),
            }
        )

    def _could_not(self, targets: frozenset[str] | None, message: str, hint: str) -> None:
        """A pass that could not begin: findings, a safety limit, AWS out of reach."""
        now = self._clock.monotonic()
        if targets is None:
            self._whole_at = now
        for target in sorted(targets if targets is not None else {WHOLE}):
            seconds = self._failed.failed(target, now=now)
        self._log(
            {
                "event": "reconcile-failed",
                "message": message,
                "hint": hint,
                "again_in_seconds": seconds,
            }
        )
