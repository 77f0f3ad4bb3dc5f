"""A life of an organization in stages, and each of its runs without one permission of one role.

The life is played once; before each run the repository and the organization are put aside. A walk
takes a run up from there: with one action taken out of one role, and, when it is put back, again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import pickle
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from builders_permissions import AS_WORKFLOWS, As, Calls, life, prepare, sample
from builders_repairs import repairs
from builders_repo import Repo
from seldom import SELDOM

from aft.app.apply.applying import apply_now
from aft.app.plan.planning import plan_now
from aft.engine.model import StopToken
from aft.errors import AftError
from aft.plan.outcome import Outcome, Status
from aft.ports import Clock, Progress, ProgressKind
from aft.report.outcome import outcome_view
from aft.report.progress import LineProgress
from aft.report.text import plan_view
from aft.sandbox.calls import CallRecord
from aft.sandbox.sandbox import Sandbox
from aft.scaffold.permissions import APPLY, MEMBER, PLAN, READER, actions_of
from aft.scaffold.roles import APPLY_ROLE, PLAN_ROLE, READER_ROLE, WRITER_ROLE
from aft.values.data_reads import actions_in
from aft.values.iam_actions import iam_action
from aft.values.ids import RequestId

WITHIN_SECONDS = 60
_MAKES = re.compile(r"^(Create|Register|Request|Allocate)(?!ChangeSet|Tags)")
"""Calls that make something; a change set is a proposal, made again for each run, and tags of a
thing are the same when they are written again."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One action of one role (by name)."""

    role: str
    action: str

    def __str__(self) -> str:
        return f"{self.role}-{self.action.replace(':', '.')}"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A world before a run, and what the run called in it."""

    repo: Repo
    verb: str
    only: tuple[str, ...]
    deep: bool
    calls: tuple[CallRecord, ...]

    def uses(self, permission: Permission) -> Iterator[CallRecord]:
        return (
            call
            for call in self.calls
            if call.error_code is None
            and call.caller.endswith(f"/{permission.role}")
            and action_of(call) == permission.action
        )


def action_of(call: CallRecord) -> str:
    return iam_action(call.service, call.operation)


@dataclass(frozen=True)
class Staged(As):
    """Puts aside the world before each run."""

    folder: Path = Path()
    stages: list[Stage] = field(default_factory=list)

    def plan(self, repo: Repo, *, only: tuple[str, ...] = (), deep: bool = False) -> Any:
        with self._stage(repo, "plan", only=only, deep=deep):
            return super().plan(repo, only=only, deep=deep)

    def apply(self, repo: Repo, *, only: tuple[str, ...] = ()) -> Any:
        with self._stage(repo, "apply", only=only):
            return super().apply(repo, only=only)

    @contextlib.contextmanager
    def _stage(
        self, repo: Repo, verb: str, *, only: tuple[str, ...], deep: bool = False
    ) -> Iterator[None]:
        kept = repo.copy(self.folder / f"{len(self.stages)}")
        before = len(self.calls.log)
        yield
        calls = tuple(self.calls.log[before:])
        self.stages.append(Stage(repo=kept, verb=verb, only=only, deep=deep, calls=calls))


# --- one run, and what it says when ---------------------------------------------------------------


@dataclass(kw_only=True)
class Ran:
    """What a run called and said. ``said`` is by the organization's time."""

    calls: Sequence[CallRecord] = ()
    said: list[tuple[float, str]] = field(default_factory=list)
    outcome: Outcome | None = None
    changes: tuple[str, ...] | None = None

    def notify(self, progress: Progress) -> None:
        if progress.kind in (ProgressKind.STEP_WAITING, ProgressKind.STEP_FAILED):
            lines: list[str] = []
            LineProgress(lines.append, total=1).notify(progress)
            self.said.extend((progress.at.timestamp(), line) for line in lines)


def run(keys: Mapping[str, Any], stage: Stage) -> Ran:
    """The run of a stage, in its world as it is now."""
    ran, calls = Ran(), Calls()
    now = 0.0
    try:
        with (
            As(calls, dict(keys)).world(stage.repo, stage.verb) as (workspace, world, desired),
            _warnings(ran, world.clock),
        ):
            try:
                scope = tuple(RequestId(name) for name in stage.only) or None
                planned = plan_now(workspace, world, desired, scope=scope, deep=stage.deep)
                ran.changes = tuple(change.id for change in planned.plan.changes)
                text = plan_view(planned.plan, kinds=planned.kinds, width=1000, everything=True)
                ran.said.append((world.clock.now().timestamp(), text.plain))
                if stage.verb == "apply":
                    ran.outcome = apply_now(
                        workspace,
                        world,
                        planned,
                        observer=ran,
                        stop=StopToken(),
                        command="apply",
                    )
                    text = outcome_view(ran.outcome, planned.kinds)
                    ran.said.append((world.clock.now().timestamp(), text.plain))
            finally:
                now = world.clock.now().timestamp()
    except AftError as error:
        ran.said.append((now, f"error: {error.message}\nhint: {error.hint}"))
    ran.calls = tuple(calls.log)
    return ran


