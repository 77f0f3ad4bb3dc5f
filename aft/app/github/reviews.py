"""What was reviewed before a merge: ``reviewed.json`` of the plan of the pull request.

The plan's workflow uploads it in an artifact called ``aft-plan-<pull>-<head sha>``, and it is
looked up by that name (``GET …/actions/artifacts?name=``), not by going through runs: a run of
``pull_request_target`` has an empty ``pull_requests`` for forks, and its ``head_sha`` has not meant
the same at all times. Anybody's workflow can upload under any name, also one edited in a pull
request; so an artifact counts only when its run is of our workflow file and was started by
``pull_request_target``, which always takes the file from the default branch. The newest run that
was not cancelled decides: when its plan failed, nothing was reviewed. It may still be writing its
comment: pull requests that merge themselves do not wait for that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aft.app.github.comments import pull_request_of_commit
from aft.app.github.merges import merged_since_last_apply
from aft.errors import NotFound, Terminal, UserError
from aft.github.artifacts import Artifact, artifact_member, artifacts_named, workflow_run
from aft.github.client import GitHubClient
from aft.github.pulls import PullRequest, pull_request
from aft.github.settings import repository_settings
from aft.plan.reviewed import (
    LARGEST,
    NOTHING_REVIEWED,
    Reviewed,
    ReviewedChange,
    reviewed_from_json,
    reviewed_to_json,
)

WORKFLOW = ".github/workflows/plan.yml"
EVENT = "pull_request_target"
MEMBER = "reviewed.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """``words`` say where it came from, or why it is empty."""

    reviewed: Reviewed
    words: str

    @property
    def text(self) -> str:
        """The file's content."""
        return reviewed_to_json(self.reviewed)


def artifact_name(pull: PullRequest) -> str:
    """The name the plan's workflow gives its artifact."""
    return f"aft-plan-{pull.number}-{pull.head_sha}"


def review_of_commit(client: GitHubClient, sha: str, *, workflow: str = WORKFLOW) -> Review:
    """The review of the pull request that commit ``sha`` merged, and of those merged before it
    that are not wholly carried out yet.

    Never raises because one is not found or odd: then nothing of it was reviewed. Raises what
    calls raise (``Denied``, ``Transient``).
    """
    brought_by = pull_request_of_commit(client, sha)
    if brought_by is None:
        words = f"{sha[:10]} came without a pull request"
        own, branch = _nothing(words), repository_settings(client).default_branch
    else:
        own = _review_of(client, pull_request(client, brought_by.number), workflow)
        branch = brought_by.base_ref
    earlier = [
        _review_of(client, pull, workflow)
        for pull in merged_since_last_apply(client, sha, branch=branch)
        if brought_by is None or pull.number != brought_by.number
    ]
    return _joined(own, *earlier)


def _joined(*reviews: Review) -> Review:
    """All of them in one, the newest first: of a change that several show it has the last word."""
    changes: dict[str, ReviewedChange] = {}
    for review in reviews:
        for change in review.reviewed.changes:
            changes.setdefault(change.id, change)
    first = next((item.reviewed for item in reviews if item.reviewed.plan), NOTHING_REVIEWED)
    return Review(
        reviewed=replace(first, changes=tuple(changes.values())),
        words="\n".join(review.words for review in reviews),
    )


def _review_of(client: GitHubClient, pull: PullRequest, workflow: str) -> Review:
    where = f"pull request #{pull.number} at {pull.head_sha[:10]}"
    try:
        for artifact in artifacts_named(client, artifact_name(pull)):
            if not _is_ours(client, artifact, workflow):
                continue
            if artifact.is_expired:
                return _nothing(f"the plan of {where} has expired")
            reviewed = _content(client, artifact)
            if reviewed is None:
                return _nothing(f"the plan of {where} failed")
            return Review(reviewed=reviewed, words=f"reviewed: {where}, run {artifact.run_id}")
    except (Terminal, NotFound, UserError) as error:
        return _nothing(f"the plan of {where} cannot be read: {error.message}")
    return _nothing(f"{where} has no plan of {workflow}")


def _nothing(words: str) -> Review:
    return Review(reviewed=NOTHING_REVIEWED, words=words)


def _is_ours(client: GitHubClient, artifact: Artifact, workflow: str) -> bool:
    try:
        run = workflow_run(client, artifact.run_id)
    except NotFound:
        return False
    return (
        run.conclusion != "cancelled"
        and run.path == workflow
        and run.event == EVENT
        and run.repository.lower() == client.repository.lower()
    )


def _content(client: GitHubClient, artifact: Artifact) -> Reviewed | None:
    content = artifact_member(client, artifact, MEMBER, limit=LARGEST)
    if content is None:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Terminal(f"{MEMBER} is not UTF-8 text") from error
    return reviewed_from_json(text)
