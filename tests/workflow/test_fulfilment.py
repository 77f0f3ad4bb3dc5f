"""Green means fulfilled, and red is for one's own change: one story over one organization."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders_repo import Repo, Result

from aft.plan.reviewed import NOTHING_REVIEWED, reviewed_to_json


@pytest.fixture(scope="module")
def vended(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("fulfilment"))
    repo.request("shop")
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for two")
    repo.apply()
    return repo


@pytest.fixture
def repo(vended: Repo, tmp_path: Path) -> Repo:
    return vended.copy(tmp_path)


def unknown_account(repo: Repo) -> None:
    repo.request("old", 'account_id: "999999999999"\n')
    repo.commit("Adopt an account that is not there")


def other_address(repo: Repo) -> None:
    text = (repo.root / "account-requests/lab.yaml").read_text()
    repo.write("account-requests/lab.yaml", text.replace("aws+lab@", "new+lab@"))
    repo.commit("Another address")


def closed_account(repo: Repo) -> None:
    """Closed in the console; the commit asks for something all the same."""
    lab = repo.accounts()["lab"].id
    with repo.organizations() as client:
        client.close_account(AccountId=lab)
    repo.request("lab", "tags: {a: b}\n", ou="Sandbox")
    repo.commit("Tag the lab")


CASES = (unknown_account, other_address, closed_account)


def reviewed(repo: Repo, folder: Path, *options: str) -> str:
    assert repo.aft("plan", "--report", str(folder), *options).code == 0
    return str(folder / "reviewed.json")


def apply(repo: Repo, seen: str, *options: str) -> Result:
    return repo.aft("apply", "--yes", "--reviewed", seen, *options)


@pytest.mark.parametrize("break_something", CASES, ids=[case.__name__ for case in CASES])
def test_what_cannot_be_fulfilled_is_red_for_its_own_change_alone(
    repo: Repo, tmp_path: Path, break_something: object
) -> None:
    assert callable(break_something)
    break_something(repo)
    assert repo.aft("plan").code == 0
    assert repo.aft("plan", "--detailed-exitcode").code == 2
    shown = repo.aft("plan").last_line
    assert shown.startswith("No changes; 1 request needs attention. ") or "to change" in shown

    own = reviewed(repo, tmp_path / "own")
    first = apply(repo, own)
    assert first.code == 4, first.out
    assert "1 request needs attention" in first.last_line
    assert apply(repo, own).code == 4, "it is not fulfilled by trying again"
    assert repo.aft("apply", "--yes").code == 4, "by hand everything is covered"

    repo.request("wiki")
    repo.commit("Ask for a third")
    for name, options in (("full", ()), ("limited", ("--changed-since", "HEAD~1"))):
        seen = reviewed(repo, tmp_path / name, *options)
        result = apply(repo, seen, "--report", str(tmp_path / f"{name}-applied"))
        assert result.code == 0, result.out
        assert "1 unfulfilled, which this change does not cover" in result.last_line
        comment = (tmp_path / f"{name}-applied/comment.md").read_text()
        assert "1 unfulfilled, which this change does not cover" in comment.splitlines()[2]
        outcome = json.loads((tmp_path / f"{name}-applied/outcome.json").read_text())
        assert [item["covered"] for item in outcome["unfulfilled"]] == [False]
        assert apply(repo, seen, "--strict").code == 4
    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    assert "wiki" in repo.accounts()
    (doubtful,) = [row for row in rows.values() if row["state"] != "active"]
    assert doubtful["attention"]
    offline = {row["id"]: row for row in repo.aft("status", "--offline", "--json").data["accounts"]}
    assert "since" in offline[doubtful["id"]]["attention"][0]


def test_what_was_pushed_without_a_review_is_red_once_for_those_who_pushed_it(
    repo: Repo, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    assert apply(repo, str(nothing)).code == 0
    unknown_account(repo)
    assert apply(repo, str(nothing)).code == 4
    assert apply(repo, str(nothing)).code == 0, "it stood so before"
    assert apply(repo, str(nothing), "--strict").code == 4


def test_a_run_over_one_request_takes_nobody_elses_push_off_the_books(
    repo: Repo, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    other_address(repo)
    repo.request("shop", "tags: {a: b}\n")
    repo.commit("Tag the shop")
    assert repo.aft("apply", "--yes", "--only", "shop").code == 0
    assert apply(repo, str(nothing)).code == 4, "the lab's address was pushed since"


def test_what_is_pushed_is_red_also_for_accounts_that_had_something_undone(
    repo: Repo, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text(reviewed_to_json(NOTHING_REVIEWED))
    repo.write("customizations/global/10-code.py", "def handle(context):\n    pass\n")
    repo.commit("Code with an error")
    assert apply(repo, str(nothing)).code == 4
    assert apply(repo, str(nothing)).code == 0, "it stood so before"
    repo.write("customizations/global/10-code.py", "def customize(context):\n    pass\n")
    repo.commit("Without, and not reviewed")
    held = apply(repo, str(nothing))
    assert held.code == 4, held.out
    assert "new or changed code" in held.out
    assert apply(repo, str(nothing)).code == 0, "it stood so before"


def test_one_account_moved_by_hand_makes_nobody_elses_merge_red(repo: Repo, tmp_path: Path) -> None:
    repo.request("wiki")
    repo.commit("Ask for a third")
    seen = reviewed(repo, tmp_path / "report")
    shop = repo.accounts()["shop"]
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=shop.id, SourceParentId=shop.parent_id, DestinationParentId=root
        )
    result = apply(repo, seen)
    assert result.code == 0, result.out
    assert "held > shop: move " in result.out
    assert str(repo.accounts()["shop"].ou) == "/"
    assert str(repo.accounts()["wiki"].ou) == "Workloads/Dev"


def test_a_ledger_of_another_organization_concludes_nothing(repo: Repo) -> None:
    repo.state_file.unlink()
    for arguments in (("plan",), ("plan", "--detailed-exitcode"), ("apply", "--yes")):
        result = repo.aft(*arguments)
        assert result.code == 1, result.out
        assert "none of the 2 accounts in the ledger is in organization" in result.err
        assert "No changes" not in result.out
        assert "match" not in result.out
