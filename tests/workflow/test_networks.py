"""Ranges of addresses, end to end: allocated, shown, remembered, and never given twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import Repo

CONFIG = """\
version: 1
home_region: eu-central-1
limits: {create: 25, forget: 10}
networks:
  pools:
    workloads: {cidr: 10.64.0.0/21}
"""
BASELINE = """\
select:
  organizational_units: [Workloads]
settings:
  - setting: network
    parameters:
      cidr_from: custom_fields.vpc.cidr
      pool: workloads
      prefix: 24
      zones: 1
      flow_logs: null
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("aft.yaml", CONFIG)
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    return repo


def planned(repo: Repo, *arguments: str) -> dict[str, str]:
    """The ranges a plan gives, by request."""
    return {
        change["target"]: field["after"]
        for change in repo.plan(*arguments)["changes"]
        for field in change["fields"]
        if field["field"] == "cidr"
    }


def live(repo: Repo, name: str) -> str:
    with repo.inside(name) as client:
        vpcs = client("ec2").describe_vpcs(
            Filters=[{"Name": "tag:aft:network", "Values": ["main"]}]
        )["Vpcs"]
    (vpc,) = vpcs
    return str(vpc["CidrBlock"])


def test_ranges_are_shown_given_and_remembered(repo: Repo) -> None:
    repo.request("b")
    repo.request("a")
    repo.request("given", "custom_fields: {vpc: {cidr: 10.64.1.0/24}}\n")
    repo.commit("Ask for three accounts")
    assert planned(repo) == {"a": "10.64.0.0/24", "b": "10.64.2.0/24", "given": "10.64.1.0/24"}
    assert "network (cidr → 10.64.0.0/24)" in repo.aft("plan").out
    repo.apply()
    assert [live(repo, name) for name in ("a", "b", "given")] == [
        "10.64.0.0/24",
        "10.64.2.0/24",
        "10.64.1.0/24",
    ]
    assert repo.changes() == []
    assert "Give a 10.64.0.0/24 for network" in repo.ledger_log("--format=%s")
    repo.request("first-aaa")
    repo.request("aaa")
    repo.commit("Two more, one of them earlier in the alphabet")
    assert planned(repo) == {"aaa": "10.64.3.0/24", "first-aaa": "10.64.4.0/24"}
    assert_it_stays_where_the_account_leaves_its_ou(repo)


def assert_it_stays_where_the_account_leaves_its_ou(repo: Repo) -> None:
    """Account b goes to an OU whose accounts have no network."""
    text = (repo.root / "account-requests/b.yaml").read_text()
    repo.write("account-requests/b.yaml", text.replace("ou: Workloads/Dev", "ou: Sandbox"))
    repo.commit("Move one to an OU without networks")
    said = "the VPC stays, and keeps its address range"
    for command in (("plan", "--only", "b"), ("drift", "--only", "b")):
        shown = " ".join(repo.aft(*command).out.split())
        assert "forget" in shown
        assert said in shown
    assert "applied 20" in repo.aft("explain", "b", "network").out
    assert repo.aft("apply", "--yes", "--only", "b").code == 0
    assert live(repo, "b") == "10.64.2.0/24"
    assert "keeps the range 10.64.2.0/24" in repo.aft("explain", "b", "network").out
    assert repo.plan("--only", "b")["attention"] == []
    assert planned(repo) == {"aaa": "10.64.3.0/24", "first-aaa": "10.64.4.0/24"}


def test_a_limited_plan_does_not_give_away_what_another_request_gets(repo: Repo) -> None:
    repo.request("a")
    repo.request("b")
    repo.request("c", "custom_fields: {vpc: {cidr: 10.64.2.0/24}}\n")
    repo.commit("Ask for three accounts")
    assert planned(repo, "--only", "b") == {"b": "10.64.1.0/24"}
    assert repo.aft("apply", "--yes", "--only", "b").code == 0
    assert planned(repo) == {"a": "10.64.0.0/24", "c": "10.64.2.0/24"}
    repo.apply()
    assert [live(repo, name) for name in "abc"] == [
        "10.64.0.0/24",
        "10.64.1.0/24",
        "10.64.2.0/24",
    ]


