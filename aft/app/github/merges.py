"""Which pull requests were merged since everything was last carried out.

What one apply leaves undone (a failed account, a merge whose run was skipped) is in the next one's
plan, whose own pull request does not show it: it was reviewed where it was merged.
"""

from __future__ import annotations

from aft.errors import NotFound, Terminal
from aft.github.artifacts import newest_successful_run
from aft.github.client import GitHubClient
from aft.github.commits import commits_between
from aft.github.pulls import PullRequest, merged_pull_requests_into

APPLY_WORKFLOW = ".github/workflows/apply.yml"
_WHOLE = ("push", "schedule")
"""Events whose runs are for all accounts; one by hand may be for chosen ones."""
_MOST = 200
"""Merged pull requests that are looked at, the last ones first."""


def merged_since_last_apply(
    client: GitHubClient, sha: str, *, branch: str, workflow: str = APPLY_WORKFLOW
) -> tuple[PullRequest, ...]:
    """Those merged into ``branch`` after the newest successful run of ``workflow``, up to commit
    ``sha``; newest first. None when there was no such run, or it is not in the same history."""
    run = newest_successful_run(client, workflow, branch=branch, events=_WHOLE)
    if run is None or run.head_sha == sha:
        return ()
    try:
        commits = {commit.sha for commit in commits_between(client, run.head_sha, sha)}
    except (NotFound, Terminal):
        return ()
    found = merged_pull_requests_into(client, branch, at_most=_MOST)
    return tuple(pull for pull in found if pull.merge_sha in commits)
