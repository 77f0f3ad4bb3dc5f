"""Workflow runs, their artifacts, and check runs with annotations."""

from __future__ import annotations

from . import shapes
from .answers import Answer, Refusal, invalid
from .model import Artifact, CheckRun, Dispatch, Run
from .routing import Call, Route, route


def _run(call: Call) -> Run:
    identity = call.names["id"]
    run = call.state.runs.get(int(identity)) if identity.isdigit() else None
    if run is None:
        raise Refusal(404, "Not Found")
    return run


def _get_run(call: Call) -> Answer:
    return Answer(shapes.run(_run(call), call.state))


def _runs(call: Call) -> Answer:
    workflow = call.names.get("workflow")
    query = call.query
    found = [
        run
        for run in call.state.runs.values()
        if workflow in (None, run.path.partition("@")[0].rpartition("/")[2])
        and query.get("event") in (None, run.event)
        and query.get("branch") in (None, run.head_branch)
        and query.get("head_sha") in (None, run.head_sha)
        and query.get("status") in (None, run.status, run.conclusion)
    ]
    found.sort(key=lambda run: run.id, reverse=True)
    return call.page([shapes.run(run, call.state) for run in found], "workflow_runs")


def _artifacts(call: Call) -> Answer:
    name = call.query.get("name")
    run = _run(call) if "id" in call.names else None
    found = [
        item
        for item in call.state.artifacts.values()
        if name in (None, item.name) and run in (None, item.run)
    ]
    found.sort(key=lambda item: item.id, reverse=True)
    bodies = [shapes.artifact(item, call.state, call.root) for item in found]
    return call.page(bodies, "artifacts")


def _artifact(call: Call) -> Artifact:
    identity = call.names["id"]
    artifact = call.state.artifacts.get(int(identity)) if identity.isdigit() else None
    if artifact is None:
        raise Refusal(404, "Not Found")
    return artifact


def _zip(call: Call) -> Answer:
    """Elsewhere, for a minute; that place refuses whoever brings a token along."""
    artifact = _artifact(call)
    if artifact.expired:
        raise Refusal(410, "Artifact has expired")
    return Answer(None, 302, {"Location": call.server.storage_url(artifact)})


def _dispatch(call: Call) -> Answer:
    ref, inputs = call.text("ref", "Workflow"), dict(call.body.get("inputs", {}))
    path = f".github/workflows/{call.names['workflow']}"
    if not call.git.branch(ref):
        raise Refusal(422, f"No ref found for: {ref}")
    text = call.git.git("show", f"refs/heads/{ref}:{path}", check=False)
    if not text:
        raise Refusal(404, "Not Found")
    if "workflow_dispatch" not in text:
        raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
    call.state.dispatches.append(Dispatch(call.names["workflow"], ref, inputs))
    return Answer(None, 204)


def _rerun(call: Call) -> Answer:
    """All jobs again, for the same event; not while it still runs."""
    run = call.state.runs.get(int(call.names["id"]))
    if run is None:
        raise Refusal(404, "Not Found")
    if run.status != "completed":
        raise Refusal(403, "This workflow is already running")
    call.state.reruns.append(run.id)
    return Answer({}, 201)


def _create_check(call: Call) -> Answer:
    name, sha = call.text("name", "CheckRun"), call.text("head_sha", "CheckRun")
    if not call.git.sha(sha):
        raise invalid("CheckRun", "head_sha", "invalid")
    output = call.body.get("output", {})
    annotations = list(output.get("annotations", []))
    if len(annotations) > 50:
        raise invalid("CheckRun", "annotations", "custom", "at most 50 in one request")
    check = CheckRun(
        call.state.next_id(),
        name,
        sha,
        status=str(call.body.get("status", "queued")),
        conclusion=call.body.get("conclusion"),
        title=str(output.get("title", "")),
        annotations=annotations,
    )
    call.state.check_runs[check.id] = check
    return Answer(shapes.check_run(check, call.state), 201)


def _checks(call: Call) -> Answer:
    """The newest of each name."""
    sha = call.git.sha(call.names["sha"])
    if not sha:
        raise Refusal(422, f"No commit found for SHA: {call.names['sha']}")
    runs = call.state.check_runs.values()
    newest = {item.name: item for item in runs if item.head_sha == sha}
    found = [shapes.check_run(item, call.state) for item in newest.values()]
    return call.page(found, "check_runs")


def _annotations(call: Call) -> Answer:
    check = call.state.check_runs.get(int(call.names["id"]))
    if check is None:
        raise Refusal(404, "Not Found")
    return call.page(check.annotations)


ROUTES: tuple[Route, ...] = (
    route("GET", "/actions/runs", _runs, "actions=read"),
    route("GET", "/actions/workflows/{workflow}/runs", _runs, "actions=read"),
    route("POST", "/actions/workflows/{workflow}/dispatches", _dispatch, "actions=write"),
    route("GET", "/actions/runs/{id}", _get_run, "actions=read"),
    route("POST", "/actions/runs/{id}/rerun", _rerun, "actions=write"),
    route("GET", "/actions/runs/{id}/artifacts", _artifacts, "actions=read"),
    route("GET", "/actions/artifacts", _artifacts, "actions=read"),
    route("GET", "/actions/artifacts/{id}/zip", _zip, "actions=read"),
    route("POST", "/check-runs", _create_check, "checks=write"),
    route("GET", "/commits/{sha}/check-runs", _checks, "checks=read"),
    route("GET", "/check-runs/{id}/annotations", _annotations, "checks=read"),
)
