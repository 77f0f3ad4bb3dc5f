"""Pull requests as git objects: what would be merged, and what else is open."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass

from aft.errors import Terminal, Transient
from aft.git.fetching import RefFetch
from aft.github.client import GitHubClient
from aft.github.pulls import (
    PullRequest,
    create_pull_request,
    open_pull_request_of,
    open_pull_requests,
    pull_request,
)

MERGE_REF = "refs/aft/merge"
PULLS_PREFIX = "refs/aft/pulls/"
_WAITS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between two looks while GitHub tries the merge, in the background."""


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
                return f"{where} has conflicts with {self.pull.base_ref}"


def fetch_pull(client: GitHubClient, fetching: RefFetch, number: int, head: str) -> FetchedPull:
    """Bring ``refs/pull/N/merge`` to ``refs/aft/merge``, if it merges exactly ``head``.

    GitHub makes that ref when it is asked about the pull request, a moment later, and leaves the
    old one where there are conflicts: so the second parent decides. Raises ``Transient`` when the
    test merge does not come.
    """
    fetching.forget([MERGE_REF])
    for wait in (*_WAITS, None):
        pull = pull_request(client, number)
        if not pull.is_open:
            return FetchedPull(state=PullState.CLOSED, pull=pull)
        if pull.head_sha != head:
            return FetchedPull(state=PullState.OUTDATED, pull=pull)
        if pull.is_mergeable is not False:
            found = fetching.fetch({f"refs/pull/{number}/merge": MERGE_REF}).get(MERGE_REF, "")
            parents = fetching.parents(found) if found else ()
            if len(parents) == 2 and parents[1] == head:
                base = parents[0]
                return FetchedPull(state=PullState.READY, pull=pull, merge=found, base=base)
        fetching.forget([MERGE_REF])
        if pull.is_mergeable is False:
            return FetchedPull(state=PullState.CONFLICT, pull=pull)
        if wait is None or not client.pace.pause(wait):
            break
    raise Transient(
        f"GitHub has not merged {head[:10]} of pull request #{number} into its base for a try yet",
        hint="run the job again",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPulls:
    """``fetched`` and ``missing`` are numbers of pull requests; ``removed`` refs of closed ones."""

    fetched: tuple[int, ...]
    missing: tuple[int, ...]
    removed: int


def fetch_open_pulls(
    client: GitHubClient, fetching: RefFetch, *, exclude: Collection[int]
) -> FetchedPulls:
    """Bring the heads of the open pull requests to ``refs/aft/pulls/<N>``, and no others."""
    numbers = [pull.number for pull in open_pull_requests(client) if pull.number not in exclude]
    wanted = {f"refs/pull/{number}/head": f"{PULLS_PREFIX}{number}" for number in numbers}
    stale = fetching.below(PULLS_PREFIX) - set(wanted.values())
    fetching.forget(stale)
    found = fetching.fetch(wanted) if wanted else {}
    fetched = tuple(number for number in numbers if f"{PULLS_PREFIX}{number}" in found)
    missing = tuple(number for number in numbers if number not in fetched)
    return FetchedPulls(fetched=fetched, missing=missing, removed=len(stale))


def open_or_find(
    client: GitHubClient, *, branch: str, base: str, title: str, body: str
) -> tuple[PullRequest, bool]:
    """The open pull request of ``branch``, and whether it was opened just now."""
    found = open_pull_request_of(client, branch, base=base)
    if found is not None:
        return found, False
    try:
        opened = create_pull_request(client, branch=branch, base=base, title=title, body=body)
    except Terminal as error:
        found = open_pull_request_of(client, branch, base=base) if error.code == "422" else None
        if found is None:
            raise
        return found, False
    return opened, True
