"""The door to the forge: what it knows, in words that all forges share, and what it does.

The docstrings of ``Forge`` are the contract of its adapters; ``tests/contract/test_forge.py`` runs
one suite against every adapter.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class User:
    """An author: a person, or an app (``is_bot``). Case does not count in ``login``."""

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


PLAN_BUNDLE, PREVIEW_BUNDLE = "aft-plan", "aft-preview"
"""What a plan leaves, and what a preview does; the pull request and its head complete the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFile:
    """What a run left. ``content`` is ``None`` when it left no such file, or when that is gone by
    now (``is_expired``); ``run`` names the run for people."""

    run: str
    content: bytes | None
    is_expired: bool = False


class Permission(enum.IntEnum):
    """What a person may do in the repository; each includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


class Forge(Protocol):
    """One repository where pull requests live: GitHub, or another.

    Every call looks or acts once, waiting out limits and passing failures as long as the adapter
    was asked to. Texts have line feeds alone between their lines; lists are whole, or ``Terminal``
    is raised. Commits are full ids, branches plain names (``main``).

    Each method may raise ``Denied`` (the permission is missing), ``Throttled`` and ``Transient``;
    ``NotFound`` where it names something that is not there, or that the token may not see; and
    ``Terminal`` for a request the forge cannot take. Those that create something also raise
    ``UnknownOutcome`` when the answer is lost: look before repeating it.
    """

    @property
    def name(self) -> str:
        """What people call it: ``GitHub``."""

    @property
    def body_limit(self) -> int:
        """Characters of a comment's, issue's or pull request's body; ``Terminal`` beyond."""

    def me(self) -> User:
        """Whom our comments and issues are by. ``Denied`` when the token does not say."""

    # --- comments -----------------------------------------------------------------------

    def comments(self, thread: Thread) -> tuple[Comment, ...]:
        """Those of all authors, oldest first."""

    def create_comment(self, thread: Thread, body: str) -> Comment:
        """``Denied`` also when the conversation is locked."""

    def update_comment(self, comment: Comment, body: str) -> Comment:
        """``NotFound`` when it was deleted meanwhile."""

    def delete_comment(self, comment: Comment) -> None:
        """``NotFound`` when it is gone already."""

    # --- issues -------------------------------------------------------------------------

    def issue(self, number: int) -> Issue:
        """``NotFound`` also for the number of a pull request."""

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        """The open ones with ``label``, oldest first."""

    def create_issue(self, *, title: str, body: str, label: str) -> Issue:
        """The label is made when there is none of that name."""

    def update_issue(self, number: int, *, title: str, body: str) -> Issue:
        """Replace both; labels stay."""

    def label_issue(self, number: int, *, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        """A label to add that is there, or one to remove that is not, is no matter."""

    def close_issue(self, number: int, *, is_done: bool = True) -> Issue:
        """``is_done``: what it was about is over; otherwise it is not needed (a duplicate)."""

    # --- pull requests ------------------------------------------------------------------

    def pull_request(self, number: int) -> PullRequest:
        """As it is now. Asking makes the forge try the merge, if it has not yet."""

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        """Oldest first."""

    def open_pull_request_of(self, branch: str, *, base: str) -> PullRequest | None:
        """The open one from ``branch`` of this repository (not of a fork) into ``base``."""

    def pull_requests_that_brought(self, sha: str) -> tuple[PullRequest, ...]:
        """The merged ones that brought commit ``sha``, by merging, squashing or rebasing; the last
        merged first. None for a commit the forge does not know."""

    def pull_requests_merged_into(self, base: str, *, at_most: int) -> tuple[PullRequest, ...]:
        """Of the ``at_most`` closed ones that changed last, those merged; the last merged first."""

    def pull_refs(self, number: int) -> PullRefs:
        """Where git finds it. ``merge`` may be missing, late, or that of an older head."""

    def create_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        """From a branch of this repository. ``Terminal`` when one is open already, or when there is
        nothing to merge."""

    def update_pull_request(self, number: int, *, title: str, body: str) -> PullRequest:
        """Replace both."""

    def close_pull_request(self, number: int) -> PullRequest:
        """Close it unmerged; one that is closed, or merged, stays as it is."""

    def reviews(self, number: int) -> tuple[PullReview, ...]:
        """What people said of a pull request, oldest first; several of one person are all here."""

    # --- branches and commits -----------------------------------------------------------

    def default_branch(self) -> str:
        """The branch that workflows and new clones start from."""

    def branch_tip(self, branch: str) -> str | None:
        """The newest commit of a branch of this repository; ``None`` when there is none."""

    def commit_files(
        self, branch: str, *, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        """Write these files (path to text, ``None`` removes it) over ``parent``, the tip of
        ``branch``, and move the branch there; the new tip. A branch that is not there begins at
        ``parent``. When the files are as wanted already there is no commit. ``Conflict`` when the
        branch is at another commit: no work is lost."""

    def commits_between(self, base: str, head: str) -> tuple[VerifiedCommit, ...]:
        """Every commit of ``head`` that ``base`` has not, oldest first, and whether its signature
        is verified. A commit that could not be looked at is ``Terminal``."""

    def checks(self, sha: str) -> tuple[Check, ...]:
        """The newest of each name that pipelines and tools left at a commit, by name."""

    def set_status(self, sha: str, check: Check) -> None:
        """Say something of a commit, which a rule may ask for; a later one of that name replaces
        it. A description that is too long is cut."""

    # --- pipelines ----------------------------------------------------------------------

    def start_pipeline(self, pipeline: str, *, branch: str, inputs: Mapping[str, str]) -> None:
        """Ask for a run of ``pipeline`` as it is on ``branch``; does not wait for it."""

    def restart_run(self, run: str) -> None:
        """Run it again, as it was started: with the same definition, for the same event. Raises
        ``Transient`` while it still runs."""

    def last_complete_run(self, pipeline: str, *, branch: str) -> str | None:
        """The commit of the newest successful run on ``branch`` that was not started manually (one
        started manually may be for a part)."""

    def planned_file(
        self,
        pull: PullRequest,
        *,
        pipeline: str,
        name: str,
        limit: int,
        bundle: str = PLAN_BUNDLE,
    ) -> PipelineFile | None:
        """The file ``name``, at most ``limit`` bytes, that the newest run of ``pipeline`` for this
        head left in its ``bundle``. ``None`` without such a run. Only runs whose definition the
        pull request cannot choose count, and that were not cancelled (one that still runs has left
        its file).
        ``Terminal`` when the file cannot be read."""

    # --- people -------------------------------------------------------------------------

    def permission(self, login: str) -> Permission:
        """A person's in this repository; ``NONE`` for one the forge does not know."""

    def team_members(self, team: str) -> tuple[User, ...]:
        """Sorted by login, without those only invited. ``team`` as ``CODEOWNERS`` names it
        (``@acme/network``); ``UserError`` when it cannot be a team's name."""
