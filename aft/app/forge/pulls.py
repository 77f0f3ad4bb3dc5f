"""Pull requests as git objects: what would be merged, and what else is open."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from aft.app.forge.posting import post_sticky
from aft.errors import Terminal, Transient
from aft.forge.port import Forge, Permission, PullRequest, ReviewVerdict, pull_thread
from aft.git.wire import RefFetch

MERGE_REF = "refs/aft/merge"
PULLS_PREFIX = "refs/aft/pulls/"
_WAITS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between two looks while the forge tries the merge, in the background."""


class PullState(enum.StrEnum):
    """What became of fetching a pull request; also a step's output ``state``."""

    READY = "ready"
    OUTDATED = "outdated"
    CLOSED = "closed"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPull:
    """``merge`` is the test merge when it is ready, ``base`` what it was merged onto."""

    state: PullState
    pull: PullRequest
    merge: str = ""
    base: str = ""

    @property
    def words(self) -> str:
        where = f"pull request #{self.pull.number}"
        match self.state:
            case PullState.READY:
                return f"{where}: {MERGE_REF} is {self.merge} (onto {self.base[:10]})"
            case PullState.OUTDATED:
                return f"{where} is at {self.pull.head_sha[:10]} now: left to the newer run"
            case PullState.CLOSED:
                return f"{where} is closed: there is nothing to plan"
            case PullState.CONFLICT:
                return f"{where} has conflicts with {self.pull.base_branch}"


def fetch_pull(
    forge: Forge, fetching: RefFetch, number: int, head: str, *, pause: Callable[[float], bool]
) -> FetchedPull:
    """Bring the test merge to ``refs/aft/merge``, if it merges exactly ``head``. A forge makes that
    merge some time after it is asked for the pull request, and may keep an old one: so the second
    parent decides. ``pause`` waits so many seconds, or is false when that is too long. Raises
    ``Transient`` when the test merge does not come."""
    ref = forge.pull_refs(number).merge
    fetching.forget([MERGE_REF])
    for wait in (*_WAITS, None):
        pull = forge.pull_request(number)
        if not pull.is_open:
            return FetchedPull(state=PullState.CLOSED, pull=pull)
        if pull.head_sha != head:
            return FetchedPull(state=PullState.OUTDATED, pull=pull)
        if pull.is_mergeable is not False:
            found = fetching.fetch({ref: MERGE_REF}).get(MERGE_REF, "")
            parents = fetching.parents(found) if found else ()
            if len(parents) == 2 and parents[1] == head:
                base = parents[0]
                return FetchedPull(state=PullState.READY, pull=pull, merge=found, base=base)
        fetching.forget([MERGE_REF])
        if pull.is_mergeable is False:
            return FetchedPull(state=PullState.CONFLICT, pull=pull)
        if wait is None or not pause(wait):
            break
    raise Transient(
        f"{forge.name} has not merged {head[:10]} of pull request #{number} into its base for a "
        "try yet",
        hint="run the job again",
    )


def fetch_open_pulls(
    forge: Forge, fetching: RefFetch, *, exclude: Collection[int]
) -> tuple[list[int], list[int]]:
    """Bring the heads of the open pull requests to ``refs/aft/pulls/<N>``, and no others. The
    numbers of those fetched, and of those that have no head to be fetched."""
    numbers = [pull.number for pull in forge.open_pull_requests() if pull.number not in exclude]
    wanted = {forge.pull_refs(number).head: f"{PULLS_PREFIX}{number}" for number in numbers}
    fetching.forget(fetching.below(PULLS_PREFIX) - set(wanted.values()))
    found = fetching.fetch(wanted) if wanted else {}
    fetched = [number for number in numbers if f"{PULLS_PREFIX}{number}" in found]
    return fetched, [number for number in numbers if number not in fetched]


