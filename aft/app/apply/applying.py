"""Carrying a plan out, and what keeps it from being carried out."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import SystemRandom

from aft.app import local_paths
from aft.app.apply.run_logs import RunLogs
from aft.app.apply.runner_options import runner_options
from aft.app.plan.planning import Planned
from aft.app.plan.touching import last_run_revision, touched_since
from aft.app.workspace import Workspace
from aft.app.world import World
from aft.desired.model import DesiredState
from aft.engine.model import Consent, RunInfo, StopToken, Tools
from aft.engine.opening import (
    left_open,
    new_doubts,
    new_holds,
    overcome,
    recognised,
    released,
)
from aft.engine.run import apply_plan
from aft.errors import AftError, Refused, UserError
from aft.findings.model import Condition, Finding
from aft.git.history import GitHistory
from aft.ledger.events import LedgerEvent
from aft.ledger.payloads import LedgerAdopted
from aft.plan.codec import plan_digest
from aft.plan.coverage import covered_by, covers_of, unfulfilled
from aft.plan.holding import Hold, holds_of, release_of
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Plan
from aft.plan.outcome import Outcome, StepOutcome, TargetOutcome
from aft.plan.permission import permissions_in
from aft.plan.reviewed import Reviewed
from aft.ports import Observer


class RefusedBySafety(Refused):
    """The plan is over a safety limit; ``findings`` say which, and how to lift it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            "; ".join(finding.message for finding in findings),
            hint=findings[0].hint if findings else "",
        )
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What people have agreed to: with ``reviewed`` only that, of what is risky, and by what it
    covers the run is judged, unless it ``is_strict``. ``accepted`` are digests of what an earlier
    run held: previews, or all that waited for a review."""

    consent: Consent = Consent.OPERATOR
    reviewed: Reviewed | None = None
    is_strict: bool = False
    accepted: frozenset[str] = frozenset()

    @property
    def previews(self) -> frozenset[str]:
        """The digests of all previews that people agreed to."""
        return self.accepted | (self.reviewed.previews if self.reviewed is not None else set())


BY_OPERATOR = Agreed()


def check_reviewed(kinds: Kinds, reviewed: Reviewed) -> None:
    """Raises ``UserError`` for a review of something that this installation does not know."""
    for item in reviewed.changes:
        kinds[item.kind].require(item.action)


def holds_in(planned: Planned, agreed: Agreed) -> Mapping[str, Hold]:
    """What waits for people, by the change's id."""
    if agreed.reviewed is None:
        return {}
    check_reviewed(planned.kinds, agreed.reviewed)
    lines = permissions_in(
        planned.desired, frozenset(agreed.reviewed.allow or ()), today=planned.view.today
    )
    holds = holds_of(planned.plan, agreed.reviewed, kinds=planned.kinds, permissions=lines)
    return {} if release_of(holds) in agreed.accepted else holds


def apply_now(
    workspace: Workspace,
    world: World,
    planned: Planned,
    *,
    observer: Observer,
    stop: StopToken,
    command: str,
    agreed: Agreed = BY_OPERATOR,
) -> Outcome:
    """Carry ``planned`` out, but for what is risky and not ``agreed`` to, and write every step to
    the ledger. When there is nothing to do nothing is written either, and the outcome has no run;
    only what an earlier run could not push is pushed. Raises ``RefusedBySafety`` before anything is
    done when a limit is exceeded."""
    if planned.refusals:
        raise RefusedBySafety(planned.refusals)
    check_conclusive(planned.plan)
    _note_adoption(workspace, world, planned)
    plan, held = planned.plan, holds_in(planned, agreed)
    judged_by = Outcome(
        run="",
        targets=(),
        unfulfilled=unfulfilled(plan),
        held_back=plan.held_back,
        covers=_covers(workspace, world, planned, agreed),
        release=release_of(held),
    )
    if _has_nothing_to_do(planned, held):
        judged_by = replace(judged_by, targets=_held_rows(held))
        return replace(judged_by, unpublished=_pushed(world))
    run = RunInfo(
        id=world.run,
        actor=actor(workspace.environ),
        revision=plan.revision,
        plan_digest=plan_digest(plan),
        command=command,
        consent=agreed.consent,
        reviewed=agreed.reviewed.plan if agreed.reviewed is not None else "",
        lifted=planned.lifted,
        accepted=agreed.previews,
    )
    outcome = apply_plan(
        plan,
        planned.view,
        planned.targets,
        _tools(workspace, world, planned, observer),
        run=run,
        stop=stop,
        held=held,
    )
    return replace(
        outcome,
        unfulfilled=judged_by.unfulfilled,
        covers=judged_by.covers,
        release=judged_by.release,
        held_back=plan.held_back,
    )


