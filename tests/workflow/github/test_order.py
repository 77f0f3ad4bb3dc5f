"""Runs that come late, again, or in another order than the merges: nothing goes backwards."""

from __future__ import annotations

from collections.abc import Callable

from builders_github import Team, repository, request
from github_server import Pull

MakeTeam = Callable[..., Team]


def lab(cost_center: str, ou: str = "Sandbox") -> dict[str, str]:
    return request("lab", ou, f'tags: {{cost-center: "{cost_center}"}}\n')


def test_run_of_an_older_commit_puts_nothing_back(make_team: MakeTeam) -> None:
    """Late, because GitHub promises no order, and again, by Re-run all jobs."""
    team = make_team(repository(lab("0")))
    hub = team.hub
    away, _ = team.open("away", lab("1", "Workloads/Dev"))
    first = team.merge(away)
    assert first.conclusion == "success", first.text
    assert place_of(team, "lab") == ("Dev", "1")

    with hub.busy():  # two merges while another run is under way
        back, _ = team.open("back", {**lab("2"), **request("shop")})
        merged(team, back)
        more, _ = team.open("more", lab("3"))
        merged(team, more)
    assert place_of(team, "lab") == ("Sandbox", "3")
    for pull in (back, more):
        (_, result) = team.comments(pull.number)
        assert "aft apply: all done" in result, result

    said = {pull.number: team.comments(pull.number) for pull in (away, back, more)}
    log = team.ledger()
    for run in (first, hub.runs[-1]):
        again = hub.rerun(run)
        assert again.conclusion == "success", again.text
        assert "No changes" in again.text
        assert place_of(team, "lab") == ("Sandbox", "3")
    assert team.ledger() == log
    assert {number: team.comments(number) for number in said} == said


def merged(team: Team, pull: Pull) -> None:
    """Press the button; the run of apply has to wait."""
    before = team.github.git.branch("main")
    team.github.merge_pull(pull.number)
    assert team.hub.push("main", before=before) == []
    team.clone.git("pull", "--quiet", "--ff-only", "origin", "main")


def place_of(team: Team, name: str) -> tuple[str, str]:
    """The account's OU and its cost center."""
    assert team.hub.aws is not None
    organization = team.hub.aws.organization
    account = organization.accounts()[name]
    client = organization.client("organizations")
    (parent,) = client.list_parents(ChildId=account)["Parents"]
    unit = client.describe_organizational_unit(OrganizationalUnitId=parent["Id"])
    tags = client.list_tags_for_resource(ResourceId=account)["Tags"]
    return (
        unit["OrganizationalUnit"]["Name"],
        next(item["Value"] for item in tags if item["Key"] == "cost-center"),
    )
