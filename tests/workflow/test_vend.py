"""The main job, end to end: files in git become baselined, customized accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import STACK, Repo


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.apart(tmp_path_factory.mktemp("saved"))
    repo.write("customizations/global/10-news.cfn.yaml", STACK)
    repo.write(
        "customizations/accounts/web/20-publish.py",
        "def customize(context):\n"
        "    topic = context.outputs['global/10-news.cfn.yaml']['TopicArn']\n"
        "    context.client('ssm').put_parameter(\n"
        "        Name='/news', Value=topic, Type='String', Overwrite=True)\n"
        "    return {'Topic': topic}\n",
    )
    repo.request("shop-dev", "customizations: [web]\ntags: {team: shop}\n")
    repo.request("shop-prod", "depends_on: [shop-dev]\n", ou="Workloads/Prod")
    repo.commit("Ask for the shop's accounts")
    return repo


@pytest.fixture
def repo(asked: Repo, tmp_path: Path) -> Repo:
    return asked.copy(tmp_path)


@pytest.fixture(scope="module")
def saved(asked: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = asked.copy(tmp_path_factory.mktemp("vended"))
    repo.apply()
    return repo


@pytest.fixture
def vended(saved: Repo, tmp_path: Path) -> Repo:
    return saved.copy(tmp_path)


def test_files_become_accounts_and_the_second_plan_is_empty(vended: Repo) -> None:
    accounts = vended.accounts()
    assert {name: str(account.ou) for name, account in accounts.items()} == {
        "shop-dev": "Workloads/Dev",
        "shop-prod": "Workloads/Prod",
    }
    assert accounts["shop-dev"].tags == {"team": "shop", "aft:request": "shop-dev"}
    with vended.inside("shop-dev") as client:
        assert client("iam").list_account_aliases()["AccountAliases"] == ["acme-shop-dev"]
        policy = client("iam").get_account_password_policy()["PasswordPolicy"]
        assert policy["MinimumPasswordLength"] >= 14
        ssm = client("ssm")
        assert ssm.get_parameter(Name="/news")["Parameter"]["Value"].endswith(":shop-dev-news")
        assert ssm.get_parameter(Name="/aft/account/request-id")["Parameter"]["Value"] == "shop-dev"
        stacks = client("cloudformation").describe_stacks()["Stacks"]
        assert [stack["StackStatus"] for stack in stacks] == ["CREATE_COMPLETE"]

    again = vended.aft("plan")
    assert again.code == 0
    head = vended.git("rev-parse", "--short=7", "HEAD")
    assert again.last_line == f"No changes. 2 accounts match the repository at {head}."


def test_plan_says_what_apply_then_does(repo: Repo) -> None:
    planned = repo.aft("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert planned.last_line == (
        "Plan: 2 to create, 0 to change, 0 to move, 0 to close, 4 OU changes. "
        "2 of 2 accounts affected."
    )
    assert repo.accounts() == {}, "a plan changes nothing"

    repo.apply()
    assert repo.aft("plan", "--detailed-exitcode").code == 0


def test_the_ledger_tells_the_story_of_one_account(vended: Repo) -> None:
    commit = vended.git("rev-parse", "HEAD")

    account_id = vended.accounts()["shop-dev"].id
    story = vended.ledger_log("--reverse", "--format=%s%n%b", "--", ":(glob)accounts/*/shop-dev/**")
    assert f"Aft-Request-Commit: {commit}" in story
    assert f"Aft-Account: {account_id}" in story
    assert "Aft-Aws-Request: organizations:CreateAccount:" in story
    kinds = [
        line.removeprefix("Aft-Event: ")
        for line in story.splitlines()
        if line.startswith("Aft-Event: ")
    ]
    assert kinds[:3] == ["intent", "creating", "bound"]
    assert kinds.count("step-done") >= 5
    assert "step-failed" not in kinds


def test_history_joins_request_commits_and_ledger(vended: Repo) -> None:
    events = vended.aft("history", "shop-dev", "--json").data
    assert events[0]["kind"] == "commit"
    assert events[0]["who"] == "Grace Hopper"
    assert [event["kind"] for event in events[1:4]] == ["intent", "creating", "bound"]
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)

    text = vended.aft("history", "shop-dev").out
    assert "Ask for the shop's accounts" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_status_has_a_line_per_request(repo: Repo) -> None:
    before = {row["id"]: row["state"] for row in repo.aft("status", "--json").data["accounts"]}
    assert before == {"shop-dev": "requested", "shop-prod": "requested"}
    repo.apply()

    rows = repo.aft("status", "--json").data["accounts"]
    assert [row["state"] for row in rows] == ["active", "active"]
    assert set(rows[0]) >= {"id", "account_id", "ou", "state", "last_run", "pending", "failed"}
    offline = repo.aft("status", "--offline", "--json").data["accounts"]
    assert [row["account_id"] for row in offline] == [row["account_id"] for row in rows]


def test_an_unchanged_second_apply_writes_nothing(vended: Repo) -> None:
    ledger = vended.git("rev-parse", "aft/ledger-sandbox")
    result = vended.apply()
    assert "No changes." in result.out
    assert vended.git("rev-parse", "aft/ledger-sandbox") == ledger


def test_apply_reports_as_json(repo: Repo) -> None:
    outcome = repo.aft("apply", "--yes", "--json").data
    others = {"failed": 0, "blocked": 0, "stopped": 0, "held": 0}
    assert outcome["counts"] == {"succeeded": 3, **others}
    assert {row["id"] for row in outcome["accounts"]} == {"organization", "shop-dev", "shop-prod"}


def test_uncommitted_files_are_left_out_and_said_so(repo: Repo) -> None:
    repo.request("late")
    result = repo.aft("plan")
    assert "account-requests/late.yaml differs from HEAD" in result.err
    assert "late" not in result.out
    assert "+ late" in repo.aft("plan", "--working-tree").out