def _pushed(world: World) -> str:
    """Push what an earlier run could not; why it could not, or nothing."""
    try:
        world.ledger.publish()
    except AftError as error:
        return error.message
    return ""


def _note_adoption(workspace: Workspace, world: World, planned: Planned) -> None:
    """That the ledger goes on from commits that aft did not push is part of its story."""
    ledger = planned.ledger
    if ledger.instead_of or ledger.unsigned:
        said = LedgerAdopted(
            expected=ledger.instead_of or None,
            found=ledger.commit,
            unsigned=ledger.unsigned or None,
        )
        what = (
            f"a rewritten ledger, without {ledger.instead_of[:10]}"
            if ledger.instead_of
            else f"a ledger that is not signed, from {ledger.unsigned[:10]}"
        )
        event = LedgerEvent(
            kind=said.event,
            subject=ORGANIZATION,
            at=world.clock.now(),
            run=world.run,
            actor=actor(workspace.environ),
            revision=planned.plan.revision,
            summary=f"Continue with {what}",
            data=said.data,
        )
        world.ledger.append((event,), durable=True)


def check_conclusive(plan: Plan) -> None:
    """Raises ``UserError`` when ``plan`` cannot tell anything: it was made with the ledger of
    another organization."""
    for item in plan.attention:
        if item.condition is Condition.OTHER_ORGANIZATION:
            raise UserError(item.message, hint=item.hint)


def _covers(
    workspace: Workspace, world: World, planned: Planned, agreed: Agreed
) -> frozenset[str] | None:
    """What the run is judged by; ``None`` for everything."""
    if agreed.reviewed is None or agreed.is_strict:
        return None
    last = last_run_revision(world.ledger.events(ORGANIZATION))
    if not last:
        return None  # nothing was ever applied: everything is new
    touched = touched_since(workspace, last, planned.desired)
    pushed = None
    if touched is not None:
        pushed = covered_by(touched, planned.plan, planned.ledger, planned.kinds)
    return covers_of(agreed.reviewed, planned.plan, pushed)


def _has_nothing_to_do(planned: Planned, held: Mapping[str, Hold]) -> bool:
    """Nothing is carried out, and the ledger knows all there is to know."""
    plan, desired, ledger = planned.plan, planned.desired, planned.ledger
    return (
        all(change.id in held for change in plan.changes)
        and not plan.confirmations
        and not overcome(plan, desired, ledger)
        and not left_open(plan, desired, ledger)
        and not recognised(planned.view, planned.kinds)
        and not new_holds(held, ledger)
        and not new_doubts(plan, desired, ledger)
        and not released(plan, held, desired, ledger)
    )


def _held_rows(held: Mapping[str, Hold]) -> tuple[TargetOutcome, ...]:
    """What an outcome says of changes of which none is carried out."""
    rows: dict[str, list[StepOutcome]] = {}
    for hold in held.values():
        rows.setdefault(hold.change.target, []).append(hold.outcome)
    return tuple(
        TargetOutcome(
            target=target,
            account_id=next((it.change.account_id for it in steps if it.change.account_id), None),
            steps=tuple(steps),
        )
        for target, steps in rows.items()
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
        secrets=world.edge.secrets,
    )
