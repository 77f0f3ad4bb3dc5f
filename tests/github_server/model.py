"""What the simulated GitHub knows: plain objects, for tests to look at and to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class User:
    """``kind`` is ``User`` or ``Bot``; an app's login ends with ``[bot]``."""

    login: str
    kind: str = "User"

    @classmethod
    def named(cls, login: str, kind: str = "") -> User:
        return cls(login, (kind or ("bot" if login.endswith("[bot]") else "user")).capitalize())


@dataclass
class Comment:
    id: int
    issue: int
    user: User
    body: str
    created_at: datetime
    updated_at: datetime
    edits: int = 0


@dataclass
class Issue:
    """Also the half of a pull request that is an issue: title, body, labels, comments."""

    number: int
    title: str
    body: str
    user: User
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    labels: list[str] = field(default_factory=list)
    locked: bool = False
    closed_at: datetime | None = None


@dataclass
class Pull:
    """``fork`` is the bare repository the head lives in, when it is not ours."""

    number: int
    issue: Issue
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    head_repository: str
    fork: Path | None = None
    draft: bool = False
    merge_sha: str | None = None
    """The test merge while open (``refs/pull/N/merge``), what it became once merged."""
    mergeable: bool = True
    asked_for_mergeable: bool = False
    """GitHub computes it when it is first asked for, and says null meanwhile."""
    merged_at: datetime | None = None
    merged_by: User | None = None
    commits: list[str] = field(default_factory=list)
    """Filled at merging: what it brought to the base, besides a merge commit."""

    @property
    def state(self) -> str:
        return self.issue.state


@dataclass
class Run:
    id: int
    path: str
    event: str
    head_sha: str
    head_branch: str
    head_repository: str
    status: str
    conclusion: str | None
    created_at: datetime
    attempt: int = 1
    name: str = ""


@dataclass(frozen=True)
class Dispatch:
    """Somebody asked for a run of a workflow by hand."""

    workflow: str
    branch: str
    inputs: Mapping[str, str]


@dataclass
class Artifact:
    id: int
    name: str
    run: Run
    content: bytes
    created_at: datetime
    expired: bool = False


@dataclass
class CheckRun:
    id: int
    name: str
    head_sha: str
    status: str = "completed"
    conclusion: str | None = "success"
    title: str = ""
    annotations: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Status:
    """What a tool said of a commit. The newest of a context counts."""

    id: int
    context: str
    state: str
    description: str
    target_url: str
    user: User


@dataclass
class Review:
    """``state`` as the API has it; of a dismissed one that is all that is left of it."""

    id: int
    pull: int
    user: User
    state: str
    commit: str
    submitted_at: datetime


@dataclass
class Environment:
    """``branches``: ``None`` any branch, ``"protected"``, or the names of custom policies."""

    name: str
    branches: tuple[str, ...] | str | None = None
    reviewers: tuple[str, ...] = ()
    prevent_self_review: bool = False
    can_admins_bypass: bool = True


@dataclass
class Settings:
    """What an administrator chose for the repository."""

    private: bool = True
    default_branch: str = "main"
    immutable_subject: bool = True
    """Tokens of jobs say ids: repositories made, renamed or transferred since 2026-07-15, and
    those that opted in."""
    subject_keys: tuple[str, ...] = ()
    """Claims that an administrator has the subject made of, in place of the default."""
    protection: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Branch to the answer of its (classic) protection."""
    rules: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    """Branch to the active rules of rulesets."""
    rulesets: dict[int, list[Mapping[str, Any]]] = field(default_factory=dict)
    """Whom each ruleset lets by, by its number."""
    environments: dict[str, Environment] = field(default_factory=dict)
    actions_enabled: bool = True
    allowed_actions: str = "all"
    sha_pinning_required: bool | None = False
    """``None``: an older Enterprise Server, which does not know it."""
    workflow_permissions: str = "read"
    actions_may_open_pulls: bool = False
    """The checkbox "Allow GitHub Actions to create and approve pull requests"."""
    secrets: tuple[str, ...] = ()
    """Names; nobody is ever told a secret."""
    variables: dict[str, str] = field(default_factory=dict)
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    collaborators: dict[str, str] = field(default_factory=dict)
    """Login in lower case to role: read, triage, write, maintain, admin."""
    teams: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """``org/team`` in lower case to logins; those of teams below it too."""


@dataclass
class State:
    """Everything, by number or id."""

    repository: str
    owner_id: int = 123456
    repository_id: int = 456789
    has_ids: bool = True
    """An Enterprise Server's tokens say none, and it has no preview of the subject."""
    settings: Settings = field(default_factory=Settings)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    artifacts: dict[int, Artifact] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: dict[str, list[Status]] = field(default_factory=dict)
    """Commit to what was said of it, oldest first."""
    reviews: dict[int, list[Review]] = field(default_factory=dict)
    """Pull request to its reviews, oldest first."""
    dispatches: list[Dispatch] = field(default_factory=list)
    reruns: list[int] = field(default_factory=list)
    """Not started yet: that is for whoever emulates Actions."""
    labels: set[str] = field(default_factory=set)
    verified: dict[str, tuple[bool, str]] = field(default_factory=dict)
    """Commit to whether GitHub verified its signature, and the reason it gives."""
    numbers: int = 0
    ids: int = 1000

    @property
    def subject_prefix(self) -> str:
        """How the subject of every token of this repository begins (GitHub: OpenID Connect
        reference, immutable subject claims)."""
        owner, _, name = self.repository.partition("/")
        if not (self.has_ids and self.settings.immutable_subject):
            return f"repo:{owner}/{name}"
        return f"repo:{owner}@{self.owner_id}/{name}@{self.repository_id}"

    def rename(self, repository: str, *, owner_id: int = 0) -> None:
        """A rename, or a transfer to ``owner_id``: the repository keeps its id."""
        self.repository = repository
        self.owner_id = owner_id or self.owner_id
        self.settings.immutable_subject = True

    def next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    def comments_of(self, number: int) -> list[Comment]:
        """Oldest first."""
        return [item for item in self.comments.values() if item.issue == number]

    def bodies(self, number: int) -> list[str]:
        return [comment.body for comment in self.comments_of(number)]
