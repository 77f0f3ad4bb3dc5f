"""Which pull requests were merged since everything was last carried out.

What one apply leaves undone (a failed account, a merge whose run was skipped) is in the next one's
plan, whose own pull request does not show it: it was reviewed where it was merged.
"""

from __future__ import annotations

from aft.errors import NotFound, Terminal
from aft.forge.model import PullRequest
from aft.forge.port import Forge

_MOST = 200
"""Merged pull requests that are looked at, the last ones first."""


def merged_since_last_apply(
    forge: Forge, sha: str, *, branch: str, pipeline: str
) -> tuple[PullRequest, ...]:
    """Those merged into ``branch`` after the newest successful run of ``pipeline``, up to commit
    ``sha``; newest first. None when there was no such run, or it is not in the same history."""
    applied = forge.last_complete_run(pipeline, branch=branch)
    if applied is None or applied == sha:
        return ()
    try:
        commits = {commit.sha for commit in forge.commits_between(applied, sha)}
    except (NotFound, Terminal):
        return ()
    found = forge.pull_requests_merged_into(branch, at_most=_MOST)
    return tuple(pull for pull in found if pull.merge_sha in commits)
