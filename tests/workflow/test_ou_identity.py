"""An OU that is renamed, in the console or in git, is the same OU: never a second one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders_repo import Repo

from aft.organization.model import OU_TAG

DENY = """\
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Deny", "Action": "ssm:DeleteParameter", "Resource": "*"}]}
"""
TREE_PATH = "customizations/organization/organization.yaml"
TREE = """\
organizational_units:
  - name: Workloads
    children:
      - name: Dev
  - name: Sandbox
"""


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Two OUs with a policy, and an account in each of them; each test works on a copy."""
    repo = Repo.apart(tmp_path_factory.mktemp("morning"))
    repo.write(TREE_PATH, TREE)
    repo.write(
        "customizations/baselines/standard.yaml",
        "select: {requests: [lab, shop]}\nsettings:\n  - setting: ssm-metadata\n",
    )
    repo.request("lab", ou="Sandbox")
    repo.request("shop", ou="Workloads/Dev")
    repo.commit("Ask for two")
    applied = repo.aft("apply", "--yes")
    assert applied.code == 0, applied.out + applied.err
    with repo.organizations() as client:
        made = client.create_policy(
            Content=DENY, Description="", Name="keep", Type="SERVICE_CONTROL_POLICY"
        )
        for name in ("Sandbox", "Workloads"):
            client.attach_policy(
                PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=units(client)[name]
            )
    repo.git("tag", "before")
    return repo


@pytest.fixture
def repo(morning: Repo, tmp_path: Path) -> Repo:
    return morning.copy(tmp_path)


def units(client: Any) -> dict[str, str]:
    """The ids of the OUs at the top, by name."""
    root = client.list_roots()["Roots"][0]["Id"]
    found = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    return {item["Name"]: item["Id"] for item in found}


def rename(repo: Repo, **names: str) -> None:
    with repo.organizations() as client:
        for old, new in names.items():
            client.update_organizational_unit(OrganizationalUnitId=units(client)[old], Name=new)


def tag_of(client: Any, unit_id: str) -> str | None:
    tags = client.list_tags_for_resource(ResourceId=unit_id)["Tags"]
    return next((tag["Value"] for tag in tags if tag["Key"] == OU_TAG), None)


def test_renamed_in_the_console_they_are_drift_and_get_their_names_back(repo: Repo) -> None:
    homes = {name: account.parent_id for name, account in repo.accounts().items()}
    rename(repo, Sandbox="Playground", Workloads="workloads")
    assert repo.changes() == ["organization/update-ou/Sandbox", "organization/update-ou/Workloads"]
    assert [item["risk"] for item in repo.plan()["changes"]] == ["", ""]
    limited = repo.plan("--only", "lab")["changes"]
    assert [item["id"] for item in limited] == ["organization/update-ou/Sandbox"]
    drift = repo.aft("drift")
    assert drift.code == 2
    assert "OU is Playground, was applied as Sandbox" in drift.out
    repaired = repo.aft("drift", "--repair", "--yes")
    assert repaired.code == 0, repaired.out + repaired.err
    assert {name: account.parent_id for name, account in repo.accounts().items()} == homes
    assert repo.ou_paths() == {"Sandbox", "Workloads", "Workloads/Dev"}
    assert repo.changes() == []


def test_without_its_tag_it_is_an_adoption_which_no_repair_and_no_unreviewed_apply_makes(
    repo: Repo, tmp_path: Path
) -> None:
    assert repo.aft("plan", "--report", str(tmp_path / "report")).code == 0
    with repo.organizations() as client:
        client.untag_resource(ResourceId=units(client)["Sandbox"], TagKeys=[OU_TAG])
    rename(repo, Sandbox="Playground")
    (change,) = repo.plan()["changes"]
    assert (change["id"], change["risk"]) == ("organization/adopt-ou/Sandbox", "adopt-ou")
    repo.aft("drift", "--repair", "--yes")
    reviewed = str(tmp_path / "report" / "reviewed.json")
    repo.aft("apply", "--yes", "--reviewed", reviewed)
    assert "Playground" in repo.ou_paths()
    assert repo.aft("apply", "--yes").code == 0
    with repo.organizations() as client:
        assert tag_of(client, units(client)["Sandbox"]) == "Sandbox"


