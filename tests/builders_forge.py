"""Places where pull requests live, and what people and pipelines do there, for every adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import pygit2
from builders_github_api import World, client_of
from fakes.forge import MemoryForge, MemoryHub, Run
from github_server import CheckRun, Fault

from aft.forge.port import (
    Check,
    CheckState,
    Forge,
    Permission,
    PullReview,
    ReviewVerdict,
    Thread,
    User,
)
from aft.github.forge import GitHubForge

EVERYTHING = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "pull-requests": "write",
    "statuses": "write",
    "members": "read",
}
PLAN = ".github/workflows/plan.yml"
APPLY = ".github/workflows/apply.yml"
_DISPATCHED = "on:\n  workflow_dispatch:\n"


class Place(Protocol):
    """One repository. Numbers are those of its forge; commits of people are by ``ada``."""

    def forge(self, *, may_write: bool = True) -> Forge:
        """Our access: an app's, which may do everything or only read."""

    def commit(self, branch: str, files: Mapping[str, str]) -> str: ...
    def text(self, sha: str, path: str) -> str | None: ...
    def resolve(self, ref: str) -> str | None: ...
    def open_pull(self, branch: str, *, from_fork: bool = False) -> int: ...
    def merge(self, number: int, method: str = "merge") -> str: ...
    def close(self, number: int) -> None: ...
    def open_issue(self, title: str, *labels: str) -> int: ...
    def say(self, thread: Thread, body: str) -> None: ...
    def lock(self, thread: Thread) -> None: ...
    def review(self, number: int, verdict: ReviewVerdict, by: str) -> None: ...
    def dismiss(self, number: int, by: str) -> None: ...
    def check(self, sha: str, name: str, state: CheckState, title: str = "") -> None: ...
    def sign(self, sha: str) -> None: ...
    def plan(
        self,
        number: int,
        files: Mapping[str, str],
        *,
        conclusion: str = "success",
        pipeline: str = PLAN,
        is_trusted: bool = True,
        is_expired: bool = False,
    ) -> None:
        """A run for the head as it is now."""

    def run(
        self, sha: str, *, conclusion: str = "success", is_by_hand: bool = False, branch: str = ""
    ) -> None:
        """A run of apply on a branch (main)."""

    def offer(self, pipeline: str) -> None:
        """``pipeline`` may be started on main."""

    def started(self) -> list[tuple[str, str, Mapping[str, str]]]: ...
    def allow(self, login: str, permission: Permission) -> None: ...
    def team(self, handle: str, *logins: str) -> None: ...
    def lose_next_answer(self) -> None: ...


class GitHubPlace:
    """The local GitHub."""

    def __init__(self, world: World) -> None:
        self.github = world.github
        self.github.state.settings.actions_may_open_pulls = True

    def forge(self, *, may_write: bool = True) -> Forge:
        levels = EVERYTHING if may_write else dict.fromkeys(EVERYTHING, "read")
        return GitHubForge(client_of(self.github, permissions=levels), in_actions=True)

    def commit(self, branch: str, files: Mapping[str, str]) -> str:
        sha = self.github.commit_to(branch, files)
        for number in list(self.github.state.pulls):
            self.github.refresh(number)
        return sha

    def text(self, sha: str, path: str) -> str | None:
        tree = self.github.git.handle[sha].peel(pygit2.Tree)
        return tree[path].data.decode() if path in tree else None

    def resolve(self, ref: str) -> str | None:
        return self.github.git.sha(ref) or None

    def open_pull(self, branch: str, *, from_fork: bool = False) -> int:
        fork = self.github.git.path if from_fork else None
        return self.github.open_pull(branch, title="T", fork=fork).number

    def merge(self, number: int, method: str = "merge") -> str:
        return self.github.merge_pull(number, method)

    def close(self, number: int) -> None:
        self.github.close_pull(number)

    def open_issue(self, title: str, *labels: str) -> int:
        return self.github.open_issue(title, labels=labels, body="b").number

    def say(self, thread: Thread, body: str) -> None:
        self.github.comment(thread.number, body)

    def lock(self, thread: Thread) -> None:
        self.github.state.issues[thread.number].locked = True

    def review(self, number: int, verdict: ReviewVerdict, by: str) -> None:
        self.github.review(number, verdict.name, by)

    def dismiss(self, number: int, by: str) -> None:
        for review in self.github.state.reviews[number]:
            if review.user.login == by:
                review.state = "DISMISSED"

    def check(self, sha: str, name: str, state: CheckState, title: str = "") -> None:
        ended = None if state is CheckState.PENDING else state.value
        status = "completed" if ended else "in_progress"
        made = CheckRun(self.github.state.next_id(), name, sha, status, ended, title)
        self.github.state.check_runs[made.id] = made

    def sign(self, sha: str) -> None:
        self.github.verify(sha)

    def plan(
        self,
        number: int,
        files: Mapping[str, str],
        *,
        conclusion: str = "success",
        pipeline: str = PLAN,
        is_trusted: bool = True,
        is_expired: bool = False,
    ) -> None:
        pull = self.github.state.pulls[number]
        event = "pull_request_target" if is_trusted else "pull_request"
        run = self.github.register_run(pipeline, event, pull=pull, conclusion=conclusion or None)
        name = f"aft-plan-{number}-{pull.head_sha}"
        self.github.add_artifact(run, name, files).expired = is_expired

    def run(
        self, sha: str, *, conclusion: str = "success", is_by_hand: bool = False, branch: str = ""
    ) -> None:
        event = "workflow_dispatch" if is_by_hand else "push"
        self.github.register_run(
            APPLY, event, head_sha=sha, head_branch=branch or "main", conclusion=conclusion
        )

    def offer(self, pipeline: str) -> None:
        self.github.commit_to("main", {pipeline: _DISPATCHED})

    def started(self) -> list[tuple[str, str, Mapping[str, str]]]:
        folder = ".github/workflows/"
        asked = self.github.state.dispatches
        return [(folder + item.workflow, item.branch, item.inputs) for item in asked]

    def allow(self, login: str, permission: Permission) -> None:
        self.github.state.settings.collaborators[login] = permission.name.lower()

    def team(self, handle: str, *logins: str) -> None:
        self.github.state.settings.teams[handle.removeprefix("@")] = logins

    def lose_next_answer(self) -> None:
        self.github.faults.append(Fault("lose", method="POST"))


