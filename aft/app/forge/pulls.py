"""Pull requests as git objects: what would be merged, and what else is open."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from dataclasses import dataclass

from aft.errors import Terminal, Transient
from aft.forge.port import Forge, PullRequest
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPulls:
    """``fetched`` and ``missing`` are numbers of pull requests; ``removed`` refs of closed ones."""

    fetched: tuple[int, ...]
    missing: tuple[int, ...]
    removed: int


def fetch_open_pulls(forge: Forge, fetching: RefFetch, *, exclude: Collection[int]) -> FetchedPulls:
    """Bring the heads of the open pull requests to ``refs/aft/pulls/<N>``, and no others."""
    numbers = [pull.number for pull in forge.open_pull_requests() if pull.number not in exclude]
    wanted = {forge.pull_refs(number).head: f"{PULLS_PREFIX}{number}" for number in numbers}
    stale = fetching.below(PULLS_PREFIX) - set(wanted.values())
    fetching.forget(stale)
    found = fetching.fetch(wanted) if wanted else {}
    fetched = tuple(number for number in numbers if f"{PULLS_PREFIX}{number}" in found)
    missing = tuple(number for number in numbers if number not in fetched)
    return FetchedPulls(fetched=fetched, missing=missing, removed=len(stale))


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