@contextlib.contextmanager
def _warnings(ran: Ran, clock: Clock) -> Iterator[None]:
    """What commands show of aft's own log."""

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            ran.said.append((clock.now().timestamp(), record.getMessage()))

    shown, log = Shown(logging.WARNING), logging.getLogger("aft")
    log.addHandler(shown)
    try:
        yield
    finally:
        log.removeHandler(shown)


def made(*runs: Sequence[CallRecord]) -> Counter[str]:
    """How often what was made."""
    return Counter(
        action_of(call)
        for calls in runs
        for call in calls
        if call.error_code is None and _MAKES.match(call.operation)
    )


# --- without one permission -----------------------------------------------------------------------


@contextlib.contextmanager
def without(repo: Repo, permission: Permission, account: str) -> Iterator[None]:
    """The role of ``account`` has lost one action, until the block ends."""
    kept: dict[str, Any] = {}
    with repo.sandbox() as sandbox:
        iam = _iam(sandbox, account)
        for name in iam.list_role_policies(RoleName=permission.role)["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=permission.role, PolicyName=name)
            kept[name] = policy["PolicyDocument"]
            _put(iam, permission.role, name, _less(kept[name], permission.action))
    yield
    with repo.sandbox() as sandbox:
        iam = _iam(sandbox, account)
        for name, document in kept.items():
            _put(iam, permission.role, name, document)


def _iam(sandbox: Sandbox, account: str) -> Any:
    if account == sandbox.management_account_id:
        return boto3.Session(botocore_session=sandbox.botocore_session()).client("iam")
    return sandbox.member_session(account).client("iam")


def _put(iam: Any, role: str, name: str, document: Any) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _less(document: Mapping[str, Any], action: str) -> Mapping[str, Any]:
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        left = [item for item in actions if item != action]
        if statement["Effect"] == "Deny" or len(left) == len(actions):
            statements.append(statement)
        elif left:
            statements.append({**statement, "Action": left})
    return {**document, "Statement": statements}


# --- the walk -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Stages of lives, as whom they were run, and how each of them ends."""

    keys: Mapping[str, Any]
    stages: list[Stage]
    ends: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def is_used(self, permission: Permission) -> bool:
        return any(any(stage.uses(permission)) for stage in self.stages)

    def stages_of(self, permission: Permission) -> Sequence[Stage]:
        """Those that need it, the smallest first."""
        needing = [stage for stage in self.stages if any(stage.uses(permission))]
        assert needing, f"{permission} is used by no run"
        return sorted(needing, key=lambda stage: len(stage.calls))

    def apply_parts(self, folder: Path) -> None:
        """Add plans of some accounts as applies: of a part, which look at less."""
        for number, planned in enumerate(self.stages):
            if planned.verb == "plan" and planned.only and not planned.deep:
                stage = replace(planned, verb="apply")
                played = replace(stage, repo=planned.repo.copy(folder / f"{number}"))
                self._play(stage, played)

    def _play(self, stage: Stage, played: Stage) -> None:
        ran = run(self.keys, played)
        if ran.outcome is not None and not ran.outcome.failed_targets:
            self.stages.append(replace(stage, calls=tuple(ran.calls)))
            self._note_end(len(self.stages) - 1, played)

    def narrow(self, folder: Path, *, needed: tuple[str, ...]) -> None:
        """Add the largest apply once more for single accounts (and those they all need), as most
        permissions need no more."""
        largest = max(self.stages, key=lambda stage: len(stage.calls))
        names = [name for name in largest.repo.accounts() if name not in needed]
        for only in (needed[:1], needed, *((*needed, name) for name in sorted(names))):
            repo = largest.repo.copy(folder / only[-1] / "kept")
            stage = replace(largest, repo=repo, only=only)
            self._play(stage, replace(stage, repo=repo.copy(folder / only[-1] / "played")))

    def check(self, permission: Permission, folder: Path) -> None:
        """Take it away, look at what the run says and does; put it back, and look again."""
        for number, stage in enumerate(self.stages_of(permission)):
            used = next(stage.uses(permission))
            here = replace(stage, repo=stage.repo.copy(folder / f"here-{number}"))
            with without(here.repo, permission, used.account_id):
                first = run(self.keys, here)
            denied = [call for call in first.calls if _is_denied(call, permission)]
            if denied:  # else what was new then, and looked at once more, is old by now
                break
        assert denied, "IAM is enforced"
        end = self._end(stage, folder / "as-it-was")
        _check_said(first, denied[0], permission, used.account_id)
        _check_others_went_on(first, permission, used.account_id)
        second = run(self.keys, here)
        if stage.verb == "plan":
            assert second.changes == end
            return
        twice = made(first.calls, second.calls) - made(stage.calls)
        assert not twice, f"nothing is made twice: {twice}"
        left = run(self.keys, _look(here)).changes
        assert left == end, f"nothing is lost: {left} instead of {end}"

    def _end(self, stage: Stage, folder: Path) -> tuple[str, ...]:
        """What a plan says in the end, when nothing was taken away."""
        number = self.stages.index(stage)
        if number not in self.ends:
            here = replace(stage, repo=stage.repo.copy(folder))
            ran = run(self.keys, here)
            if stage.verb == "plan":
                assert ran.changes is not None
                self.ends[number] = ran.changes
            else:
                self._note_end(number, here)
        return self.ends[number]

    def _note_end(self, number: int, stage: Stage) -> None:
        found = run(self.keys, _look(stage)).changes
        assert found is not None
        self.ends[number] = found


def _look(stage: Stage) -> Stage:
    return replace(stage, verb="plan", deep=True)


def _is_denied(call: CallRecord, permission: Permission) -> bool:
    code = call.error_code or ""
    return (
        ("AccessDenied" in code or "Unauthorized" in code)
        and call.caller.endswith(f"/{permission.role}")
        and action_of(call) == permission.action
    )


def _check_said(ran: Ran, denied: CallRecord, permission: Permission, account: str) -> None:
    """The log names it at most a minute after the first denial."""
    words = (permission.action, permission.role, account)
    said = [text for at, text in ran.said if at - denied.at <= WITHIN_SECONDS]
    lines = [line for text in said for line in text.splitlines()]
    resource = re.compile(rf"{permission.action} on (resource: )?\S|{permission.action} of arn:\S")
    assert any(all(word in line for word in words) and resource.search(line) for line in lines), (
        "\n".join(f"{at - denied.at:+.0f}: {text}" for at, text in ran.said)
    )


def _check_others_went_on(ran: Ran, permission: Permission, account: str) -> None:
    """What is refused costs nothing that does not need it."""
    steps = [step for row in ran.outcome.targets for step in row.steps] if ran.outcome else []
    for step in steps:
        if step.status is Status.FAILED:
            assert permission.action in step.message, step
            assert account in step.message, step


def walk_of(folder: Path) -> Walk:
    """The life of an organization and the sample's, by workflows in their roles."""
    runs = Staged(Calls(), AS_WORKFLOWS, folder=folder / "stages")
    life(folder / "life", runs, prepare)
    sample(folder / "sample", runs, prepare)
    repairs(folder / "repairs", runs, prepare)
    walk = Walk(keys=AS_WORKFLOWS, stages=runs.stages)
    walk.apply_parts(folder / "parts")
    walk.narrow(folder / "narrow", needed=("log-archive", "audit"))
    return walk


def shared_walk(folder: Path) -> Walk:
    """The same, made by the first process that asks and taken over by the others."""
    folder.mkdir(exist_ok=True)
    kept = folder / "walk.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            walk = walk_of(folder / "worlds")
            kept.write_bytes(pickle.dumps((walk.stages, walk.ends)))
    stages, ends = pickle.loads(kept.read_bytes())  # noqa: S301 - our own file
    return Walk(keys=AS_WORKFLOWS, stages=stages, ends=ends)


ENTER = frozenset({"sts:AssumeRole"})
GRANTED: Mapping[str, frozenset[str]] = {
    PLAN_ROLE: actions_of(PLAN) | ENTER,
    APPLY_ROLE: actions_of((*PLAN, *APPLY)) | ENTER,
    READER_ROLE: actions_of(READER),
    WRITER_ROLE: actions_of((*READER, *MEMBER)),
}
_ANSWERED: Mapping[str, str] = {
    "sts:GetCallerIdentity": "AWS answers without any permission (STS API reference)",
}
WITHOUT_EFFECT: Mapping[str, str] = {**SELDOM, **_ANSWERED}
"""Actions that no run of the walk misses, and why the roles have them."""
_MISSED_BY_WRITER = frozenset(
    actions_in(
        """
        cloudtrail: UpdateTrail
        ec2: AllocateAddress CreateNatGateway DeleteFlowLogs DeleteNatGateway DeleteRoute
            DescribeRegions ReleaseAddress
        guardduty: CreateDetector
        iam: AddClientIDToOpenIDConnectProvider DeleteRole DeleteRolePermissionsBoundary
            DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary
            RemoveClientIDFromOpenIDConnectProvider TagRole UpdateAssumeRolePolicy
            UpdateOpenIDConnectProviderThumbprint UpdateRole
        securityhub: DescribeStandards
        """
    )
)
"""Those of them that a run here does miss, of the writer role."""
PERMISSIONS = tuple(
    Permission(role=role, action=action)
    for role, actions in GRANTED.items()
    for action in sorted(actions)
)
"""Every single one of the roles that aft's templates make."""


def is_walked(permission: Permission) -> bool:
    if permission.role == WRITER_ROLE and permission.action in _MISSED_BY_WRITER:
        return True
    return permission.action not in WITHOUT_EFFECT
