"""Workflow runs and the artifacts they left.

An artifact's name is anybody's: every workflow of the repository, also one edited in a pull
request, may upload under any name. What counts is the run it came from: its ``path`` and ``event``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from aft.errors import NotFound
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.zip_member import member_of

READ = "actions: read"
MOST_ARTIFACTS = 1_000
ARCHIVE_LIMIT = 64 * 1024 * 1024
"""Bytes of a zip file that is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """``size`` is the zip file's, in bytes; after some days only the entry is left (expired)."""

    id: int
    name: str
    run_id: int
    size: int
    is_expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """``path`` is the workflow's file, ``event`` what started it, ``conclusion`` how it ended
    (empty while it has not). ``head_sha`` is what was pushed; of other events' runs GitHub means
    other things by it."""

    id: int
    path: str
    event: str
    conclusion: str
    head_sha: str
    repository: str


def artifacts_named(client: GitHubClient, name: str) -> tuple[Artifact, ...]:
    """Newest first."""
    pages = client.pages(
        "/actions/artifacts",
        needs=READ,
        key="artifacts",
        query={"name": name},
        at_most=MOST_ARTIFACTS,
    )
    found = [_artifact(item) for item in pages if item.child_or_none("workflow_run")]
    same = [item for item in found if item.name == name]
    return tuple(sorted(same, key=lambda item: item.id, reverse=True))


def workflow_run(client: GitHubClient, run_id: int) -> WorkflowRun:
    """Raises ``NotFound`` when it was deleted."""
    return _run(client.get(f"/actions/runs/{run_id}", needs=READ))


def newest_successful_run(
    client: GitHubClient, path: str, *, branch: str, events: Collection[str]
) -> WorkflowRun | None:
    """Of the workflow file ``path`` on ``branch``; ``None`` when there is none, or no such file."""
    url = f"/actions/workflows/{segment(path.rpartition('/')[2])}/runs"
    query = {"branch": branch, "status": "success"}
    try:
        pages = client.pages(
            url, needs=READ, key="workflow_runs", query=query, at_most=MOST_ARTIFACTS
        )
        runs = map(_run, pages)
        return next((run for run in runs if run.path == path and run.event in events), None)
    except NotFound:
        return None


def _run(answer: Answer) -> WorkflowRun:
    return WorkflowRun(
        id=answer.number("id"),
        # some runs have the ref behind it: .github/workflows/plan.yml@main
        path=answer.text("path").partition("@")[0],
        event=answer.text("event"),
        conclusion=answer.text_or("conclusion"),
        head_sha=answer.text("head_sha"),
        repository=answer.child("repository").text("full_name"),
    )


def artifact_member(
    client: GitHubClient, artifact: Artifact, member: str, *, limit: int
) -> bytes | None:
    """One file of an artifact, at most ``limit`` bytes; ``None`` when it holds no such file.

    Raises ``NotFound`` when it has expired, and ``Terminal`` when it is too large or no zip file.
    """
    path = f"/actions/artifacts/{artifact.id}/zip"
    content = client.download(path, needs=READ, limit=ARCHIVE_LIMIT)
    return member_of(content, member, limit=limit, where=f"artifact {artifact.name}")


def _artifact(answer: Answer) -> Artifact:
    return Artifact(
        id=answer.number("id"),
        name=answer.text("name"),
        run_id=answer.child("workflow_run").number("id"),
        size=answer.number("size_in_bytes"),
        is_expired=answer.flag("expired"),
    )
