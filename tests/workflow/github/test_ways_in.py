"""Every way into the branch: what is merged was planned, and gets its result."""

from __future__ import annotations

from collections.abc import Callable

from builders_github import Team, request
from emulator.run import WorkflowRun

MakeTeam = Callable[..., Team]


def test_retargeted_stacked_and_queued_pull_requests(make_team: MakeTeam) -> None:
    team = make_team()
    hub, github = team.hub, team.github
    (run,) = hub.push("main")
    assert run.conclusion == "success", run.text

    # A pull request onto another one is not planned; once it has main as its base, it is.
    team.push("below", request("one"))
    below = github.open_pull("below")
    team.push("above", request("two"), start="below")
    above = github.open_pull("above", base="below")
    assert hub.pull_request(above) == []
    run = plan_of(hub.pull_request(below))
    assert run.conclusion == "success", run.text
    run = plan_of(hub.retarget(above, "main"))
    assert run.conclusion == "success", run.text
    assert "Plan: 2 to create" in team.comments(above.number)[0]

    # The queue gets the required checks, without AWS; a mistake in what it would merge is red.
    (run,) = hub.merge_queue(above)
    assert {name: job.result for name, job in run.jobs.items()} == {
        "plan": "skipped",
        "plan-fork": "success",
        "comment": "success",
    }
    assert status_of(team, run) == "success"
    assert run.concurrency["group"].startswith("aft-plan-refs/heads/gh-readonly-queue/")
    team.push("wrong", {**request("three"), **request("lab", "Nowhere")})
    (run,) = hub.merge_queue(github.open_pull("wrong"))
    assert run.jobs["plan-fork"].result == "failure"
    assert status_of(team, run) == "failure"
    assert "Nowhere" in run.text

    # It merges both in one push: each gets its result.
    before = github.git.branch("main")
    github.merge_pull(below.number, "squash")
    github.merge_pull(above.number, "rebase")
    (run,) = hub.push("main", before=before)
    assert run.conclusion == "success", run.text
    for pull in (below, above):
        assert "all done" in team.comments(pull.number)[-1]


def plan_of(runs: list[WorkflowRun]) -> WorkflowRun:
    (found,) = (run for run in runs if run.path.endswith("/plan.yml"))
    return found


def status_of(team: Team, run: WorkflowRun) -> str:
    """What a rule sees of the commit that the run is about."""
    (found,) = team.github.state.statuses[run.event.sha]
    assert found.context == "aft/plan"
    return str(found.state)
