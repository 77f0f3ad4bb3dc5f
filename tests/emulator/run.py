"""A run of a workflow: its jobs in the order of their needs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from github_server import Run

from . import permissions
from .document import Job, Workflow
from .evaluate import Scope
from .events import Event
from .job import JobResult, JobRun
from .values import is_true

if TYPE_CHECKING:
    from .hub import Hub


@dataclass(kw_only=True)
class WorkflowRun:
    """``jobs`` by id; instances of a matrix are named ``id (a, b)``. ``concurrency`` is the
    group and whether a newer run cancels this one."""

    path: str
    event: Event
    record: Run
    jobs: dict[str, JobResult] = field(default_factory=dict)
    concurrency: Mapping[str, Any] = field(default_factory=dict)

    @property
    def conclusion(self) -> str:
        ended = {job.result for job in self.jobs.values()}
        return next((it for it in ("cancelled", "failure") if it in ended), "success")

    @property
    def text(self) -> str:
        """Everything anybody can read of the run."""
        return "\n".join(
            f"--- {job.id}: {job.result}\n{job.log.text}\n{job.summary}"
            for job in self.jobs.values()
        )


def execute(
    hub: Hub, workflow: Workflow, event: Event, *, record: Run, folder: Path
) -> WorkflowRun:
    """Run every job there is, one after another."""
    run = WorkflowRun(path=workflow.path, event=event, record=record)
    base = _base(hub, workflow, event, record)
    run.concurrency = _concurrency(Scope(base), workflow.concurrency)
    results: dict[str, JobResult] = {}
    for job in _in_order(workflow):
        needs = {name: results[name] for name in job.needs}
        contexts = {
            **base,
            "needs": {
                name: {"result": item.result, "outputs": dict(item.outputs)}
                for name, item in needs.items()
            },
        }
        ancestors = [results[name] for name in _ancestors(workflow, job)]
        status = {
            "success": not hub.is_cancelled
            and all(item.result == "success" for item in needs.values())
            and not any(item.result == "failure" for item in ancestors),
            "failure": any(item.result == "failure" for item in ancestors),
            "always": True,
            "cancelled": hub.is_cancelled,
        }
        if not Scope(contexts, status).condition(job.condition):
            results[job.id] = run.jobs[job.id] = JobResult(id=job.id, result="skipped")
            continue
        for name, matrix in _instances(job, Scope(contexts)):
            found = _one(hub, workflow, job, run, folder / name, {**contexts, "matrix": matrix})
            run.jobs[name] = found
            before = results.get(job.id)
            if before is None or before.result == "success":
                results[job.id] = found
    return run


def concurrency_of(hub: Hub, workflow: Workflow, event: Event) -> Mapping[str, Any]:
    """The group that a run of ``workflow`` waits for, before there is one."""
    return _concurrency(Scope(_base(hub, workflow, event, None)), workflow.concurrency)


def _base(hub: Hub, workflow: Workflow, event: Event, record: Run | None) -> dict[str, Any]:
    return {
        "github": _github(hub, workflow, event, record),
        "inputs": event.inputs,
        "vars": dict(hub.vars),
    }


def _one(
    hub: Hub,
    workflow: Workflow,
    job: Job,
    run: WorkflowRun,
    folder: Path,
    contexts: Mapping[str, Any],
) -> JobResult:
    """A job that is to run, or is refused by its environment."""
    event = run.event
    declared = workflow.permissions if job.permissions is None else job.permissions
    granted = permissions.granted(declared, is_foreign=event.is_foreign)
    named = Scope(contexts).filled(job.environment)
    environment: str = (named or {}).get("name", "") if isinstance(named, dict) else named or ""
    if environment and not hub.lets_in(environment, event):
        result = JobResult(id=job.id, result="failure", environment=environment)
        result.log.complain(
            f"{event.ref} is not allowed to deploy to {environment} due to environment "
            "protection rules."
        )
        return result
    variables, secrets = hub.settings_of(environment, event)
    scoped = {**contexts, "vars": variables, "secrets": secrets}
    running = JobRun(
        hub,
        job,
        event,
        record=run.record,
        folder=folder,
        contexts=scoped,
        permissions=granted,
        environment=environment,
        artifacts={
            name: files for done in run.jobs.values() for name, files in done.uploaded.items()
        },
    )
    running.env.update({name: Scope(scoped).text(value) for name, value in workflow.env.items()})
    result = running.execute()
    if result.result == "failure" and is_true(Scope(scoped).filled(job.continue_on_error)):
        result.result = "success"
    return result


def _github(hub: Hub, workflow: Workflow, event: Event, record: Run | None) -> Mapping[str, Any]:
    repository = hub.github.state.repository
    return {
        "event": event.payload,
        "event_name": event.name,
        "ref": event.ref,
        "ref_name": event.ref_name,
        "ref_type": "branch",
        "sha": event.sha,
        "head_ref": event.head_ref,
        "base_ref": event.base_ref,
        "actor": event.actor,
        "triggering_actor": event.actor,
        "repository": repository,
        "repository_owner": repository.partition("/")[0],
        "run_id": str(record.id) if record else "",
        "run_number": str(record.id) if record else "",
        "run_attempt": str(record.attempt) if record else "",
        "server_url": hub.server_url,
        "api_url": hub.github.url,
        "workflow": workflow.name,
        "workflow_ref": f"{repository}/{workflow.path}@{event.ref}",
    }


def _concurrency(scope: Scope, declared: Any) -> Mapping[str, Any]:
    match scope.filled(declared):
        case None:
            return {}
        case str() as group:
            return {"group": group, "cancel-in-progress": False}
        case found:
            return {"cancel-in-progress": False, **found}


def _in_order(workflow: Workflow) -> Iterator[Job]:
    waiting = dict(workflow.jobs)
    while waiting:
        ready = [job for job in waiting.values() if not set(job.needs) & waiting.keys()]
        assert ready, "jobs need each other in a circle"
        for job in ready:
            yield waiting.pop(job.id)


def _ancestors(workflow: Workflow, job: Job) -> set[str]:
    found = set(job.needs)
    for name in job.needs:
        found |= _ancestors(workflow, workflow.jobs[name])
    return found


def _instances(job: Job, scope: Scope) -> Iterator[tuple[str, Mapping[str, Any]]]:
    matrix = scope.filled(dict(job.strategy.get("matrix") or {}))
    excluded, included = matrix.pop("exclude", []), matrix.pop("include", [])
    rows = [
        row
        for values in itertools.product(*matrix.values())
        if (row := dict(zip(matrix, values, strict=True)))
        and not any(item.items() <= row.items() for item in excluded)
    ]
    if not matrix and not included:
        yield job.id, {}
        return
    for row in [*rows, *included]:
        yield f"{job.id} ({', '.join(str(value) for value in row.values())})", row
