"""Carrying a plan out, and what keeps it from being carried out."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Mapping
from random import SystemRandom

from aft.app import local_paths
from aft.app.apply.run_logs import RunLogs
from aft.app.apply.runner_options import runner_options
from aft.app.plan.planning import Planned
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.desired.model import DesiredState
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.run import apply_plan, overcome
from aft.errors import AftError, Refused
from aft.findings.model import Finding
from aft.git.history import GitHistory
from aft.plan.codec import plan_digest
from aft.plan.kind import Kinds
from aft.plan.model import Change, Plan
from aft.plan.outcome import Outcome
from aft.plan.reviewed import Reviewed, newly_risky
from aft.ports import Observer
from aft.report.markdown.unreviewed import HOW_TO_GO_ON, change_lines, headline_of


class RefusedBySafety(Refused):
    """The plan is over a safety limit; ``findings`` say which, and how to lift it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            "; ".join(finding.message for finding in findings),
            hint=findings[0].hint if findings else "",
        )
        self.findings = findings


class NotReviewed(Refused):
    """The plan holds risky ``changes`` that no one has seen; nothing was done."""

    def __init__(self, kinds: Kinds, changes: tuple[Change, ...], reviewed: Reviewed) -> None:
        lines = "\n".join(f"  {line}" for line in change_lines(kinds, changes, reviewed))
        super().__init__(f"{headline_of(changes)}; nothing was done:\n{lines}", hint=HOW_TO_GO_ON)
        self.changes = changes


def check_reviewed(kinds: Kinds, reviewed: Reviewed, plan: Plan) -> None:
    """Raises ``NotReviewed`` when ``plan`` would do something risky that was not reviewed, and
    ``UserError`` for a review of something that this installation does not know."""
    for item in reviewed.changes:
        kinds[item.kind].require(item.action)
    if changes := newly_risky(reviewed, plan):
        raise NotReviewed(kinds, changes, reviewed)


def apply_now(
    workspace: Workspace,
    world: World,
    planned: Planned,
    *,
    observer: Observer,
    stop: StopToken,
    command: str,
) -> Outcome:
    """Carry out ``planned`` and write every step to the ledger. When there is nothing to do nothing
    is written either, and the outcome has no run; only what an earlier run could not push is
    pushed. Raises ``RefusedBySafety`` before anything is done when a limit is exceeded."""
    if planned.refusals:
        raise RefusedBySafety(planned.refusals)
    plan = planned.plan
    if (
        plan.is_empty
        and not plan.confirmations
        and not overcome(plan, planned.desired, planned.ledger)
    ):
        try:
            world.ledger.publish()
        except AftError as error:
            return Outcome(run="", targets=(), unpublished=error.message)
        return Outcome(run="", targets=())
    run = RunInfo(
        id=world.run,
        actor=actor(workspace.environ),
        revision=plan.revision,
        plan_digest=plan_digest(plan),
        command=command,
        lifted=planned.lifted,
    )
    return apply_plan(
        plan,
        planned.view,
        planned.targets,
        _tools(workspace, world, planned, observer),
        run=run,
        stop=stop,
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
        random=SystemRandom().random,
        kinds=planned.kinds,
        effects=world.effects,
        logs=logs,
        options=runner_options(workspace, planned.desired.config),
        past=past,
    )
