"""Carrying a plan out, once; and doing it again and again as the worker does."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from random import SystemRandom

from aft.app import local_paths
from aft.app.apply.run_logs import RunLogs
from aft.app.apply.runner_options import runner_options
from aft.app.plan.planning import Planned, plan_now
from aft.app.workspace import Workspace
from aft.app.world import World, open_world
from aft.desired.model import DesiredState
from aft.engine.executor import apply_plan
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.run_start import overcome
from aft.errors import AftError, Refused
from aft.findings.model import Finding
from aft.git.history import GitHistory
from aft.plan.codec import plan_digest
from aft.plan.outcome import Outcome
from aft.ports import Observer
from aft.values.ids import RequestId, Revision


class RefusedBySafety(Refused):
    """The plan is over a safety limit; ``findings`` say which, and how to lift it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            "; ".join(finding.message for finding in findings),
            hint=findings[0].hint if findings else "",
        )
        self.findings = findings


def apply_now(
    workspace: Workspace,
    world: World,
    planned: Planned,
    *,
    observer: Observer,
    stop: StopToken,
    command: str,
) -> Outcome:
    """Carry out ``planned`` and write every step to the ledger.

    When there is nothing to do nothing is written either, and the outcome has no run; only what
    an earlier run could not push is pushed. Raises ``RefusedBySafety`` before anything is done
    when a limit is exceeded.
    """
    if planned.refusals:
        raise RefusedBySafety(planned.refusals)
    if _is_idle(planned):
        return _published(world)
    run = RunInfo(
        id=world.run,
        actor=actor(workspace.environ),
        revision=planned.plan.revision,
        plan_digest=plan_digest(planned.plan),
        command=command,
        lifted=planned.lifted,
    )
    return apply_plan(
        planned.plan,
        planned.view,
        planned.targets,
        _tools(workspace, world, planned, observer),
        run=run,
        stop=stop,
    )


def _is_idle(planned: Planned) -> bool:
    """Nothing to change, nothing to confirm, and no old failure that has become void."""
    plan = planned.plan
    if not plan.is_empty or plan.confirmations:
        return False
    return not overcome(plan, planned.desired, planned.ledger)


def _published(world: World) -> Outcome:
    try:
        world.ledger.publish()
    except AftError as error:
        return Outcome(run="", targets=(), unpublished=error.message)
    return Outcome(run="", targets=())


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """One level-based pass: read everything at a revision, plan, check, apply.

    Each pass connects anew, by the configuration of the revision it reconciles: the clone a
    worker runs in is never pulled.
    """

    workspace: Workspace
    observer: Observer
    stop: StopToken

    def __call__(self, revision: Revision, targets: frozenset[str] | None) -> Outcome:
        """Reconcile everything, or only ``targets`` (the worker's retries)."""
        desired = self.workspace.desired(self.workspace.files(revision))
        scope = None
        if targets is not None and targets <= desired.request_by_id.keys():
            # What is no request's, such as an OU, only a look at everything can tell.
            scope = [RequestId(name) for name in sorted(targets)]
        with open_world(self.workspace, desired.config) as world:
            planned = plan_now(self.workspace, world, desired, scope=scope)
            return apply_now(
                self.workspace,
                world,
                planned,
                observer=self.observer,
                stop=self.stop,
                command="worker",
            )


def actor(environ: Mapping[str, str]) -> str:
    """Who runs this: the CI's actor when there is one, else the user of this machine."""
    for variable in ("AFT_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID"):
        if name := environ.get(variable):
            return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"


def _tools(workspace: Workspace, world: World, planned: Planned, observer: Observer) -> Tools:
    logs = RunLogs(local_paths.run_logs(workspace.environ))
    logs.prune()

    @functools.cache
    def past(revision: str) -> DesiredState:
        return workspace.desired(workspace.files(revision))

    return Tools(
        clock=world.clock,
        ledger=world.ledger,
        provider=world.provider,
        writer=world.edge.writer,
        lookup=world.edge.lookup,
        members=world.edge.members,
        calls=world.edge.calls,
        observer=observer,
        history=GitHistory(workspace.repository),
        settings=workspace.settings,
        runners=workspace.runners,
        random=SystemRandom().random,
        kinds=planned.kinds,
        effects=world.effects,
        logs=logs,
        options=runner_options(workspace, planned.desired.config),
        past=past,
    )
