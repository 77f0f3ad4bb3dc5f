"""``aft apply PLAN`` carries out exactly that plan, or says what moved and does nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders_repo import Repo

from aft.plan.codec import plan_from_json, plan_to_json


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("saved"))
    repo.request("shop")
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for two")
    repo.apply()
    repo.request("shop", "tags: {team: shop}\n", ou="Workloads/Prod")
    repo.commit("Promote the shop")
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


@pytest.fixture
def plan(repo: Repo, tmp_path: Path) -> str:
    path = tmp_path / "plan.json"
    assert repo.aft("plan", "--out", str(path)).code == 0
    return str(path)


def test_exactly_the_reviewed_plan_is_carried_out(repo: Repo, plan: str) -> None:
    reviewed = json.loads(Path(plan).read_text())
    assert {"summary", "changes", "revision", "snapshot", "digest"} <= reviewed.keys()
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 0, result.out + result.err
    shop = repo.accounts()["shop"]
    assert str(shop.ou) == "Workloads/Prod"
    assert shop.tags["team"] == "shop"
    assert f"Aft-Plan: {reviewed['digest']}" in repo.ledger_log("-1", "--format=%B")


def test_a_plan_that_was_seen_is_not_shown_again(repo: Repo, plan: str) -> None:
    digest = json.loads(Path(plan).read_text())["digest"]
    first, second = repo.aft("apply", plan, "--yes").out.splitlines()[:2]
    assert first == f"Plan {digest[7:19]} of {repo.git('rev-parse', 'HEAD')[:7]}"
    assert second.startswith("Plan: 0 to create, 1 to change, 1 to move")


def test_refused_when_a_touched_account_moved(repo: Repo, plan: str) -> None:
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=shop.id, SourceParentId=shop.parent_id, DestinationParentId=root
        )
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 5
    assert "shop" in result.err
    assert shop.id in result.err
    assert str(repo.accounts()["shop"].ou) == "/", "nothing was done"


def test_refused_when_anything_else_that_was_read_changed(repo: Repo, plan: str) -> None:
    with repo.organizations() as client:
        lab = repo_account(client, "lab")
        client.tag_resource(ResourceId=lab, Tags=[{"Key": "by", "Value": "hand"}])
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 5
    assert "lab" in result.err
    assert str(repo.accounts()["shop"].ou) == "Workloads/Dev"


def test_refused_when_the_repository_went_on(repo: Repo, plan: str) -> None:
    repo.request("other")
    repo.commit("Ask for another")
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 5
    assert repo.git("rev-parse", "HEAD")[:7] in result.err
    assert "other" not in repo.accounts()


def test_refused_when_somebody_applied_meanwhile(repo: Repo, plan: str) -> None:
    repo.apply()
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 5
    assert "ledger" in result.err


def test_a_changed_plan_file_is_no_plan(repo: Repo, plan: str) -> None:
    text = Path(plan).read_text()
    Path(plan).write_text(text.replace("Workloads/Prod", "Sandbox"))
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 1
    assert "altered" in result.err
    assert str(repo.accounts()["shop"].ou) == "Workloads/Dev"


def test_a_plan_of_a_working_tree_cannot_be_applied(repo: Repo, tmp_path: Path) -> None:
    path = str(tmp_path / "dirty.json")
    repo.request("dirty")
    assert repo.aft("plan", "--working-tree", "--out", path).code == 0
    result = repo.aft("apply", path, "--yes")
    assert result.code == 1
    assert "commit" in result.err


def repo_account(client: object, name: str) -> str:
    pages = client.get_paginator("list_accounts").paginate()  # type: ignore[attr-defined]
    return next(
        account["Id"] for page in pages for account in page["Accounts"] if account["Name"] == name
    )


def test_refused_when_this_version_would_do_something_else(repo: Repo, plan: str) -> None:
    """As when another release of aft, or of a plug-in, made the plan."""
    made = plan_from_json(Path(plan).read_text())
    first, *rest = made.changes
    theirs = replace(made, changes=(replace(first, effect="sha256:" + "0" * 64), *rest))
    Path(plan).write_text(plan_to_json(theirs))
    result = repo.aft("apply", plan, "--yes")
    assert result.code == 5
    assert "made by another version of aft or of a plug-in" in result.err
    assert "shop: move account would do something else" in result.err
    assert str(repo.accounts()["shop"].ou) == "Workloads/Dev", "nothing was done"
