"""A forge in memory, stricter than any: ``MemoryHub`` is the place, ``MemoryForge`` our access.

What differs from GitHub on purpose, so that nobody relies on it: issues and pull requests are
numbered apart, bodies are short, refs have other names, a description is shorter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aft.errors import Conflict, Denied, NotFound, Terminal, Transient, UnknownOutcome, UserError
from aft.forge.port import (
    PLAN_BUNDLE,
    Check,
    Comment,
    Issue,
    Permission,
    PipelineFile,
    PullRefs,
    PullRequest,
    PullReview,
    Thread,
    ThreadKind,
    User,
    VerifiedCommit,
)

BODY_LIMIT = 2_000
TITLE_LIMIT = 255
K = TypeVar("K")
V = TypeVar("V")
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Commit:
    """``files`` are all there are in it, by path."""

    sha: str
    parents: tuple[str, ...]
    files: Mapping[str, str]
    message: str
    author: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """``is_trusted``: the pull request had no say in what ran."""

    pipeline: str
    branch: str = ""
    sha: str = ""
    pull: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)
    is_by_hand: bool = False
    is_trusted: bool = True
    conclusion: str = "success"
    is_expired: bool = False


@dataclass
class MemoryHub:
    """One repository, and what people do in it. Everything may be read; time passes by itself."""

    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    forks: set[int] = field(default_factory=set)
    """Pull requests whose branch is another repository's."""
    tested: set[int] = field(default_factory=set)
    """Pull requests whose merge was tried: when they are first looked at."""
    brought: dict[str, int] = field(default_factory=dict)
    """Commit to the pull request that brought it."""
    closed: list[int] = field(default_factory=list)
    """Pull requests, in the order they were closed."""
    threads: dict[Thread, list[Comment]] = field(default_factory=dict)
    locked: set[Thread] = field(default_factory=set)
    reviews: dict[int, list[PullReview]] = field(default_factory=dict)
    statuses: dict[str, dict[str, Check]] = field(default_factory=dict)
    checks: dict[str, dict[str, Check]] = field(default_factory=dict)
    verified: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    started: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)
    permissions: dict[str, Permission] = field(default_factory=dict)
    teams: dict[str, tuple[str, ...]] = field(default_factory=dict)
    loses_answers: bool = False
    """The next thing that is made is made, and its answer lost."""
    ticks: int = 0

    def __post_init__(self) -> None:
        self.commit("main", {"aft.yaml": "x\n"})

    def now(self) -> datetime:
        self.ticks += 1
        return _START + timedelta(minutes=self.ticks)

    # --- git ----------------------------------------------------------------------------

    def commit(self, branch: str, files: Mapping[str, str], message: str = "change") -> str:
        """Somebody pushes a commit with these files over those of the branch (or of main)."""
        tip = self.branches.get(branch) or self.branches.get("main")
        before = self.commits[tip].files if tip else {}
        sha = self.add({**before, **files}, [tip] if tip else [], message)
        self.move(branch, sha)
        return sha

    def add(
        self, files: Mapping[str, str], parents: Sequence[str], message: str, author: str = "ada"
    ) -> str:
        made = repr((sorted(files.items()), parents, message, self.now()))
        sha = hashlib.sha1(made.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = Commit(sha, tuple(parents), dict(files), message, author)
        return sha

    def move(self, branch: str, sha: str) -> None:
        self.branches[branch] = sha
        for number, pull in self.pulls.items():
            if pull.is_open and branch in (pull.head_branch, pull.base_branch):
                own = branch == pull.head_branch and number not in self.forks
                self.tested.discard(number)
                self.pulls[number] = replace(
                    pull, head_sha=sha if own else pull.head_sha, merge_sha=""
                )

    def history(self, tip: str) -> list[str]:
        """Every commit of ``tip``, parents first."""
        found: list[str] = []

        def visit(sha: str) -> None:
            if sha not in found:
                for parent in self.commits[sha].parents:
                    visit(parent)
                found.append(sha)

        visit(tip)
        return found

    def between(self, base: str, head: str) -> list[str]:
        known = set(self.history(base))
        return [sha for sha in self.history(head) if sha not in known]

    def merged(self, base: str, head: str) -> Mapping[str, str] | None:
        """The files of a merge; ``None`` when both sides changed one, each in its way."""
        shared = [sha for sha in self.history(base) if sha in set(self.history(head))]
        old, ours, theirs = (self.commits[sha].files for sha in (shared[-1], base, head))
        files: dict[str, str] = {}
        for path in {*old, *ours, *theirs}:
            was, mine, other = old.get(path), ours.get(path), theirs.get(path)
            if mine != other and was not in (mine, other):
                return None
            text = other if mine == was else mine
            if text is not None:
                files[path] = text
        return files

    # --- people -------------------------------------------------------------------------

    def open_pull(
        self, branch: str, *, base: str = "main", title: str = "T", body: str = "", fork: str = ""
    ) -> int:
        """``fork``: the head is in another repository, at that commit."""
        number = len(self.pulls) + 1
        if fork:
            self.forks.add(number)
        self.pulls[number] = PullRequest(
            number=number,
            title=title,
            body=body,
            is_open=True,
            head_sha=fork or self.branches[branch],
            head_branch=branch,
            base_branch=base,
            merge_sha="",
            merged_at=None,
            url=f"https://forge.test/pulls/{number}",
        )
        return number

    def test_merge(self, number: int) -> None:
        """What the forge tries when it is asked about a pull request."""
        pull = self.pulls[number]
        base = self.branches[pull.base_branch]
        files = self.merged(base, pull.head_sha) if pull.is_open else None
        if files is not None:
            sha = self.add(files, [base, pull.head_sha], "a try")
            self.pulls[number] = replace(pull, merge_sha=sha, is_mergeable=True)
        elif pull.is_open:
            self.pulls[number] = replace(pull, merge_sha="", is_mergeable=False)
        self.tested.add(number)

    def merge(self, number: int, method: str = "merge") -> str:
        pull = self.pulls[number]
        base = self.branches[pull.base_branch]
        files = self.merged(base, pull.head_sha)
        assert files is not None
        brought = self.between(base, pull.head_sha)
        if method == "rebase":
            tip = base
            for sha in brought:
                tip = self.add(files, [tip], self.commits[sha].message)
            brought = self.between(base, tip)
        else:
            parents = [base, pull.head_sha] if method == "merge" else [base]
            tip = self.add(files, parents, pull.title)
            brought = [*(brought if method == "merge" else ()), tip]
        self.brought.update(dict.fromkeys(brought, number))
        self.pulls[number] = replace(pull, is_open=False, merge_sha=tip, merged_at=self.now())
        self.closed.append(number)
        self.move(pull.base_branch, tip)
        return tip

    def close_pull(self, number: int) -> None:
        self.pulls[number] = replace(self.pulls[number], is_open=False, merge_sha="")
        self.closed.append(number)

    def open_issue(
        self, title: str, *, labels: Sequence[str] = (), author: User | None = None, body: str = ""
    ) -> int:
        number = len(self.issues) + 1
        self.issues[number] = Issue(
            number=number,
            title=title,
            body=body,
            author=author or User("ada", is_bot=False),
            labels=tuple(labels),
            is_open=True,
            url=f"https://forge.test/issues/{number}",
        )
        return number

    def comment(self, thread: Thread, body: str, author: User) -> Comment:
        identity = str(self.now().timestamp())
        comment = Comment(id=identity, thread=thread, author=author, body=body, url="")
        self.threads.setdefault(thread, []).append(comment)
        return comment

    def resolve(self, ref: str) -> str | None:
        """The commit of a ref of a pull request."""
        _, number, half = ref.rsplit("/", 2)
        pull = self.pulls[int(number)]
        return (pull.head_sha if half == "head" else pull.merge_sha) or None


class MemoryForge:
    """``aft.forge.port.Forge``; one that may not write is refused every change."""

    name = "Memory"
    body_limit = BODY_LIMIT

    def __init__(self, hub: MemoryHub, login: str = "aft[bot]", *, may_write: bool = True) -> None:
        self.hub = hub
        self._me = User(login, is_bot=login.endswith("[bot]"))
        self._may_write = may_write

    def me(self) -> User:
        return self._me

    # --- comments -----------------------------------------------------------------------

    def comments(self, thread: Thread) -> tuple[Comment, ...]:
        self._there(thread)
        return tuple(self.hub.threads.get(thread, ()))

    def create_comment(self, thread: Thread, body: str) -> Comment:
        self._there(thread)
        self._write(body)
        if thread in self.hub.locked:
            raise Denied("the conversation is locked")
        made = self.hub.comment(thread, body, self._me)
        self._answer()
        return made

    def update_comment(self, comment: Comment, body: str) -> Comment:
        self._write(body)
        comments, index = self._found(comment)
        comments[index] = replace(comments[index], body=body)
        return comments[index]

    def delete_comment(self, comment: Comment) -> None:
        self._write()
        comments, index = self._found(comment)
        del comments[index]

    def _found(self, comment: Comment) -> tuple[list[Comment], int]:
        comments = self.hub.threads.get(comment.thread, [])
        for index, other in enumerate(comments):
            if other.id == comment.id:
                return comments, index
        raise NotFound(f"there is no comment {comment.id}")

    # --- issues -------------------------------------------------------------------------

    def issue(self, number: int) -> Issue:
        return _of(self.hub.issues, number)

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        return tuple(i for i in self.hub.issues.values() if i.is_open and label in i.labels)

    def create_issue(self, *, title: str, body: str, label: str) -> Issue:
        self._write(body, title=title)
        number = self.hub.open_issue(title, labels=[label], author=self._me, body=body)
        self._answer()
        return self.hub.issues[number]

    def update_issue(self, number: int, *, title: str, body: str) -> Issue:
        self._write(body, title=title)
        return self._changed(replace(self.issue(number), title=title, body=body))

    def label_issue(self, number: int, *, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        self._write()
        issue = self.issue(number)
        kept = [name for name in dict.fromkeys((*issue.labels, *add)) if name not in remove]
        self._changed(replace(issue, labels=tuple(kept)))

    def close_issue(self, number: int, *, is_done: bool = True) -> Issue:
        self._write()
        return self._changed(replace(self.issue(number), is_open=False))

    def _changed(self, issue: Issue) -> Issue:
        self.hub.issues[issue.number] = issue
        return issue

    # --- pull requests ------------------------------------------------------------------

    def pull_request(self, number: int) -> PullRequest:
        """The merge is tried after the first look."""
        pull = _of(self.hub.pulls, number)
        if pull.is_open and number not in self.hub.tested:
            self.hub.test_merge(number)
            return replace(pull, is_mergeable=None)
        return pull

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        return tuple(replace(pull, is_mergeable=None) for pull in self._open())

    def _open(self) -> Iterator[PullRequest]:
        return (pull for pull in self.hub.pulls.values() if pull.is_open)

    def open_pull_request_of(self, branch: str, *, base: str) -> PullRequest | None:
        names = (branch, base)
        own = (pull for pull in self.open_pull_requests() if pull.number not in self.hub.forks)
        return next((p for p in own if (p.head_branch, p.base_branch) == names), None)

    def pull_requests_that_brought(self, sha: str) -> tuple[PullRequest, ...]:
        number = self.hub.brought.get(sha)
        return () if number is None else (self.hub.pulls[number],)

    def pull_requests_merged_into(self, base: str, *, at_most: int) -> tuple[PullRequest, ...]:
        closed = (self.hub.pulls[number] for number in reversed(self.hub.closed))
        into = [pull for pull in closed if pull.base_branch == base]
        return tuple(pull for pull in into[:at_most] if pull.merged_at is not None)

    def pull_refs(self, number: int) -> PullRefs:
        return PullRefs(head=f"refs/changes/{number}/head", merge=f"refs/changes/{number}/try")

    def create_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        self._write(body, title=title)
        tips = [self.hub.branches.get(name) for name in (base, branch)]
        if tips[0] is None or tips[1] is None:
            raise Terminal(f"there is no branch {branch}, or no {base}")
        if self.open_pull_request_of(branch, base=base) is not None:
            raise Terminal(f"there is a pull request of {branch} already")
        if not self.hub.between(tips[0], tips[1]):
            raise Terminal(f"{base} has all of {branch}")
        number = self.hub.open_pull(branch, base=base, title=title, body=body)
        self._answer()
        return self.hub.pulls[number]

    def update_pull_request(self, number: int, *, title: str, body: str) -> PullRequest:
        self._write(body, title=title)
        found = replace(_of(self.hub.pulls, number), title=title, body=body)
        self.hub.pulls[number] = found
        return found

    def close_pull_request(self, number: int) -> PullRequest:
        self._write()
        if _of(self.hub.pulls, number).is_open:
            self.hub.close_pull(number)
        return self.hub.pulls[number]

    def reviews(self, number: int) -> tuple[PullReview, ...]:
        _of(self.hub.pulls, number)
        return tuple(self.hub.reviews.get(number, ()))

    # --- branches and commits -----------------------------------------------------------

    def default_branch(self) -> str:
        return "main"

    def branch_tip(self, branch: str) -> str | None:
        return self.hub.branches.get(branch)

    def commit_files(
        self, branch: str, *, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        self._write()
        before = _of(self.hub.commits, parent).files
        if self.hub.branches.get(branch) not in (None, parent):
            raise Conflict(f"{branch} is not at {parent}")
        if gone := [path for path, text in files.items() if text is None and path not in before]:
            raise Terminal(f"there is no {gone[0]} to remove")
        wanted = {path: text for path, text in {**before, **files}.items() if text is not None}
        sha = parent
        if wanted != before:
            sha = self.hub.add(wanted, [parent], message, self._me.login)
        self.hub.move(branch, sha)
        self._answer()
        return sha

    def commits_between(self, base: str, head: str) -> tuple[VerifiedCommit, ...]:
        for sha in (base, head):
            _of(self.hub.commits, sha)
        return tuple(map(self._verified, self.hub.between(base, head)))

    def _verified(self, sha: str) -> VerifiedCommit:
        commit, reason = self.hub.commits[sha], self.hub.verified.get(sha, "unsigned")
        return VerifiedCommit(
            sha=sha,
            subject=commit.message.partition("\n")[0],
            author=commit.author,
            is_verified=reason == "valid",
            reason=reason,
            remedy="sign it",
        )

    def checks(self, sha: str) -> tuple[Check, ...]:
        _of(self.hub.commits, sha)
        found = [*self.hub.statuses.get(sha, {}).values(), *self.hub.checks.get(sha, {}).values()]
        return tuple(sorted(found, key=lambda check: check.name))

    def set_status(self, sha: str, check: Check) -> None:
        self._write()
        _of(self.hub.commits, sha)
        short = replace(check, description=check.description[:100])
        self.hub.statuses.setdefault(sha, {})[check.name] = short
        self._answer()

    # --- pipelines ----------------------------------------------------------------------

    def start_pipeline(self, pipeline: str, *, branch: str, inputs: Mapping[str, str]) -> None:
        self._write()
        if branch not in self.hub.branches:
            raise Terminal(f"there is no branch {branch}")
        if pipeline not in self.hub.commits[self.hub.branches[branch]].files:
            raise NotFound(f"there is no {pipeline} on {branch}")
        self.hub.started.append((pipeline, branch, dict(inputs)))

    def restart_run(self, run: str) -> None:
        self._write()
        if not run.isdecimal() or not 0 < int(run) <= len(self.hub.runs):
            raise NotFound(f"there is no run {run}")
        if not self.hub.runs[int(run) - 1].conclusion:
            raise Transient(f"run {run} is still running")
        self.hub.restarted.append(run)

    def last_complete_run(self, pipeline: str, *, branch: str) -> str | None:
        found = [
            run.sha
            for run in self.hub.runs
            if (run.pipeline, run.branch) == (pipeline, branch)
            and run.conclusion == "success"
            and not run.is_by_hand
            and not run.pull
        ]
        return found[-1] if found else None

    def planned_file(
        self,
        pull: PullRequest,
        *,
        pipeline: str,
        name: str,
        limit: int,
        bundle: str = PLAN_BUNDLE,
    ) -> PipelineFile | None:
        for index, run in reversed(list(enumerate(self.hub.runs, 1))):
            if (run.pull, run.sha, run.pipeline) != (pull.number, pull.head_sha, pipeline):
                continue
            if bundle != PLAN_BUNDLE:
                continue
            if not run.is_trusted or run.conclusion == "cancelled":
                continue
            if run.is_expired:
                return PipelineFile(run=str(index), content=None, is_expired=True)
            content = run.files.get(name)
            if content is not None and len(content) > limit:
                raise Terminal(f"{name} is larger than {limit} bytes")
            return PipelineFile(run=str(index), content=content)
        return None

    # --- people -------------------------------------------------------------------------

    def permission(self, login: str) -> Permission:
        return self.hub.permissions.get(login.lower(), Permission.NONE)

    def team_members(self, team: str) -> tuple[User, ...]:
        if not team.startswith("@") or team.count("/") != 1:
            raise UserError(f"{team} is no team")
        logins = _of(self.hub.teams, team.lower())
        return tuple(User(login, is_bot=False) for login in sorted(logins))

    # --- strictness ---------------------------------------------------------------------

    def _write(self, body: str = "x", *, title: str = "T") -> None:
        if not self._may_write:
            raise Denied(f"{self._me.login} may not write here")
        if len(body) > BODY_LIMIT or "\r" in body:
            raise Terminal("the body is too long, or has a carriage return")
        if not title.strip() or len(title) > TITLE_LIMIT or "\n" in title:
            raise Terminal("the title is no line, or too long")

    def _answer(self) -> None:
        if self.hub.loses_answers:
            self.hub.loses_answers = False
            raise UnknownOutcome("the answer was lost")

    def _there(self, thread: Thread) -> None:
        known = self.hub.pulls if thread.kind is ThreadKind.PULL_REQUEST else self.hub.issues
        if thread.number not in known:
            raise NotFound(f"there is no {thread}")


def _of(items: Mapping[K, V], key: K) -> V:
    """What there is under ``key``. Raises ``NotFound``."""
    try:
        return items[key]
    except KeyError:
        raise NotFound(f"there is no {key}") from None
