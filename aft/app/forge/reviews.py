"""What was reviewed before a merge: ``reviewed.json`` of the plan of the pull request.

The newest run of the plan that counts decides: when its plan failed, nothing was reviewed. It may
still be writing its comment: pull requests that merge themselves do not wait for that. What one
apply leaves undone (a failed account, a merge whose run was skipped) is in the next one's plan, and
was reviewed where it was merged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aft.app.forge.posting import pull_request_of_commit
from aft.app.review_files import read_reviewed
from aft.errors import NotFound, Terminal, UserError
from aft.forge.port import Forge, PullRequest
from aft.plan.reviewed import (
    LARGEST,
    NOTHING_REVIEWED,
    Reviewed,
    ReviewedChange,
    seen_lines,
)

REVIEWED = "reviewed.json"
_MOST_MERGES = 200
"""Merged pull requests that are looked at, the last ones first."""
_MOST_OPEN = 30
"""Of those merged before the last apply, whose changes may be left undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """``words`` say where it came from, or why it is empty. ``pulls`` are the pull requests that
    were looked at, the one merged last first: their results may still change."""

    reviewed: Reviewed
    words: str
    pulls: tuple[int, ...] = ()


def review_of_commit(
    forge: Forge, sha: str, *, plan_pipeline: str, apply_pipeline: str, open_since: str = ""
) -> Review:
    """The review of the pull request that commit ``sha`` merged, and of those merged before it that
    are not wholly carried out yet: since the last successful run of ``apply_pipeline``, and since
    commit ``open_since``, after which the ledger knows of things left undone. Never raises because
    one is not found or odd: then nothing of it was reviewed. Raises what calls raise (``Denied``,
    ``Transient``)."""
    brought_by = pull_request_of_commit(forge, sha)
    if brought_by is None:
        words = f"{sha[:10]} came without a pull request"
        own, branch = _nothing(words), forge.default_branch()
    else:
        own = _review_of(forge, forge.pull_request(brought_by.number), plan_pipeline)
        branch = brought_by.base_branch
    earlier = [
        _review_of(forge, pull, plan_pipeline)
        for pull in _merged_since(
            forge,
            sha,
            branch=branch,
            last=forge.last_complete_run(apply_pipeline, branch=branch),
            open_since=open_since,
        )
        if brought_by is None or pull.number != brought_by.number
    ]
    return _joined(own, *earlier)


def _merged_since(
    forge: Forge, sha: str, *, branch: str, last: str | None, open_since: str
) -> tuple[PullRequest, ...]:
    """Those merged into ``branch`` after commit ``last`` or ``open_since``, up to commit ``sha``;
    newest first. None where neither is in the same history."""
    lately = _commits_after(forge, last, sha)
    open_ = _commits_after(forge, open_since, sha) - lately
    if not lately and not open_:
        return ()
    found = forge.pull_requests_merged_into(branch, at_most=_MOST_MERGES)
    others = [pull for pull in found if pull.merge_sha in open_][:_MOST_OPEN]
    return tuple(pull for pull in found if pull.merge_sha in lately or pull in others)


def _commits_after(forge: Forge, start: str | None, end: str) -> frozenset[str]:
    if not start or start == end:
        return frozenset()
    try:
        return frozenset(commit.sha for commit in forge.commits_between(start, end))
    except (NotFound, Terminal):
        return frozenset()


def _joined(*reviews: Review) -> Review:
    """All of them in one, the newest first: of a change that several show it has the last word."""
    changes: dict[str, ReviewedChange] = {}
    for review in reviews:
        for change in review.reviewed.changes:
            changes.setdefault(change.id, change)
    first = next((item.reviewed for item in reviews if item.reviewed.plan), NOTHING_REVIEWED)
    return Review(
        reviewed=replace(
            first,
            changes=tuple(changes.values()),
            allow=seen_lines(review.reviewed for review in reviews),
            covers=reviews[0].reviewed.covers,  # what was merged before is judged by its own run
        ),
        words="\n".join(review.words for review in reviews),
        pulls=tuple(number for review in reviews for number in review.pulls),
    )


def _review_of(forge: Forge, pull: PullRequest, pipeline: str) -> Review:
    return replace(_found(forge, pull, pipeline), pulls=(pull.number,))


def _found(forge: Forge, pull: PullRequest, pipeline: str) -> Review:
    where = f"pull request #{pull.number} at {pull.head_sha[:10]}"
    try:
        found = forge.planned_file(pull, pipeline=pipeline, name=REVIEWED, limit=LARGEST)
        if found is None:
            return _nothing(f"{where} has no plan of {pipeline}")
        if found.is_expired:
            return _nothing(f"the plan of {where} has expired")
        if found.content is None:
            return _nothing(f"the plan of {where} failed")
        reviewed = read_reviewed(_text(found.content))
    except (Terminal, NotFound, UserError) as error:
        return _nothing(f"the plan of {where} cannot be read: {error.message}")
    return Review(reviewed=reviewed, words=f"reviewed: {where}, run {found.run}")


def _nothing(words: str) -> Review:
    return Review(reviewed=NOTHING_REVIEWED, words=words)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Terminal(f"{REVIEWED} is not UTF-8 text") from error
