"""What happens to accounts after their first day: each change is one edited file."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import ORGANIZATION, Repo

from aft.sandbox.seed import AccountSpec


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("saved"))
    repo.request("shop", "tags: {team: shop, stage: dev}\n")
    repo.commit("Ask for the shop")
    repo.apply()
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


def test_move_rename_and_tags_with_removal(repo: Repo) -> None:
    before = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.tag_resource(ResourceId=before.id, Tags=[{"Key": "by-hand", "Value": "kept"}])
    repo.write(
        "account-requests/shop.yaml",
        "name: web-shop\nemail: aws+shop@example.com\nou: Workloads/Prod\ntags: {team: web}\n",
    )
    repo.commit("Promote the shop")
    assert repo.aft("plan").last_line.startswith(
        "Plan: 0 to create, 1 to change, 1 to move, 0 to close."
    )
    repo.apply()

    after = repo.accounts()["web-shop"]
    assert after.id == before.id
    assert str(after.ou) == "Workloads/Prod"
    assert after.tags == {"team": "web", "aft:request": "shop", "by-hand": "kept"}
    assert repo.changes() == []


def test_moving_the_file_changes_nothing(repo: Repo) -> None:
    repo.git("mv", "account-requests/shop.yaml", "account-requests/renamed-folder.tmp")
    repo.write(
        "account-requests/teams/shop.yaml",
        (repo.root / "account-requests/renamed-folder.tmp").read_text(),
    )
    repo.remove("account-requests/renamed-folder.tmp")
    repo.commit("Sort requests into folders")
    assert repo.changes() == []
    commits = [
        entry["what"]
        for entry in repo.aft("history", "shop", "--json").data
        if entry["kind"] == "commit"
    ]
    assert commits == ["Ask for the shop", "Sort requests into folders"]


def test_a_new_request_id_keeps_the_account(repo: Repo) -> None:
    before = repo.accounts()["shop"].id
    repo.write(
        "account-requests/store.yaml",
        (repo.root / "account-requests/shop.yaml").read_text() + "previously: shop\n",
    )
    repo.remove("account-requests/shop.yaml")
    repo.commit("Call it store")
    repo.apply()
    accounts = repo.accounts()
    assert [account.id for account in accounts.values()] == [before]
    assert accounts["shop"].tags["aft:request"] == "store"
    assert repo.changes() == []
    told = [entry["what"] for entry in repo.aft("history", "store", "--json").data]
    assert told[0] == "Ask for the shop"
    assert "Call it store" in told
    assert any("Create account" in what for what in told), "the old id's story goes on"


def test_organization_is_no_request_id(repo: Repo) -> None:
    repo.request("organization")
    found = repo.aft("validate", "--format", "json").data["findings"]
    assert [(item["path"], item["code"]) for item in found] == [
        ("account-requests/organization.yaml", "AFT805")
    ]


def test_removing_the_file_forgets_the_account_and_leaves_it_alone(repo: Repo) -> None:
    before = repo.accounts()["shop"]
    repo.remove("account-requests/shop.yaml")
    repo.commit("The shop leaves aft")
    assert "- shop" in repo.aft("plan").out
    repo.apply()
    after = repo.accounts()["shop"]
    assert (after.id, after.ou, after.state) == (before.id, before.ou, before.state)
    assert dict(after.tags) == {}
    assert repo.changes() == []
    assert repo.aft("history", "shop").code == 0, "its story stays readable"


def test_existing_accounts_are_adopted_by_id_or_email(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        sandbox.seed_accounts(
            [
                AccountSpec(name="old-one", email="one@example.com", account_id="210000000001"),
                AccountSpec(name="old-two", email="Two@Example.com", account_id="210000000002"),
            ]
        )
    repo.write(
        "account-requests/one.yaml",
        'name: one\nemail: one@example.com\nou: Sandbox\naccount_id: "210000000001"\n',
    )
    repo.write("account-requests/two.yaml", "name: two\nemail: two@example.com\nou: Sandbox\n")
    repo.commit("Adopt two")
    assert ", 2 to adopt" in repo.aft("plan").last_line
    repo.apply()
    accounts = repo.accounts()
    assert accounts["one"].id == "210000000001"
    assert accounts["two"].id == "210000000002"
    assert {str(accounts[name].ou) for name in ("one", "two")} == {"Sandbox"}
    assert len(accounts) == 3


def test_the_ou_tree_follows_its_file(repo: Repo) -> None:
    repo.write(
        "customizations/organization/organization.yaml",
        ORGANIZATION.replace(
            "name: Prod", "name: Production\n        previously: Workloads/Prod"
        ).replace("  - name: Sandbox\n", "  - name: Playground\n")
        + "removed: [Sandbox]\n",
    )
    repo.write(
        "customizations/baselines/standard.yaml",
        "select: {organizational_units: [Workloads]}\nsettings:\n  - setting: ssm-metadata\n",
    )
    repo.commit("Another tree")
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.create_organizational_unit(ParentId=root, Name="Unmanaged")
    repo.apply()
    assert repo.ou_paths() == {
        "Workloads",
        "Workloads/Production",
        "Workloads/Dev",
        "Playground",
        "Unmanaged",
    }


def test_an_ou_with_something_inside_is_not_deleted(repo: Repo) -> None:
    repo.write(
        "customizations/organization/organization.yaml",
        "organizational_units:\n  - name: Workloads\n    children:\n"
        "      - name: Prod\n      - name: Dev\nremoved: [Sandbox]\n",
    )
    repo.write(
        "customizations/baselines/standard.yaml",
        "select: {organizational_units: [Workloads]}\nsettings:\n  - setting: ssm-metadata\n",
    )
    repo.commit("No more sandboxes")
    with repo.sandbox() as sandbox:
        sandbox.seed_accounts([AccountSpec(name="ada", email="ada@example.com", ou="Sandbox")])
    result = repo.aft("plan")
    assert "ada" in result.out
    assert "!" in result.out
    repo.apply(code=4)
    assert "Sandbox" in repo.ou_paths()


def test_a_protected_account_is_not_moved(repo: Repo) -> None:
    repo.request("shop", "protect: true\ntags: {team: shop, stage: dev}\n", ou="Workloads/Prod")
    repo.commit("Move what is protected")
    plan = repo.aft("plan")
    assert "protect" in plan.out
    repo.aft("apply", "--yes")
    assert str(repo.accounts()["shop"].ou) == "Workloads/Dev"


def test_a_change_by_hand_is_put_back(repo: Repo) -> None:
    account = repo.accounts()["shop"]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=account.id, SourceParentId=account.parent_id, DestinationParentId=root
        )
        client.untag_resource(ResourceId=account.id, TagKeys=["team"])
    repo.apply()
    after = repo.accounts()["shop"]
    assert str(after.ou) == "Workloads/Dev"
    assert after.tags["team"] == "shop"


def test_safety_limits_refuse_and_a_reviewed_line_lifts_them(repo: Repo) -> None:
    config = (repo.root / "aft.yaml").read_text()
    repo.write("aft.yaml", config.replace("{create: 25}", "{create: 25, move: 0}"))
    repo.request("shop", "tags: {team: shop, stage: dev}\n", ou="Workloads/Prod")
    repo.commit("Move with no moves allowed")
    assert repo.aft("plan").code == 5
    refused = repo.aft("apply", "--yes")
    assert refused.code == 5
    assert "add `allow: [{what: move, up_to: 1" in " ".join((refused.out + refused.err).split())
    assert str(repo.accounts()["shop"].ou) == "Workloads/Dev"

    line = "{what: move, up_to: 1, reason: promotion, until: 2099-01-01}"
    repo.write("aft.yaml", config.replace("{create: 25}", "{move: 0}") + f"allow: [{line}]\n")
    repo.commit("Allow one move")
    repo.apply()
    assert str(repo.accounts()["shop"].ou) == "Workloads/Prod"
