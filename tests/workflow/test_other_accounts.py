"""Baselines whose settings reach into an audit and a log archive account, through the CLI."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from builders_repo import Repo

BASELINE = """\
description: Watched and logged
select:
  organizational_units: [Workloads, Sandbox]
settings:
  - setting: cloudtrail
    parameters: {log_archive: log-archive}
  - setting: guardduty
    parameters: {administrator: audit}
  - setting: budget
  - setting: cost-allocation-tags
    parameters: {keys: [project]}
"""
HOME = "eu-central-1"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    for name in ("log-archive", "audit"):
        repo.request(name)
    # Its name sorts before those of the accounts it needs.
    repo.request("app", "budget: {monthly_usd: 9, subscribers: [a@example.com]}\n")
    repo.commit("Ask for accounts that watch each other")
    return repo


def test_one_apply_puts_them_in_order_and_the_second_plan_is_empty(repo: Repo) -> None:
    planned = repo.aft("plan")
    assert "after audit, log-archive" in planned.out
    repo.apply()
    ids = {name: account.id for name, account in repo.accounts().items()}
    with repo.inside("app") as client:
        (trail,) = client("cloudtrail").describe_trails()["trailList"]
        assert trail["S3BucketName"] == f"aft-cloudtrail-{ids['log-archive']}-{HOME}"
        (detector,) = client("guardduty").list_detectors()["DetectorIds"]
        above = client("guardduty").get_administrator_account(DetectorId=detector)
        assert above["Administrator"]["AccountId"] == ids["audit"]
        found = client("budgets", "us-east-1").describe_budgets(AccountId=ids["app"])["Budgets"]
        assert [item["BudgetLimit"]["Amount"] for item in found] == ["9.0"]
    # The tag nobody uses yet is neither a change nor a failure ...
    assert repo.changes() == []
    # ... and is activated once somebody does.
    repo.request(
        "app", "tags: {project: x}\nbudget: {monthly_usd: 9, subscribers: [a@example.com]}\n"
    )
    repo.commit("Use the tag")
    repo.apply()
    repo.apply()
    with repo.sandbox() as sandbox:
        session = boto3.Session(botocore_session=sandbox.botocore_session())
        answer = session.client("ce", region_name="us-east-1").list_cost_allocation_tags()
    assert {item["TagKey"]: item["Status"] for item in answer["CostAllocationTags"]}[
        "project"
    ] == "Active"
    assert repo.changes() == []


def test_a_changed_budget_touches_that_account_alone(repo: Repo) -> None:
    repo.apply()
    repo.request("app", "budget: {monthly_usd: 20, alert_at: [50], subscribers: [a@example.com]}\n")
    repo.commit("More money")
    (change,) = repo.plan()["changes"]
    assert change["id"] == "account/app/update-setting/budget"
    assert change["details"] == [
        "budget is 9 USD a month, should be 20 USD a month",
        "alert at actual 50 % is missing, should warn a@example.com",
        "alert at actual 80 % is left over, should be removed",
        "alert at actual 100 % is left over, should be removed",
    ]
    repo.apply()
    assert repo.changes() == []


def test_without_the_account_that_is_named_a_limited_plan_says_what_it_waits_for(
    repo: Repo,
) -> None:
    planned = " ".join(repo.aft("plan", "--only", "app").out.split())
    assert (
        "app: its changes wait for the account of request audit, which does not exist yet"
        in planned
    )
    assert "0 of 1 account affected" in planned


def test_an_unknown_account_is_found_by_validate_at_the_parameter(repo: Repo) -> None:
    repo.remove("account-requests/audit.yaml")
    repo.commit("No audit")
    result = repo.aft("validate", "--format", "json")
    assert result.code == 3
    (finding,) = result.data["findings"]
    assert (finding["code"], finding["path"], finding["line"], finding["column"]) == (
        "AFT509",
        "customizations/baselines/standard.yaml",
        8,
        33,
    )