class MemoryPlace:
    """The one in memory."""

    def __init__(self) -> None:
        self.hub = MemoryHub()

    def forge(self, *, may_write: bool = True) -> Forge:
        return MemoryForge(self.hub, may_write=may_write)

    def commit(self, branch: str, files: Mapping[str, str]) -> str:
        return self.hub.commit(branch, files)

    def text(self, sha: str, path: str) -> str | None:
        return self.hub.commits[sha].files.get(path)

    def resolve(self, ref: str) -> str | None:
        return self.hub.resolve(ref)

    def open_pull(self, branch: str, *, from_fork: bool = False) -> int:
        return self.hub.open_pull(branch, fork=self.hub.branches[branch] if from_fork else "")

    def merge(self, number: int, method: str = "merge") -> str:
        return self.hub.merge(number, method)

    def close(self, number: int) -> None:
        self.hub.close_pull(number)

    def open_issue(self, title: str, *labels: str) -> int:
        return self.hub.open_issue(title, labels=labels, body="b")

    def say(self, thread: Thread, body: str) -> None:
        self.hub.comment(thread, body, User("ada", is_bot=False))

    def lock(self, thread: Thread) -> None:
        self.hub.locked.add(thread)

    def review(self, number: int, verdict: ReviewVerdict, by: str) -> None:
        head = self.hub.pulls[number].head_sha
        review = PullReview(author=User(by, is_bot=False), verdict=verdict, head_sha=head)
        self.hub.reviews.setdefault(number, []).append(review)

    def dismiss(self, number: int, by: str) -> None:
        self.hub.reviews[number] = [
            replace(review, verdict=ReviewVerdict.DISMISSED)
            if review.author.login == by
            else review
            for review in self.hub.reviews[number]
        ]

    def check(self, sha: str, name: str, state: CheckState, title: str = "") -> None:
        url = f"https://forge.test/{name}"
        made = Check(name=name, state=state, description=title, url=url)
        self.hub.checks.setdefault(sha, {})[name] = made

    def sign(self, sha: str) -> None:
        self.hub.verified[sha] = "valid"

    def plan(
        self,
        number: int,
        files: Mapping[str, str],
        *,
        conclusion: str = "success",
        pipeline: str = PLAN,
        is_trusted: bool = True,
        is_expired: bool = False,
    ) -> None:
        run = Run(
            pipeline=pipeline,
            pull=number,
            sha=self.hub.pulls[number].head_sha,
            files={name: text.encode() for name, text in files.items()},
            conclusion=conclusion,
            is_trusted=is_trusted,
            is_expired=is_expired,
        )
        self.hub.runs.append(run)

    def run(
        self, sha: str, *, conclusion: str = "success", is_by_hand: bool = False, branch: str = ""
    ) -> None:
        run = Run(
            pipeline=APPLY,
            branch=branch or "main",
            sha=sha,
            conclusion=conclusion,
            is_by_hand=is_by_hand,
        )
        self.hub.runs.append(run)

    def offer(self, pipeline: str) -> None:
        self.hub.commit("main", {pipeline: _DISPATCHED})

    def started(self) -> list[tuple[str, str, Mapping[str, str]]]:
        return self.hub.started

    def allow(self, login: str, permission: Permission) -> None:
        self.hub.permissions[login] = permission

    def team(self, handle: str, *logins: str) -> None:
        self.hub.teams[handle] = logins

    def lose_next_answer(self) -> None:
        self.hub.loses_answers = True
