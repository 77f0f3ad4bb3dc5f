"""A busy AWS, other people's changes at the same moment, and calls that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_faults import apply
from builders_repo import CONFIG, Repo

from aft.sandbox import Action, Rule, error, throttle


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Accounts without anything inside, which is quick."""
    repo = Repo.create(tmp_path / "repo")
    repo.write("aft.yaml", CONFIG)
    repo.write(
        "customizations/organization/organization.yaml",
        "organizational_units:\n  - name: Sandbox\n  - name: Workloads\n",
    )
    repo.request("lab", ou="Sandbox")
    repo.request("shop", "tags: {team: shop}\n", ou="Sandbox")
    repo.commit("Ask for two")
    return repo


def move_and_rename(repo: Repo) -> None:
    repo.write(
        "account-requests/shop.yaml",
        "name: web-shop\nemail: aws+shop@example.com\nou: Workloads\ntags: {team: web}\n",
    )
    repo.commit("Promote the shop")


def test_bursts_of_throttling(repo: Repo) -> None:
    """CreateAccount is never repeated by the SDK: waiting for it is the run's own business."""
    rules = [
        Rule("organizations", "CreateAccount", throttle(), times=7),
        Rule("iam", "*", throttle(), times=1),
        Rule("sts", "AssumeRole", throttle(), times=1),
    ]
    done = apply(repo, rules=rules, look_inside=False)
    assert done.outcome.exit_code == 0, done.outcome
    assert done.creations == (("lab", "SUCCEEDED"), ("shop", "SUCCEEDED"))
    assert done.changes_left == ()


def test_a_realistic_aws_with_its_limits(repo: Repo) -> None:
    """Two minutes a creation, five at a time, request rates, roles that come late: on the
    sandbox's clock."""
    assert repo.aft("sandbox", "reset", "--profile", "realistic", "--yes").code == 0
    for number in range(7):
        repo.request(f"team-{number}", ou="Workloads")
    repo.commit("Ask for nine")
    result = repo.apply()
    assert result.last_line.startswith("Apply: 9 of 9 accounts done; ")
    assert len(repo.accounts()) == 9
    assert repo.changes() == []


@pytest.mark.parametrize(
    "action",
    [error("ConcurrentModificationException"), error("ServiceUnavailableException", status=503)],
    ids=lambda item: item.code,
)
def test_somebody_else_is_writing_at_the_same_time(repo: Repo, action: Action) -> None:
    def rules(*operations: str) -> list[Rule]:
        return [Rule("*", operation, action, times=2) for operation in operations]

    first = apply(
        repo,
        rules=rules("CreateOrganizationalUnit", "CreateAccount", "MoveAccount"),
        look_inside=False,
    )
    assert first.outcome.exit_code == 0, first.outcome
    assert first.creations == (("lab", "SUCCEEDED"), ("shop", "SUCCEEDED"))

    move_and_rename(repo)
    second = apply(
        repo,
        rules=rules("MoveAccount", "PutAccountName", "TagResource"),
        look_inside=False,
    )
    assert second.outcome.exit_code == 0, second.outcome
    assert second.accounts[1] == (
        "web-shop",
        "Workloads",
        (("aft:request", "shop"), ("team", "web")),
    )
    assert second.changes_left == ()


def test_a_call_that_is_denied_fails_one_row_which_says_what_to_allow(repo: Repo) -> None:
    apply(repo, look_inside=False)
    move_and_rename(repo)
    repo.request("lab", "tags: {team: lab}\n", ou="Sandbox")
    repo.commit("Label the lab")
    denied = apply(
        repo,
        rules=[Rule("*", "MoveAccount", error("AccessDeniedException", status=403))],
        look_inside=False,
    )
    assert denied.outcome.exit_code == 4
    assert denied.outcome.failed_targets == {"shop"}
    (row,) = [row for row in denied.outcome.targets if row.target == "shop"]
    assert "organizations:MoveAccount" in row.reason
    assert "allow organizations:MoveAccount" in row.hint
    assert [name for name, _, tags in denied.accounts if ("team", "lab") in tags] == ["lab"]
    assert len(denied.changes_left) == 3, "moving, renaming and tagging the shop"


def test_a_failure_that_became_void_is_not_shown_for_ever(repo: Repo) -> None:
    apply(repo, look_inside=False)
    repo.request("shop", "tags: {team: shop}\n", ou="Workloads")
    repo.commit("Move the shop")
    rules = [Rule("*", "MoveAccount", error("AccessDeniedException", status=403))]
    assert apply(repo, rules=rules, look_inside=False).outcome.exit_code == 4
    (row,) = [row for row in repo.aft("status", "--json").data["accounts"] if row["failed"]]
    assert row["state"] == "failed"

    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        units = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
        there = next(unit["Id"] for unit in units if unit["Name"] == "Workloads")
        client.move_account(
            AccountId=shop.id, SourceParentId=shop.parent_id, DestinationParentId=there
        )
    assert "No changes." in repo.apply().out
    assert {row["state"] for row in repo.aft("status", "--json").data["accounts"]} == {"active"}
    assert repo.aft("status", "--json").data["accounts"][1]["failed"] == []
