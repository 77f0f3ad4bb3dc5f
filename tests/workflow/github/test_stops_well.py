"""A cancelled apply stops between two steps, the next finishes, and what is missing is named."""

from __future__ import annotations

import threading
from collections.abc import Callable

from builders_github import Team, request
from waiting import until

from aft.sandbox.faults import Gate, Rule, held

MakeTeam = Callable[..., Team]


def test_cancelled_apply_stops_well_and_what_is_missing_is_named(make_team: MakeTeam) -> None:
    team = make_team()
    hub, aws = team.hub, team.hub.aws
    assert aws is not None
    assert aws.organization.sandbox is not None
    role = hub.vars.pop("AFT_PLAN_ROLE")
    pull, run = team.open("shop", request("shop"))
    assert run.jobs["plan"].result == "failure"
    assert "Set the variable AFT_PLAN_ROLE to the output PlanRoleArn" in team.comments(1)[0]
    hub.vars["AFT_PLAN_ROLE"] = role
    assert team.planned(pull, "synchronize").conclusion == "success"

    gate = Gate()
    rule = Rule("iam", "UpdateAccountPasswordPolicy", held(gate))
    aws.organization.sandbox.faults.add(rule)
    merging = threading.Thread(target=team.merge, args=(pull,))
    merging.start()
    gate.reached.wait()
    with hub.cancelling() as work:
        until(lambda: "stopping after the steps" in work.output.read_text(), "aft was told")
        gate.open()
    merging.join()
    run = hub.runs[-1]
    assert run.conclusion == "cancelled", run.text
    assert "SIGINT received" in run.text
    assert run.jobs["result"].result == "skipped"
    assert len(team.comments(pull.number)) == 1

    aws.organization.sandbox.faults.clear()
    role = hub.vars.pop("AFT_APPLY_ROLE")
    (run,) = hub.schedule("apply.yml")
    assert run.conclusion == "failure"
    assert "Set the variable AFT_APPLY_ROLE" in team.comments(pull.number)[-1]
    hub.vars["AFT_APPLY_ROLE"] = role
    (run,) = hub.schedule("apply.yml")
    assert run.conclusion == "success", run.text
    _, result, ready = team.comments(pull.number)
    assert "all done" in result
    assert "Ready: 1 account" in ready
    assert set(aws.organization.accounts()) == {"lab", "shop"}
