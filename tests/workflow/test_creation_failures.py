"""When AWS does not create an account: one row says why and what to do, the others are done, and
fixing the file is enough. An e-mail address that is taken is looked at, never asked for twice."""

from __future__ import annotations

from pathlib import Path

import boto3
import botocore.session
import pytest
from builders_repo import CONFIG, Repo

from aft.providers.organizations.failures import failure_of
from aft.sandbox import AccountSpec


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Accounts without anything inside, which is quick."""
    repo = Repo.create(tmp_path / "repo")
    repo.write("aft.yaml", CONFIG)
    repo.write(
        "customizations/organization/organization.yaml",
        "organizational_units:\n  - name: Sandbox\n",
    )
    repo.request("good", ou="Sandbox")
    repo.request("unlucky", "tags: {team: search}\n", ou="Sandbox")
    repo.commit("Ask for two")
    return repo


def creations(repo: Repo) -> list[tuple[str, str]]:
    """Every CreateAccount that AWS accepted, and how it ended."""
    with repo.organizations() as client:
        pages = client.get_paginator("list_create_account_status").paginate()
        return sorted(
            (item["AccountName"], item["State"])
            for page in pages
            for item in page["CreateAccountStatuses"]
        )


@pytest.mark.parametrize(
    "reason",
    ["ACCOUNT_LIMIT_EXCEEDED", "EMAIL_ALREADY_EXISTS", "INTERNAL_FAILURE", "INVALID_EMAIL"],
)
def test_a_failed_creation_is_one_row_and_the_next_run_fixes_it(repo: Repo, reason: str) -> None:
    with repo.sandbox() as sandbox:
        sandbox.fail_creation("aws+unlucky@example.com", reason)
    result = repo.aft("apply", "--yes")
    assert result.code == 4, result.out + result.err
    assert "failed unlucky create account: " in result.out
    assert reason in result.out
    assert result.last_line.startswith("Apply: 1 of 2 accounts done, 1 failed; ")
    assert set(repo.accounts()) == {"good"}

    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    assert rows["good"]["state"] == "active"
    assert rows["unlucky"]["state"] == "failed"
    (failure,) = rows["unlucky"]["failed"]
    assert failure["step"] == "account"
    assert reason in failure["reason"]
    assert len(failure["hint"]) > 20
    assert reason in repo.aft("history", "unlucky").out

    repo.write(
        "account-requests/unlucky.yaml",
        "name: unlucky\nemail: aws+lucky@example.com\nou: Sandbox\ntags: {team: search}\n",
    )
    repo.commit("Another address")
    assert "tried again" in repo.aft("plan").out
    repo.apply()
    accounts = repo.accounts()
    assert set(accounts) == {"good", "unlucky"}
    assert accounts["unlucky"].email == "aws+lucky@example.com"
    assert repo.changes() == []
    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    assert (rows["unlucky"]["state"], rows["unlucky"]["failed"]) == ("active", [])
    made = creations(repo)
    assert made.count(("unlucky", "SUCCEEDED")) == made.count(("good", "SUCCEEDED")) == 1


def test_every_reason_that_aws_can_give_has_a_hint_of_its_own() -> None:
    model = botocore.session.get_session().get_service_model("organizations")
    hints = {
        reason: failure_of(reason).hint
        for reason in model.shape_for("CreateAccountFailureReason").enum
    }
    unknown = failure_of("SOMETHING_NEW").hint
    assert len(hints) >= 15
    assert unknown
    assert [reason for reason, hint in hints.items() if hint in ("", unknown)] == []


def test_the_quota_is_reached_half_way(repo: Repo) -> None:
    for number in range(4):
        repo.request(f"more-{number}", ou="Sandbox")
    repo.commit("Ask for six")
    with repo.sandbox() as sandbox:
        sandbox.configure(account_quota=4)  # the management account is one of them
    result = repo.aft("apply", "--yes")
    assert result.code == 4
    assert result.last_line.startswith("Apply: 3 of 6 accounts done, 3 failed; ")
    assert "L-E619E033" in result.out or "quota" in result.out
    assert len(repo.accounts()) == 3

    with repo.sandbox() as sandbox:
        sandbox.configure(account_quota=100)
    repo.apply()
    assert len(repo.accounts()) == 6
    assert [state for _, state in creations(repo)] == ["SUCCEEDED"] * 6


def test_five_slots_that_others_hold_are_waited_for(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        sandbox.configure(creation_seconds=(90.0, 90.0))
        client = boto3.Session(botocore_session=sandbox.botocore_session()).client("organizations")
        for number in range(5):
            client.create_account(AccountName=f"other-{number}", Email=f"o{number}@example.com")
    repo.apply()
    assert {"good", "unlucky", "other-0", "other-4"} <= set(repo.accounts())


def test_a_limited_plan_that_meets_an_untagged_account_of_ours_takes_it(repo: Repo) -> None:
    """``--only`` does not look through all e-mail addresses; CreateAccount then says it."""
    with repo.sandbox() as sandbox:
        sandbox.seed_accounts(
            [AccountSpec(name="old", email="AWS+unlucky@example.com", account_id="210000000001")]
        )
    result = repo.aft("apply", "--yes", "--only", "unlucky")
    assert result.code == 0, result.out + result.err
    account = repo.accounts()["unlucky"]
    assert account.id == "210000000001"
    assert str(account.ou) == "Sandbox"
    assert account.tags == {"aft:request": "unlucky", "team": "search"}
    assert repo.aft("apply", "--yes").code == 0
    assert set(repo.accounts()) == {"good", "unlucky"}
    assert repo.changes() == []


def test_the_account_of_another_request_is_not_taken(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        (taken,) = sandbox.seed_accounts(
            [AccountSpec(name="old", email="aws+unlucky@example.com", ou="Sandbox")]
        )
    with repo.organizations() as client:
        client.tag_resource(ResourceId=taken, Tags=[{"Key": "aft:request", "Value": "elsewhere"}])
    result = repo.aft("apply", "--yes", "--only", "unlucky", "--only", "good")
    assert result.code == 4
    assert f"{taken}) already, and the tag aft:request says it is elsewhere's" in one_line(
        result.out
    )
    accounts = repo.accounts()
    assert set(accounts) == {"good", "old"}
    assert accounts["old"].tags == {"aft:request": "elsewhere"}


def test_an_address_of_a_closed_account_is_said_to_be_one(repo: Repo) -> None:
    with repo.sandbox() as sandbox:
        (closed,) = sandbox.seed_accounts(
            [AccountSpec(name="old", email="aws+unlucky@example.com")]
        )
    with repo.organizations() as client:
        client.close_account(AccountId=closed)
    result = repo.aft("apply", "--yes", "--only", "unlucky")
    assert result.code == 4
    assert closed in result.out
    assert "SUSPENDED" in result.out
    assert "another" in result.out
    assert [name for name, state in creations(repo) if state == "SUCCEEDED"] == []


def one_line(text: str) -> str:
    return " ".join(text.split())
