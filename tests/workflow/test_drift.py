"""What somebody changes by hand is found, told from what is still to be applied, and put back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders_repo import Repo

from aft.app.local_paths import STATE_VARIABLE


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Three accounts as their requests want them."""
    folder = tmp_path_factory.mktemp("drift")
    repo = Repo.standard(folder / "repo")
    repo.environ = {STATE_VARIABLE: str(folder / "organization.state")}
    for name in ("shop", "lab", "desk"):
        repo.request(name, "tags: {cost: '1'}\n")
    repo.commit("Ask for three")
    repo.apply()
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


def drift(repo: Repo, *arguments: str, code: int = 2) -> Any:
    result = repo.aft("drift", "--format", "json", *arguments)
    assert result.code == code, result.out + result.err
    return result.data


def told(found: Any) -> list[tuple[str, str, str]]:
    return [(item["id"], item["what"], item["subject"]) for item in found["outside"]]


def by_hand(repo: Repo, name: str = "shop") -> None:
    """The account is moved, renamed, and tagged otherwise; its alias is another."""
    account = repo.accounts()[name]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=account.id, SourceParentId=account.parent_id, DestinationParentId=root
        )
        client.tag_resource(ResourceId=account.id, Tags=[{"Key": "cost", "Value": "2"}])
        client.untag_resource(ResourceId=account.id, TagKeys=["aft:request"])
    alias_by_hand(repo, name)


def alias_by_hand(repo: Repo, name: str) -> None:
    with repo.inside(name) as client:
        iam = client("iam")
        iam.delete_account_alias(AccountAlias=f"acme-{name}")
        iam.create_account_alias(AccountAlias=f"mine-{name}")


def alias(repo: Repo, name: str) -> list[str]:
    with repo.inside(name) as client:
        found: list[str] = client("iam").list_account_aliases()["AccountAliases"]
        return found