def test_without_the_ledger_live_networks_are_looked_at_first(repo: Repo) -> None:
    repo.request("b")
    repo.commit("One account")
    repo.apply()
    repo.request("a")
    repo.commit("Another, earlier in the alphabet")
    repo.apply()
    assert (live(repo, "b"), live(repo, "a")) == ("10.64.0.0/24", "10.64.1.0/24")
    repo.git("branch", "--delete", "--force", "aft/ledger-sandbox")
    assert repo.aft("apply", "--yes", "--adopt-ledger").code == 0
    assert (live(repo, "b"), live(repo, "a")) == ("10.64.0.0/24", "10.64.1.0/24")
    assert repo.changes() == []
    repo.request("c")
    repo.commit("A third")
    assert planned(repo) == {"c": "10.64.2.0/24"}


def test_a_forgotten_account_keeps_its_range_and_so_does_its_return(repo: Repo) -> None:
    repo.request("a")
    repo.request("b")
    repo.commit("Two accounts")
    repo.apply()
    repo.remove("account-requests/a.yaml")
    repo.commit("Forget one")
    repo.apply()
    repo.request("c")
    repo.commit("A third")
    assert planned(repo) == {"c": "10.64.2.0/24"}
    account_id = repo.accounts()["a"].id
    repo.request("again", f"account_id: '{account_id}'\n")
    text = (repo.root / "account-requests/again.yaml").read_text()
    repo.write("account-requests/again.yaml", text.replace("name: again", "name: a"))
    repo.commit("Bring the first one back")
    repo.apply(code=4)
    assert live(repo, "a") == "10.64.0.0/24"
    assert live(repo, "c") == "10.64.2.0/24"


def test_a_renamed_request_keeps_its_range(repo: Repo) -> None:
    repo.request("b")
    repo.commit("One account")
    repo.apply()
    text = (repo.root / "account-requests/b.yaml").read_text()
    repo.remove("account-requests/b.yaml")
    repo.write("account-requests/z.yaml", text + "previously: b\n")
    repo.request("a")
    repo.commit("Rename it, and add another")
    assert planned(repo) == {"a": "10.64.1.0/24"}
    repo.apply()
    assert (live(repo, "b"), live(repo, "a")) == ("10.64.0.0/24", "10.64.1.0/24")


def test_an_exhausted_pool_is_told_and_the_others_go_on(repo: Repo) -> None:
    for number in range(9):
        repo.request(f"n{number}")
    repo.commit("Nine accounts for eight ranges")
    plan = repo.plan()
    assert [item["code"] for item in plan["attention"]] == ["AFT930"]
    assert "pool workloads (10.64.0.0/21) has no /24 left" in plan["attention"][0]["message"]
    assert sorted(planned(repo)) == [f"n{number}" for number in range(8)]


def test_a_range_that_somebody_holds_is_not_given_again(repo: Repo) -> None:
    repo.request("a")
    repo.commit("One account")
    repo.apply()
    repo.request("b", "custom_fields: {vpc: {cidr: 10.64.0.0/24}}\n")
    repo.commit("Another one with the same range")
    plan = repo.plan()
    assert [item["code"] for item in plan["attention"]] == ["AFT931"]
    assert "overlaps 10.64.0.0/24 of a/network" in plan["attention"][0]["message"]
    assert planned(repo) == {}
    repo.apply(code=4)
    assert planned(repo) == {}


def test_another_range_for_a_network_that_is_there_is_refused(repo: Repo) -> None:
    repo.request("a", "custom_fields: {vpc: {cidr: 10.20.0.0/24}}\n")
    repo.commit("One account")
    repo.apply()
    repo.request("a", "custom_fields: {vpc: {cidr: 10.30.0.0/24}}\n")
    repo.commit("Change its range")
    result = repo.aft("apply", "--yes")
    assert result.code == 4, "the plan says so, and nothing is tried"
    assert "! a: setting network is left as it is: " in result.out
    assert "a VPC cannot be changed, and is not replaced" in " ".join(result.out.split())
    assert live(repo, "a") == "10.20.0.0/24"
