"""What a forge knows, in words that all of them share."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who writes: a person, or an app (``is_bot``). Case does not count in ``login``."""

    login: str
    is_bot: bool

    def is_same(self, other: User) -> bool:
        return (self.login.lower(), self.is_bot) == (other.login.lower(), other.is_bot)


class ThreadKind(enum.StrEnum):
    """What is talked about."""

    PULL_REQUEST = "pull request"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments of one pull request or issue. The two may be numbered apart."""

    kind: ThreadKind
    number: int

    def __str__(self) -> str:
        return f"{self.kind.value} #{self.number}"


def pull_thread(number: int) -> Thread:
    """The comments of a pull request."""
    return Thread(ThreadKind.PULL_REQUEST, number)


def issue_thread(number: int) -> Thread:
    """The comments of an issue."""
    return Thread(ThreadKind.ISSUE, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """``id`` means something to the forge alone; ``url`` is for people, and may be empty."""

    id: str
    thread: Thread
    author: User
    body: str
    url: str

    @property
    def first_line(self) -> str:
        return self.body.partition("\n")[0].strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as it is now."""

    number: int
    title: str
    body: str
    author: User
    labels: tuple[str, ...]
    is_open: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """``head_sha`` is the newest commit of ``head_branch``, which may be a fork's. ``merge_sha``:
    of an open one the forge's test merge, of a merged one what it became; may be empty.
    ``is_mergeable``: ``None`` while the forge is still trying, and in lists."""

    number: int
    title: str
    body: str
    is_open: bool
    head_sha: str
    head_branch: str
    base_branch: str
    merge_sha: str
    merged_at: datetime | None
    url: str
    is_mergeable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRefs:
    """Refs of the forge's git that hold a pull request: its head, and the test merge."""

    head: str
    merge: str


class ReviewVerdict(enum.StrEnum):
    """What a person says of a pull request. ``DISMISSED``: it was withdrawn, or is outdated."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReview:
    """``head_sha`` is the commit that was looked at; empty when the forge does not say."""

    author: User
    verdict: ReviewVerdict
    head_sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCommit:
    """``reason`` is the forge's own word for why a signature is (not) verified, ``remedy`` what
    the author does about it."""

    sha: str
    subject: str
    author: str
    is_verified: bool
    reason: str
    remedy: str


class CheckState(enum.StrEnum):
    """``SKIPPED`` lets a merge pass, as ``SUCCESS`` does."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a pipeline or a tool says of a commit, next to it on the forge's pages."""

    name: str
    state: CheckState
    description: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFile:
    """What a run left. ``content`` is ``None`` when it left no such file, or when that is gone by
    now (``is_expired``); ``run`` names the run for people."""

    run: str
    content: bytes | None
    is_expired: bool = False


class Permission(enum.IntEnum):
    """What somebody may do in the repository; each includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3
