"""Workflow runs and the artifacts they left.

An artifact's name is anybody's: every workflow of the repository, also one edited in a pull
request, may upload under any name. What counts is the run it came from: its ``path`` and ``event``.
"""

from __future__ import annotations

from dataclasses import dataclass

from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.members import member_of

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
    (empty while it has not)."""

    id: int
    path: str
    event: str
    conclusion: str
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
    answer = client.get(f"/actions/runs/{run_id}", needs=READ)
    return WorkflowRun(
        id=answer.number("id"),
        # some runs have the ref behind it: .github/workflows/plan.yml@main
        path=answer.text("path").partition("@")[0],
        event=answer.text("event"),
        conclusion=answer.text_or("conclusion"),
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