def test_a_name_from_the_console_is_adopted_in_git(repo: Repo) -> None:
    home = repo.accounts()["lab"].parent_id
    rename(repo, Sandbox="Playground")
    repo.write(TREE_PATH, TREE.replace("Sandbox", "Playground"))
    repo.request("lab", ou="Playground")
    repo.commit("Adopt the name")
    assert [item["id"] for item in repo.plan()["changes"]][:1] == [
        "organization/update-ou/Playground"
    ]
    assert repo.aft("apply", "--yes").code == 0
    assert repo.accounts()["lab"].parent_id == home
    with repo.organizations() as client:
        assert tag_of(client, home) == "Playground"
    assert repo.changes() == []


@pytest.mark.parametrize("scope", [(), ("--only", "lab")])
def test_renamed_in_git_without_previously_it_is_held_and_said(
    repo: Repo, scope: tuple[str, ...]
) -> None:
    repo.write(TREE_PATH, TREE.replace("Sandbox", "Playground"))
    repo.request("lab", ou="Playground")
    repo.commit("Rename an OU")
    plan = repo.plan(*scope)
    assert plan["changes"] == []
    about = {item["target"]: item for item in plan["attention"]}
    assert about["organization"]["code"] == "AFT924"
    assert "previously: Sandbox" in about["organization"]["hint"]
    repo.aft("apply", "--yes", *scope)
    assert "Playground" not in repo.ou_paths()
    repo.write(TREE_PATH, TREE.replace("Sandbox", "Playground\n    previously: Sandbox"))
    repo.commit("Say that it is renamed")
    home = repo.accounts()["lab"].parent_id
    assert repo.aft("apply", "--yes").code == 0
    assert repo.accounts()["lab"].parent_id == home
    assert "Playground" in repo.ou_paths()
    assert repo.changes() == []


@pytest.mark.parametrize("scope", [(), ("--only", "lab")])
def test_a_move_says_which_policies_are_left_and_gained(repo: Repo, scope: tuple[str, ...]) -> None:
    """One that is attached to both places is neither."""
    with repo.organizations() as client:
        for name, target in (("strict", "Sandbox"), ("open", "Workloads")):
            made = client.create_policy(
                Content=DENY, Description="", Name=name, Type="SERVICE_CONTROL_POLICY"
            )
            policy_id = made["Policy"]["PolicySummary"]["Id"]
            client.attach_policy(PolicyId=policy_id, TargetId=units(client)[target])
    repo.request("lab", ou="Workloads/Dev")
    repo.commit("Move the lab")
    (move,) = [item for item in repo.plan(*scope)["changes"] if item["action"] == "move"]
    assert move["details"] == ["leaves SCP strict", "gains SCP open"]
    shown = repo.aft("plan", *scope).out
    assert "leaves SCP strict" in shown
    assert "gains SCP open" in shown
    assert repo.aft("apply", "--yes", *scope).code == 0
    assert repo.changes() == []


def test_the_ledger_or_the_tag_alone_finds_it(repo: Repo) -> None:
    home = repo.accounts()["lab"].parent_id
    rename(repo, Sandbox="Playground")
    ledger = repo.git("for-each-ref", "--format=%(refname)", "refs/heads/aft").splitlines()
    for name in ledger:
        repo.git("update-ref", "-d", name)
    plan = repo.aft("plan", "--adopt-ledger", "--format", "json").data
    found = {item["id"]: item["risk"] for item in plan["changes"]}
    assert found["organization/adopt-ou/Sandbox"] == "adopt-ou"
    assert not [name for name in found if "move" in name or "create" in name]
    assert repo.aft("apply", "--yes", "--adopt-ledger").code == 0
    assert repo.accounts()["lab"].parent_id == home
    assert repo.changes() == []


def test_an_ou_that_was_there_before_aft_is_bound_by_the_first_apply(repo: Repo) -> None:
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.create_organizational_unit(ParentId=root, Name="Legacy")
    repo.write(TREE_PATH, TREE + "  - name: Legacy\n")
    repo.commit("List what is there")
    assert repo.changes() == []
    before = repo.git("for-each-ref", "refs/heads/aft")
    assert repo.aft("apply", "--yes").code == 0
    after = repo.git("for-each-ref", "refs/heads/aft")
    assert after != before
    assert repo.aft("apply", "--yes").code == 0
    assert repo.git("for-each-ref", "refs/heads/aft") == after
    rename(repo, Legacy="Old")
    assert repo.changes() == ["organization/adopt-ou/Legacy"]
