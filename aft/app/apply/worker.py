"""The worker's parts put together: which branch, which clock, which log."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from random import SystemRandom

from aft.app.apply.applying import apply_now
from aft.app.apply.reviewing import WorkerReviews
from aft.app.apply.superseding import superseded
from aft.app.plan.planning import plan_now
from aft.app.works import CONFINEMENT
from aft.app.workspace import Workspace
from aft.app.world import open_world
from aft.clock import SystemClock
from aft.config.model import Config, WorkerConfig
from aft.engine.model import StopToken
from aft.engine.worker import Worker
from aft.errors import FindingsError, Transient
from aft.git.wire import GitRemoteBranch
from aft.plan.model import ORGANIZATION
from aft.plan.outcome import Outcome
from aft.ports import Observer
from aft.report.log import JsonLog
from aft.values.ids import RequestId, Revision


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """One level-based pass: read everything at a revision, plan, check, apply. Each pass connects
    again, by the configuration of the revision it reconciles: the clone a worker runs in is never
    pulled. ``reviews`` say what of it was reviewed."""

    workspace: Workspace
    reviews: WorkerReviews
    observer: Observer
    stop: StopToken

    def __call__(self, revision: Revision, targets: frozenset[str] | None) -> Outcome:
        """Reconcile everything, or only ``targets`` (the worker's retries)."""
        with closing(CONFINEMENT):  # until the next pass, nothing is read
            return self._reconciled(revision, targets)

    def _reconciled(self, revision: Revision, targets: frozenset[str] | None) -> Outcome:
        desired = self.workspace.desired(self.workspace.files(revision))
        scope = None
        if targets is not None and targets <= desired.request_by_id.keys():
            # What is no request's, such as an OU, only a look at everything can tell.
            scope = [RequestId(name) for name in sorted(targets)]
        with open_world(self.workspace, desired.config) as world:
            if superseded(self.workspace, world, desired.config, revision):
                return Outcome(run="", targets=())  # the next pass is over what is there by then
            planned = plan_now(self.workspace, world, desired, scope=scope)
            agreed = self.reviews.agreed(
                revision, desired.config.worker.review, world.ledger.events(ORGANIZATION)
            )
            return apply_now(
                self.workspace,
                world,
                planned,
                observer=self.observer,
                stop=self.stop,
                command="worker",
                agreed=agreed,
            )


def watched_config(workspace: Workspace) -> Config:
    """``aft.yaml`` of the watched branch's tip; the clone's own while that cannot be had."""
    config = workspace.config(workspace.files("HEAD"))
    try:
        return workspace.config(workspace.files(_branch(workspace, config.worker).fetch()))
    except (Transient, FindingsError):
        return config  # the first pass says what is wrong


def watch(reconcile: Reconciler, config: WorkerConfig, *, log: JsonLog) -> None:
    """Watch until the reconciler is to stop, in real time also over the sandbox."""
    Worker(
        remote=_branch(reconcile.workspace, config),
        reconcile=reconcile,
        clock=SystemClock(),
        config=config,
        stop=reconcile.stop,
        log=log.line,
        random=SystemRandom().random,
    ).run()


def reconcile_once(reconcile: Reconciler, config: WorkerConfig) -> Outcome:
    """Fetch the branch and make one pass over everything. Raises what the pass raises."""
    return reconcile(_branch(reconcile.workspace, config).fetch(), None)


def _branch(workspace: Workspace, config: WorkerConfig) -> GitRemoteBranch:
    return GitRemoteBranch(workspace.repository, remote=config.remote, branch=config.branch)
