"""Workflow runs and the artifacts they left.

The plan's workflow uploads what was reviewed in an artifact called ``aft-plan-<pull>-<head sha>``,
and it is looked up by that name, not by going through runs: a run of ``pull_request_target`` has an
empty ``pull_requests`` for forks, and its ``head_sha`` has not meant the same at all times.

An artifact's name can be from anyone: every workflow of the repository, also one edited in a pull
request, may upload under any name. What counts is the run it came from: its workflow file, and that
``pull_request_target`` started it, which always takes the file from the default branch.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.errors import NotFound, Transient
from aft.forge.port import PLAN_BUNDLE, PipelineFile, PullRequest
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
"""Events that start a run for everything; a manual one may be for chosen accounts."""


class GitHubRuns:
    """The part of the forge that is pipelines: a pipeline is a workflow file, named by its path
    (``.github/workflows/plan.yml``)."""

    client: GitHubClient

    def start_pipeline(self, pipeline: str, *, branch: str, inputs: Mapping[str, str]) -> None:
        """The one thing that a workflow's own token may start other workflows with."""
        path = f"{_workflow(pipeline)}/dispatches"
        self.client.tell(path, {"ref": branch, "inputs": dict(inputs)}, needs=WRITE)

    def restart_run(self, run: str) -> None:
        path = f"/actions/runs/{segment(run)}"
        if self.client.get(path, needs=READ).text_or("status") != "completed":
            raise Transient(f"run {run} is still running", hint="try again when it has ended")
        self.client.tell(f"{path}/rerun", {}, needs=WRITE)

    def last_complete_run(self, pipeline: str, *, branch: str) -> str | None:
        query = {"branch": branch, "status": "success"}
        path = f"{_workflow(pipeline)}/runs"
        pages = self.client.pages(
            path, needs=READ, key="workflow_runs", query=query, at_most=MOST_RUNS
        )
        try:
            for run in pages:
                if _file(run) == pipeline and run.text("event") in _BY_ITSELF:
                    return run.text("head_sha")
        except NotFound:
            pass  # there is no such file
        return None

    def planned_file(
        self,
        pull: PullRequest,
        *,
        pipeline: str,
        name: str,
        limit: int,
        bundle: str = PLAN_BUNDLE,
    ) -> PipelineFile | None:
        for artifact in self._artifacts(f"{bundle}-{pull.number}-{pull.head_sha}"):
            run = artifact.child("workflow_run").number("id")
            if not self._counts(run, pipeline):
                continue
            if artifact.flag("expired"):  # only the entry is left
                return PipelineFile(run=str(run), content=None, is_expired=True)
            path = f"/actions/artifacts/{artifact.number('id')}/zip"
            content = self.client.download(path, needs=READ, limit=ARCHIVE_LIMIT)
            where = f"artifact {artifact.text('name')}"
            found = member_of(content, name, limit=limit, where=where)
            return PipelineFile(run=str(run), content=found)
        return None

    def _artifacts(self, name: str) -> list[Answer]:
        """Newest first."""
        query = {"name": name}
        pages = self.client.pages(
            "/actions/artifacts", needs=READ, key="artifacts", query=query, at_most=MOST_RUNS
        )
        found = [item for item in pages if item.child_or_none("workflow_run")]
        same = [item for item in found if item.text("name") == name]
        return sorted(same, key=lambda item: item.number("id"), reverse=True)

    def _counts(self, run_id: int, pipeline: str) -> bool:
        try:
            run = self.client.get(f"/actions/runs/{run_id}", needs=READ)
        except NotFound:  # it was deleted
            return False
        repository = run.child("repository").text("full_name")
        return (
            run.text_or("conclusion") != "cancelled"
            and _file(run) == pipeline
            and run.text("event") == PLAN_EVENT
            and repository.lower() == self.client.repository.lower()
        )


def _workflow(pipeline: str) -> str:
    return f"/actions/workflows/{segment(pipeline.rpartition('/')[2])}"


def _file(run: Answer) -> str:
    """The workflow's file; some runs have the ref behind it: .github/workflows/plan.yml@main."""
    return run.text("path").partition("@")[0]
