"""The worker's parts put together: which branch, which clock, which log."""

from __future__ import annotations

from random import SystemRandom

from aft.app.applying import Reconciler
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.clock import SystemClock
from aft.config import WorkerConfig
from aft.git.remote import GitRemoteBranch
from aft.plan.outcome import Outcome
from aft.reconcile.model import StopToken
from aft.reconcile.worker import run_worker
from aft.report.log import JsonLog


def watch(
    workspace: Workspace,
    world: World,
    config: WorkerConfig,
    *,
    reconcile: Reconciler,
    stop: StopToken,
    log: JsonLog,
) -> None:
    """Watch until ``stop`` is set.

    Waiting between looks is in real time also over the sandbox, whose own clock would not wait.
    """
    run_worker(
        remote=GitRemoteBranch(workspace.repository, remote=config.remote, branch=config.branch),
        reconcile=reconcile,
        clock=SystemClock() if world.sandbox is not None else world.clock,
        config=config,
        stop=stop,
        log=log.line,
        random=SystemRandom().random,
    )


def reconcile_once(workspace: Workspace, config: WorkerConfig, *, reconcile: Reconciler) -> Outcome:
    """Fetch the branch and make one pass over everything. Raises what the pass raises."""
    branch = GitRemoteBranch(workspace.repository, remote=config.remote, branch=config.branch)
    return reconcile(branch.fetch(), None)