def test_nothing_changed(repo: Repo, tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.mkdir()
    (report / "issue.md").write_text("of the last run")
    result = repo.aft("drift", "--report", str(report))
    assert result.code == 0
    assert result.last_line.startswith("No drift. 3 accounts looked at for ")
    assert not (report / "issue.md").exists(), "so that the issue is closed"
    assert "none" in (report / "summary.md").read_text()
    assert json.loads((report / "drift.json").read_text())["drift"] is False


def test_everything_changed_by_hand_is_found(repo: Repo, tmp_path: Path) -> None:
    by_hand(repo)
    found = drift(repo, "--report", str(tmp_path))
    assert told(found) == [
        ("shop", "move-account/ou", ""),
        ("shop", "update-account/tags", ""),
        ("shop", "update-setting", "account-alias"),
    ]
    lines = [line for item in found["outside"] for line in item["differences"]]
    assert lines[0] == "OU is /, was applied as Workloads/Dev"
    assert "tag cost is 2, was applied as 1" in lines
    assert "tag aft:request is gone, was applied as shop" in lines
    assert any("mine-shop" in line for line in lines)
    assert found["pending"] == []
    issue = (tmp_path / "issue.md").read_text()
    assert issue.startswith("<!-- aft:drift -->\n")
    assert "OU is /, was applied as Workloads/Dev" in issue
    assert json.loads((tmp_path / "drift.json").read_text()) == found
    text = repo.aft("drift")
    assert text.code == 2
    assert text.last_line == "Drift: 3 things changed outside git in 1 account."


def test_repair_puts_it_back_and_nothing_else(repo: Repo, tmp_path: Path) -> None:
    by_hand(repo)
    repo.request("desk", "tags: {cost: '9'}\n", ou="Workloads/Prod")
    repo.request("new")
    repo.commit("Ask for more")
    found = drift(repo)
    assert {item["id"] for item in found["outside"]} == {"shop"}
    assert {item["id"] for item in found["pending"]} == {"desk", "new"}
    result = repo.aft("drift", "--repair", "--yes", "--report", str(tmp_path))
    assert result.code == 0, result.out + result.err
    accounts = repo.accounts()
    assert "new" not in accounts
    assert str(accounts["shop"].ou) == "Workloads/Dev"
    assert accounts["shop"].tags == {"aft:request": "shop", "cost": "1"}
    assert alias(repo, "shop") == ["acme-shop"]
    assert str(accounts["desk"].ou) == "Workloads/Dev", "asked for, not applied: not a repair"
    assert accounts["desk"].tags["cost"] == "1"
    assert not (tmp_path / "issue.md").exists()
    assert "Begin drift --repair" in repo.ledger_log("--format=%s")
    assert {item["id"] for item in drift(repo, code=0)["pending"]} == {"desk", "new"}


def test_what_waits_for_a_review_keeps_the_issue_open(repo: Repo, tmp_path: Path) -> None:
    report = tmp_path / "report"
    assert repo.aft("plan", "--report", str(report)).code == 0
    reviewed = str(report / "reviewed.json")
    repo.request("shop", ou="Workloads/Dev")
    repo.commit("Take a tag away, which no review has seen")
    assert repo.aft("apply", "--yes", "--reviewed", reviewed).code == 4
    found = drift(repo, "--report", str(report), code=0)
    assert [(item["id"], item["what"], item["state"]) for item in found["undone"]] == [
        ("shop", "account tags", "held")
    ]
    issue = (report / "issue.md").read_text()
    assert "something that git asks for is not done" in issue
    repo.apply()
    assert drift(repo, "--report", str(report), code=0)["undone"] == []
    assert not (report / "issue.md").exists()


def test_what_git_asks_for_is_pending_not_drift(repo: Repo) -> None:
    repo.request("shop", "tags: {cost: '2'}\n", ou="Workloads/Prod")
    repo.commit("Promote the shop")
    found = drift(repo, code=0)
    assert [(item["id"], item["what"]) for item in found["pending"]] == [
        ("shop", "move-account/ou"),
        ("shop", "update-account/tags"),
        ("shop", "update-setting"),
    ]


def test_both_at_once_waits_for_the_apply(repo: Repo) -> None:
    """One tag was changed by hand, another is asked for: no repair may set the second."""
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.tag_resource(ResourceId=shop.id, Tags=[{"Key": "cost", "Value": "2"}])
    alias_by_hand(repo, "shop")
    repo.request("shop", "tags: {cost: '1', stage: dev}\n")
    repo.commit("One more tag")
    found = drift(repo)
    assert told(found) == [
        ("shop", "update-account/tags", ""),
        ("shop", "update-setting", "account-alias"),
    ]
    assert found["outside"][0]["change"] is None
    result = repo.aft("drift", "--repair", "--yes")
    assert result.code == 2, "something is left"
    assert repo.accounts()["shop"].tags["cost"] == "2"
    assert alias(repo, "shop") == ["mine-shop"], "after what it waits for"
    repo.apply()
    assert told(drift(repo)) == [("shop", "update-setting", "account-alias")]


def test_a_suspended_account_and_one_nobody_knows(repo: Repo) -> None:
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.close_account(AccountId=shop.id)
        client.create_account(AccountName="stranger", Email="stranger@example.com")
    found = drift(repo)
    assert told(found) == [("shop", "account-suspended", "")]
    assert [item["name"] for item in found["unmanaged"]] == ["stranger"]
    result = repo.aft("drift", "--repair", "--yes")
    assert result.code == 2, "nobody but a person can fix that"


def test_a_file_that_moved_since_is_found_at_its_old_place(repo: Repo) -> None:
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.tag_resource(ResourceId=shop.id, Tags=[{"Key": "cost", "Value": "2"}])
    (repo.root / "account-requests/team").mkdir()
    repo.git("mv", "account-requests/shop.yaml", "account-requests/team/shop.yaml")
    repo.commit("Tidy up")
    assert told(drift(repo)) == [("shop", "update-account/tags", "")]


def test_only_what_is_named_is_looked_at(repo: Repo) -> None:
    by_hand(repo, "shop")
    alias_by_hand(repo, "lab")
    found = drift(repo, "--only", "lab")
    assert told(found) == [("lab", "update-setting", "account-alias")]
    assert found["scope"] == ["lab"]


def test_a_repair_is_held_to_the_limits(repo: Repo, tmp_path: Path) -> None:
    repo.write("aft.yaml", (repo.root / "aft.yaml").read_text().replace("{", "{move: 0, "))
    repo.commit("Move nothing")
    by_hand(repo)
    result = repo.aft("drift", "--repair", "--yes", "--report", str(tmp_path))
    assert result.code == 5
    assert str(repo.accounts()["shop"].ou) == "/"
    assert "changed outside git" in (tmp_path / "issue.md").read_text()


def test_a_deleted_unit_is_made_again(repo: Repo) -> None:
    """It was made by aft once, so its absence is no wish of git's."""
    repo.request("extra", ou="Sandbox")
    repo.commit("Use the sandbox OU")
    repo.apply()
    extra = repo.accounts()["extra"]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=extra.id, SourceParentId=extra.parent_id, DestinationParentId=root
        )
        client.delete_organizational_unit(OrganizationalUnitId=extra.parent_id)
    assert [item[1] for item in told(drift(repo))] == ["create-ou", "move-account/ou"]
    assert repo.aft("drift", "--repair", "--yes").code == 0
    assert str(repo.accounts()["extra"].ou) == "Sandbox"


def test_without_a_ledger_nothing_is_called_drift(repo: Repo) -> None:
    by_hand(repo)
    repo.git("branch", "-D", "aft/ledger-sandbox")
    found = drift(repo, "--adopt-ledger", code=0)
    moved = [item for item in found["pending"] if item["what"] == "move-account/ou"]
    assert moved
    assert "the ledger does not say" in moved[0]["note"]


def test_what_is_masked_elsewhere_is_masked_here(repo: Repo, tmp_path: Path) -> None:
    config = (repo.root / "aft.yaml").read_text()
    repo.write("aft.yaml", config + "report: {mask: [emails, account-ids]}\n")
    repo.commit("Anybody can read this")
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        client.untag_resource(ResourceId=shop.id, TagKeys=["cost"])
        client.create_account(AccountName="stranger", Email="stranger@example.com")
    said = repo.aft("drift", "--report", str(tmp_path)).out
    said += repo.aft("drift", "--format", "markdown").out
    for name in ("issue.md", "summary.md", "drift.json"):
        said += (tmp_path / name).read_text()
    assert "tag cost is gone" in said
    assert shop.id not in said
    assert "stranger@" not in said


def test_a_check_that_failed_is_not_no_drift(repo: Repo, tmp_path: Path) -> None:
    repo.write("aft.yaml", "home_region: nowhere\n")
    repo.commit("Break it")
    result = repo.aft("drift", "--report", str(tmp_path))
    assert result.code == 3
    issue = (tmp_path / "issue.md").read_text()
    assert issue.startswith("<!-- aft:drift -->\n")
    assert "failed" in issue
    assert not (tmp_path / "drift.json").exists()


def test_published_on_the_way(repo: Repo) -> None:
    assert repo.aft("drift", "--publish").code == 0
    assert repo.aft("plan", "--published").code == 0
