"""The repository with its settings on the (local) GitHub, and what happens to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import git_server
from github_server import GitHubServer, Issue, Pull

from .aws import AwsSide
from .document import Workflow, workflow
from .events import Event, matching, starts
from .run import WorkflowRun, execute
from .toolchain import Toolchain


@dataclass(kw_only=True)
class Hub:
    """``vars`` and ``secrets`` are the repository's; ``environment_vars`` and
    ``environment_secrets`` those of each environment."""

    root: Path
    github: GitHubServer
    server_url: str
    toolchain: Toolchain
    aws: AwsSide | None = None
    vars: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    environment_vars: dict[str, dict[str, str]] = field(default_factory=dict)
    environment_secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    caches: dict[str, Path] = field(default_factory=dict)
    elsewhere: dict[str, Path] = field(default_factory=dict)
    """Other repositories that actions may come from, by ``owner/name@commit``: their files."""
    terraforms: list[str] = field(default_factory=list)
    """Versions that jobs installed, in their order."""
    runs: list[WorkflowRun] = field(default_factory=list)
    _done: dict[int, tuple[Workflow, Event, Path]] = field(default_factory=dict)

    # --- what happens -------------------------------------------------------------------

    def pull_request(
        self, pull: Pull, action: str = "opened", *, event: str = ""
    ) -> list[WorkflowRun]:
        """Both events a pull request causes, or one: ``pull_request_target`` with the default
        branch's workflows, ``pull_request`` with its own."""
        payload = self.github.event(pull.number, action)
        base = self.github.git.branch(self._default)
        more: dict[str, Any] = {
            "payload": payload,
            "actor": pull.issue.user.login,
            "head_ref": pull.head_ref,
            "base_ref": pull.base_ref,
        }
        target = Event(
            name="pull_request_target",
            ref=f"refs/heads/{self._default}",
            sha=base,
            source=base,
            **more,
        )
        found = self._start(target, pull) if event != "pull_request" else []
        if pull.mergeable and pull.merge_sha and event != "pull_request_target":
            own = Event(
                name="pull_request",
                ref=f"refs/pull/{pull.number}/merge",
                sha=pull.merge_sha,
                source=pull.merge_sha,
                is_foreign=pull.fork is not None,
                **more,
            )
            found += self._start(own, pull)
        return found

    def push(self, branch: str, *, before: str = "0" * 40, by: str = "grace") -> list[WorkflowRun]:
        tip = self.github.git.branch(branch)
        payload = {"ref": f"refs/heads/{branch}", "before": before, "after": tip}
        return self._start(self._on_branch("push", payload, branch, by))

    def schedule(self, name: str) -> list[WorkflowRun]:
        """Every schedule of the workflow file ``name`` is due."""
        found: list[WorkflowRun] = []
        for item in self.workflows(self.github.git.branch(self._default)):
            if item.path.endswith(f"/{name}"):
                for cron in item.on["schedule"]["cron"]:
                    event = self._on_branch("schedule", {"schedule": cron}, self._default, "cron")
                    found += self._start(_with(event, cron=cron, only=name))
        assert found, f"{name} has no schedule"
        return found

    def by_hand(self, name: str, by: str = "grace", **inputs: Any) -> WorkflowRun:
        """``workflow_dispatch`` of the workflow file ``name`` on the default branch."""
        tip = self.github.git.branch(self._default)
        (item,) = (item for item in self.workflows(tip) if item.path.endswith(f"/{name}"))
        declared = (item.on["workflow_dispatch"] or {}).get("inputs") or {}
        assert inputs.keys() <= declared.keys(), f"{name} has no inputs {inputs.keys()}"
        chosen = {key: inputs.get(key, body.get("default", "")) for key, body in declared.items()}
        event = self._on_branch("workflow_dispatch", {"inputs": chosen}, self._default, by)
        (run,) = self._start(_with(event, inputs=chosen, only=name))
        return run

    def issue(self, issue: Issue, action: str = "opened") -> list[WorkflowRun]:
        payload = self.github.event(issue.number, action)
        by = issue.user.login
        return self._start(self._on_branch("issues", payload, self._default, by))

    # --- settings -----------------------------------------------------------------------

    def lets_in(self, environment: str, event: Event) -> bool:
        """An environment's rule about branches. One that is not there is made, without rules."""
        found = self.github.state.settings.environments.get(environment)
        if found is None:
            found = self.github.environment(environment)
        settings = self.github.state.settings
        match found.branches:
            case None:
                return True
            case "protected":
                return event.branch in {*settings.protection, *settings.rules}
            case str() | tuple() as patterns:
                return bool(event.branch) and matching(event.branch, list(patterns))

    def settings_of(
        self, environment: str, event: Event
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Variables and secrets of a job."""
        variables = {**self.vars, **self.environment_vars.get(environment, {})}
        secrets = {**self.secrets, **self.environment_secrets.get(environment, {})}
        return variables, {} if event.is_foreign else secrets

    def workflows(self, commit: str) -> list[Workflow]:
        """The workflow files of a commit."""
        git = self.github.git
        folder = ".github/workflows/"
        names = git.git("ls-tree", "-r", "--name-only", commit, folder).splitlines()
        return [
            workflow(git.git("show", f"{commit}:{path}"), path)
            for path in names
            if path.endswith((".yml", ".yaml"))
        ]

    @property
    def _default(self) -> str:
        return self.github.state.settings.default_branch

    def _on_branch(self, name: str, payload: dict[str, Any], branch: str, by: str) -> Event:
        tip = self.github.git.branch(branch)
        repository = self.github.state.repository
        common = {
            "repository": {"full_name": repository, "default_branch": self._default},
            "sender": {"login": by},
        }
        return Event(
            name=name,
            payload={**common, **payload},
            ref=f"refs/heads/{branch}",
            sha=tip,
            source=tip,
            actor=by,
        )

    def _start(self, event: Event, pull: Pull | None = None) -> list[WorkflowRun]:
        started: list[WorkflowRun] = []
        for item in self.workflows(event.source):
            if not starts(item, event):
                continue
            record = self.github.register_run(
                item.path,
                event.name,
                pull=pull,
                head_sha="" if pull else event.sha,
                head_branch="" if pull else event.ref_name,
            )
            folder = self.root / "runners" / str(record.id)
            run = execute(self, item, event, record=record, folder=folder)
            self.github.finish_run(record, run.conclusion)
            self.runs.append(run)
            started.append(run)
            self._done[record.id] = (item, event, folder)
        for number in self.github.state.reruns[:]:
            self.github.state.reruns.remove(number)
            item, event, folder = self._done[number]
            record = self.github.state.runs[number]
            record.attempt += 1
            again = folder.with_name(f"{folder.name}-{record.attempt}")
            run = execute(self, item, event, record=record, folder=again)
            self.github.finish_run(record, run.conclusion)
            self.runs.append(run)
        while self.github.state.dispatches:
            asked = self.github.state.dispatches.pop(0)
            assert asked.branch == self._default, "the emulator starts by hand on main alone"
            self.by_hand(asked.workflow, **asked.inputs)
        return started


def _with(event: Event, **changes: Any) -> Event:
    return replace(event, **changes)


@contextlib.contextmanager
def hub(root: Path, socket: Path, *, repository: str = "acme/accounts") -> Iterator[Hub]:
    """An empty repository on a GitHub of its own; ``socket`` is where the aft server listens."""
    bare = root / "git" / repository
    bare.mkdir(parents=True)
    with GitHubServer(repository, git=bare) as github, git_server.serving(root / "git") as git:
        github.git.git("init", "--quiet", "--bare", "--initial-branch=main")

        def lets_in(password: str, writes: bool) -> bool:
            token = github.tokens.get(password)
            return token is not None and token.may("contents", "write" if writes else "read")

        git.lets_in = lets_in
        yield Hub(
            root=root,
            github=github,
            server_url=git.url,
            toolchain=Toolchain(root / "tools", socket),
        )