_REQUEST_BRANCH = re.compile(r"request/[1-9][0-9]*-")
_REPLACED = "<!-- aft:replaced -->"
BRANCH_REF, BASE_REF = "refs/aft/branch", "refs/aft/base"
ACTIONS_EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"
"""What request.yml commits as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBranch:
    """The branch of a request from an issue. ``tip`` is empty where there is none.
    ``kept_because``: why other answers must not overwrite it. ``url`` is its pull request's."""

    tip: str = ""
    kept_because: str = ""
    url: str = ""


def look_at_branch(forge: Forge, fetching: RefFetch, *, branch: str, base: str) -> RequestBranch:
    """What is on ``branch``, and whether people have relied on it, or on another branch of the same
    issue: who asks through an issue needs no write access, and must not change what was approved,
    take back what a reviewer fixed, or ask for a second account next to the first."""
    own = _look_at(forge, fetching, branch=branch, base=base)
    if own.kept_because:
        return own
    for other in older_requests(forge, branch=branch, base=base):
        found = _look_at(forge, fetching, branch=other.head_branch, base=base)
        if found.kept_because:
            return replace(own, kept_because=found.kept_because, url=found.url)
    return own


def older_requests(forge: Forge, *, branch: str, base: str) -> tuple[PullRequest, ...]:
    """Open pull requests from other branches of the issue that ``branch`` is made from: its answers
    gave the account another name then."""
    made = _REQUEST_BRANCH.match(branch)
    if made is None:
        return ()
    others = (
        pull
        for pull in forge.open_pull_requests()
        if pull.base_branch == base
        and pull.head_branch != branch
        and pull.head_branch.startswith(made[0])
    )
    # A fork may have a branch of any name.
    return tuple(it for it in others if forge.open_pull_request_of(it.head_branch, base=base) == it)


def replace_older(forge: Forge, pull: PullRequest, *, base: str) -> tuple[int, ...]:
    """Close the older pull requests of the issue that ``pull`` is made from, and say why there."""
    closed: list[int] = []
    for older in older_requests(forge, branch=pull.head_branch, base=base):
        text = f"{_REPLACED}\nClosed: the answers in the issue were changed, see #{pull.number}.\n"
        post_sticky(forge, pull_thread(older.number), text, note="")
        closed.append(forge.close_pull_request(older.number).number)
    return tuple(closed)


def _look_at(forge: Forge, fetching: RefFetch, *, branch: str, base: str) -> RequestBranch:
    wanted = {f"refs/heads/{branch}": BRANCH_REF, f"refs/heads/{base}": BASE_REF}
    found = fetching.fetch(wanted)
    tip = found.get(BRANCH_REF, "")
    if not tip:
        return RequestBranch()
    pull = forge.open_pull_request_of(branch, base=base)
    url = pull.url if pull is not None else ""
    others = fetching.committers(tip, without=found.get(BASE_REF, "")) - {ACTIONS_EMAIL}
    why = ""
    reviews = forge.reviews(pull.number) if pull is not None else ()
    if any(review.verdict is ReviewVerdict.APPROVED for review in reviews):
        why = "its pull request was approved"
    elif reviews:
        why = "its pull request was reviewed"
    elif others:
        why = "it has commits of people"
    return RequestBranch(tip=tip, kept_because=why, url=url)


def is_writer(forge: Forge, login: str) -> bool:
    """May this person push a branch themselves?"""
    return bool(login) and forge.permission(login) >= Permission.WRITE


def open_or_find(
    forge: Forge, *, branch: str, base: str, title: str, body: str
) -> tuple[PullRequest, bool]:
    """The open pull request of ``branch``, and whether it was opened just now."""
    found = forge.open_pull_request_of(branch, base=base)
    if found is not None:
        return found, False
    try:
        opened = forge.create_pull_request(branch=branch, base=base, title=title, body=body)
    except Terminal:
        found = forge.open_pull_request_of(branch, base=base)
        if found is None:
            raise
        return found, False
    return opened, True
