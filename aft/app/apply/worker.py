"""The worker's parts put together: which branch, which clock, which log."""

from __future__ import annotations

from random import SystemRandom

from aft.app.apply.applying import Reconciler
from aft.app.workspace import Workspace
from aft.clock import SystemClock
from aft.config.model import Config, WorkerConfig
from aft.engine.model import StopToken
from aft.engine.worker import run_worker
from aft.errors import FindingsError, Transient
from aft.git.wire import GitRemoteBranch
from aft.plan.outcome import Outcome
from aft.report.log import JsonLog


def watched_config(workspace: Workspace) -> Config:
    """``aft.yaml`` of the watched branch's tip; the clone's own while that cannot be had."""
    config = workspace.config(workspace.files("HEAD"))
    try:
        return workspace.config(workspace.files(_branch(workspace, config.worker).fetch()))
    except (Transient, FindingsError):
        return config  # the first pass says what is wrong


def watch(
    workspace: Workspace,
    config: WorkerConfig,
    *,
    reconcile: Reconciler,
    stop: StopToken,
    log: JsonLog,
) -> None:
    """Watch until ``stop`` is set, in real time also over the sandbox."""
    run_worker(
        remote=_branch(workspace, config),
        reconcile=reconcile,
        clock=SystemClock(),
        config=config,
        stop=stop,
        log=log.line,
        random=SystemRandom().random,
    )


def reconcile_once(workspace: Workspace, config: WorkerConfig, *, reconcile: Reconciler) -> Outcome:
    """Fetch the branch and make one pass over everything. Raises what the pass raises."""
    return reconcile(_branch(workspace, config).fetch(), None)


def _branch(workspace: Workspace, config: WorkerConfig) -> GitRemoteBranch:
    return GitRemoteBranch(workspace.repository, remote=config.remote, branch=config.branch)
