"""A team's repository on the emulated GitHub, with AWS behind it and the workflows in it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from builders_git import Clone, clone_of
from builders_live import live
from builders_repo import CONFIG, ORGANIZATION
from emulator.aws import AwsSide
from emulator.hub import Hub, hub
from emulator.run import WorkflowRun
from github_server import Pull

from aft.scaffold.roles import ROLES_PATH, RoleNames, reader_template, roles_template
from aft.values.github_subject import RepositorySubject

PROJECT = Path(__file__).parents[1]
FLOW = ("plan.yml", "preview.yml", "apply.yml", "drift.yml", "request.yml")
BASELINE = """\
description: What every account gets
select: {organizational_units: [Workloads, Sandbox]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: iam-password-policy
"""
ROLES = RoleNames(
    repository=RepositorySubject(repository="acme/accounts", owner_id=123456, repository_id=456789),
    member="OrganizationAccountAccessRole",
    reader="aft-reader",
)
MANAGEMENT = "223005401501"
"""Of every new simulated organization."""
DEFAULTS = 'email: "aws+{id}@example.com"\n'


def shipped() -> dict[str, str]:
    """What a repository has of ours: the workflows, the action, and what it installs."""
    files = [
        *(Path(".github/workflows") / name for name in FLOW),
        Path(".github/actions/aft/action.yml"),
        *(
            path.relative_to(PROJECT)
            for path in sorted((PROJECT / ".github/ISSUE_TEMPLATE").glob("*"))
        ),
        Path(".ci/run.lock"),
        Path("pyproject.toml"),
    ]
    return {str(path): (PROJECT / path).read_text() for path in files}


def request(name: str, ou: str = "Workloads/Dev", more: str = "") -> dict[str, str]:
    """The file that asks for an account."""
    return {f"account-requests/{name}.yaml": f"name: {name}\nou: {ou}\n{more}"}


def repository(more: Mapping[str, str | bytes] | None = None) -> dict[str, str | bytes]:
    """The files of a small repository with one request."""
    return {
        "aft.yaml": f"{CONFIG}roles: {{reader: {ROLES.reader}}}\n",
        "customizations/global/10-aft-reader.cfn.yaml": reader_template(ROLES.reader, MANAGEMENT),
        "customizations/organization/organization.yaml": ORGANIZATION,
        "customizations/baselines/standard.yaml": BASELINE,
        "account-requests/_defaults.yaml": DEFAULTS,
        **request("lab", "Sandbox"),
        **shipped(),
        **(more or {}),
    }


class Team:
    """People at work: a clone, branches, pull requests, and what they see of them."""

    def __init__(self, hub: Hub, clone: Clone) -> None:
        self.hub = hub
        self.clone = clone

    @property
    def github(self) -> Any:
        return self.hub.github

    def push(
        self,
        branch: str,
        files: Mapping[str, str | bytes],
        message: str = "change",
        *,
        start: str = "main",
        to: Path | None = None,
    ) -> str:
        """Commit ``files`` on a branch, new or not, and push it (to a fork's repository)."""
        clone = self.clone
        names = clone.git("branch", "--list", "--format=%(refname:short)", branch)
        clone.git("checkout", "--quiet", *([branch] if names else ["-b", branch, start]))
        commit = clone.commit(message, files=files)
        clone.git("push", "--quiet", str(to or "origin"), f"{branch}:{branch}")
        clone.git("checkout", "--quiet", "main")
        return commit

    def open(
        self,
        branch: str,
        files: Mapping[str, str | bytes],
        *,
        fork: Path | None = None,
        **more: Any,
    ) -> tuple[Pull, WorkflowRun]:
        """Push a branch and open its pull request; the run of the plan."""
        self.push(branch, files, to=fork)
        pull = self.github.open_pull(branch, fork=fork, **more)
        return pull, self.planned(pull, "opened")

    def planned(self, pull: Pull, action: str) -> WorkflowRun:
        self.github.refresh(pull.number)
        runs = self.hub.pull_request(pull, action)
        (run,) = (run for run in runs if run.path.endswith("/plan.yml"))
        return run

    def merge(self, pull: Pull) -> WorkflowRun:
        """Press the button; the run of apply."""
        before = self.github.git.branch("main")
        self.github.merge_pull(pull.number)
        (run,) = self.hub.push("main", before=before)
        self.clone.git("pull", "--quiet", "--ff-only", "origin", "main")
        return run

    def comments(self, number: int) -> list[str]:
        bodies: list[str] = self.github.state.bodies(number)
        return bodies

    def ledger(self) -> list[str]:
        """Subjects of the commits on the ledger's branch, as the remote has it."""
        git = self.github.git
        if not git.branch("aft/ledger"):
            return []
        return list(git.git("log", "--format=%s", "aft/ledger").splitlines())


def fork_of(hub: Hub, root: Path) -> Path:
    """Somebody's fork: a bare repository with the same main."""
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(hub.github.git.path), str(root)], check=True
    )
    return root


@contextlib.contextmanager
def team(
    root: Path,
    socket: Path,
    files: Mapping[str, str | bytes] | None = None,
    *,
    with_aws: bool = True,
) -> Iterator[Team]:
    """A team whose main has ``files`` (the small repository), set up as docs/how-to/github.md
    says. Without AWS, jobs that want to become a role fail."""
    with contextlib.ExitStack() as stack:
        it = stack.enter_context(hub(root, socket))
        clone = clone_of(it.github.git.path, root / "clone")
        clone.commit("Begin", files=files or repository())
        clone.git("push", "--quiet", "--set-upstream", "origin", "main")
        settings = it.github.state.settings
        settings.actions_may_open_pulls = True
        for name in ("aft-plan", "aft-apply"):
            it.github.environment(name, branches=("main",))
        if with_aws:
            organization = stack.enter_context(live())
            it.aws = AwsSide(organization)
            template = (files or {}).get(ROLES_PATH, roles_template(ROLES))
            outputs = it.aws.deploy(template if isinstance(template, str) else template.decode())
            it.vars["AFT_PLAN_ROLE"] = outputs["PlanRoleArn"]
            it.vars["AFT_APPLY_ROLE"] = outputs["ApplyRoleArn"]
        yield Team(it, clone)
