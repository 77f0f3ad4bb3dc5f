"""Workflow runs and the artifacts they left.

The plan's workflow uploads what was reviewed in an artifact called ``aft-plan-<pull>-<head sha>``,
and it is looked up by that name, not by going through runs: a run of ``pull_request_target`` has an
empty ``pull_requests`` for forks, and its ``head_sha`` has not meant the same at all times.

An artifact's name is anybody's: every workflow of the repository, also one edited in a pull
request, may upload under any name. What counts is the run it came from: its workflow file, and that
``pull_request_target`` started it, which always takes the file from the default branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aft.errors import NotFound
from aft.forge.model import PipelineFile, PullRequest
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.zip_member import member_of

READ = "actions: read"
WRITE = "actions: write"
PLAN_EVENT = "pull_request_target"
MOST_RUNS = 1_000
ARCHIVE_LIMIT = 64 * 1024 * 1024
"""Bytes of a zip file that is fetched."""
_BY_ITSELF = ("push", "schedule")
"""Events that start a run for everything; one by hand may be for chosen accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Artifact:
    """After some days only the entry is left (expired)."""

    id: int
    name: str
    run_id: int
    is_expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """``path`` is the workflow's file, ``event`` what started it, ``conclusion`` how it ended
    (empty while it has not). ``head_sha`` is what was pushed; of other events' runs GitHub means
    other things by it."""

    path: str
    event: str
    conclusion: str
    head_sha: str
    repository: str


class GitHubRuns:
    """The part of the forge that is pipelines: a pipeline is a workflow file, named by its path
    (``.github/workflows/plan.yml``)."""

    client: GitHubClient

    def start_pipeline(self, pipeline: str, *, branch: str, inputs: Mapping[str, str]) -> None:
        """The one thing that a workflow's own token may start other workflows with."""
        path = f"{_workflow(pipeline)}/dispatches"
        self.client.tell(path, {"ref": branch, "inputs": dict(inputs)}, needs=WRITE)

    def last_complete_run(self, pipeline: str, *, branch: str) -> str | None:
        query = {"branch": branch, "status": "success"}
        path = f"{_workflow(pipeline)}/runs"
        pages = self.client.pages(
            path, needs=READ, key="workflow_runs", query=query, at_most=MOST_RUNS
        )
        try:
            for run in map(_run, pages):
                if run.path == pipeline and run.event in _BY_ITSELF:
                    return run.head_sha
        except NotFound:
            pass  # there is no such file
        return None

    def planned_file(
        self, pull: PullRequest, *, pipeline: str, name: str, limit: int
    ) -> PipelineFile | None:
        for artifact in self._artifacts(f"aft-plan-{pull.number}-{pull.head_sha}"):
            if not self._counts(artifact, pipeline):
                continue
            run = str(artifact.run_id)
            if artifact.is_expired:
                return PipelineFile(run=run, content=None, is_expired=True)
            path = f"/actions/artifacts/{artifact.id}/zip"
            content = self.client.download(path, needs=READ, limit=ARCHIVE_LIMIT)
            found = member_of(content, name, limit=limit, where=f"artifact {artifact.name}")
            return PipelineFile(run=run, content=found)
        return None

    def _artifacts(self, name: str) -> list[_Artifact]:
        """Newest first."""
        pages = self.client.pages(
            "/actions/artifacts",
            needs=READ,
            key="artifacts",
            query={"name": name},
            at_most=MOST_RUNS,
        )
        found = [_artifact(item) for item in pages if item.child_or_none("workflow_run")]
        same = [item for item in found if item.name == name]
        return sorted(same, key=lambda item: item.id, reverse=True)

    def _counts(self, artifact: _Artifact, pipeline: str) -> bool:
        try:
            run = _run(self.client.get(f"/actions/runs/{artifact.run_id}", needs=READ))
        except NotFound:  # it was deleted
            return False
        return (
            run.conclusion != "cancelled"
            and run.path == pipeline
            and run.event == PLAN_EVENT
            and run.repository.lower() == self.client.repository.lower()
        )


def _workflow(pipeline: str) -> str:
    return f"/actions/workflows/{segment(pipeline.rpartition('/')[2])}"


def _run(answer: Answer) -> _Run:
    return _Run(
        # some runs have the ref behind it: .github/workflows/plan.yml@main
        path=answer.text("path").partition("@")[0],
        event=answer.text("event"),
        conclusion=answer.text_or("conclusion"),
        head_sha=answer.text("head_sha"),
        repository=answer.child("repository").text("full_name"),
    )


def _artifact(answer: Answer) -> _Artifact:
    return _Artifact(
        id=answer.number("id"),
        name=answer.text("name"),
        run_id=answer.child("workflow_run").number("id"),
        is_expired=answer.flag("expired"),
    )
