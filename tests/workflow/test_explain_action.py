"""``aft explain --action`` against what is attached now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders_repo import Repo

GUARD = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "KeepTrails", "Effect": "Deny", "Action": "cloudtrail:Stop*", "Resource": "*"},
        {
            "Sid": "Regions",
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*"],
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:RequestedRegion": "eu-central-1"},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Exempt"},
            },
        },
        {
            "Sid": "Logs",
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::logs-*",
        },
    ],
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.request("shop-dev")
    repo.commit("Ask for the shop's account")
    repo.apply()
    with repo.organizations() as client:
        root = client.list_roots()["Roots"][0]["Id"]
        units = client.list_organizational_units_for_parent(ParentId=root)
        workloads = next(
            item for item in units["OrganizationalUnits"] if item["Name"] == "Workloads"
        )
        policy = client.create_policy(
            Content=json.dumps(GUARD), Description="", Name="guard", Type="SERVICE_CONTROL_POLICY"
        )
        client.attach_policy(
            PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=workloads["Id"]
        )
    return repo


def asked(repo: Repo, *arguments: str) -> dict[str, Any]:
    result = repo.aft("explain", "shop-dev", *arguments, "--json")
    assert result.code == 0, result.err
    (found,) = result.data["answers"]
    return dict(found)


def test_a_denied_action_names_the_statement(repo: Repo) -> None:
    result = repo.aft("explain", "shop-dev", "--action", "cloudtrail:StopLogging")
    assert result.code == 0, result.err
    assert "cloudtrail:StopLogging: denied by an explicit Deny" in result.out
    assert "Deny by SCP guard at ou-" in result.out
    assert "statement 1 (KeepTrails)" in result.out
    found = asked(repo, "--action", "cloudtrail:StopLogging")
    assert (found["decision"], found["policy"], found["sid"]) == ("denied", "guard", "KeepTrails")


def test_what_nobody_has_said_is_named(repo: Repo) -> None:
    found = asked(repo, "--action", "s3:PutObject")
    assert found["decision"] == "depends"
    assert found["keys"] == ["aws:PrincipalArn", "aws:RequestedRegion", "resource"]
    here = ("--region", "eu-central-1", "--action", "s3:PutObject")
    assert asked(repo, *here)["keys"] == ["resource"]
    bucket = ("--resource", "arn:aws:s3:::mine/key")
    assert asked(repo, *here, *bucket)["decision"] == "allowed"
    assert asked(repo, *here, "--resource", "arn:aws:s3:::logs-1")["sid"] == "Logs"


def test_principals_and_context(repo: Repo) -> None:
    elsewhere = ("--action", "ec2:RunInstances", "--region", "us-east-1")
    assert asked(repo, *elsewhere)["keys"] == ["aws:PrincipalArn"]
    assert asked(repo, *elsewhere, "--principal", "role/Exempt")["decision"] == "allowed"
    assert asked(repo, *elsewhere, "--principal", "root")["sid"] == "Regions"
    key = ("--context", "aws:PrincipalArn")
    assert asked(repo, *elsewhere, *key)["sid"] == "Regions"  # absent, so it is not exempt
    exempt = ("--context", "aws:PrincipalArn=arn:aws:iam::111122223333:role/Exempt")
    assert asked(repo, *elsewhere, *exempt)["decision"] == "allowed"


def test_what_is_always_allowed_and_several_at_once(repo: Repo) -> None:
    result = repo.aft(
        "explain", "shop-dev", "--action", "sts:GetCallerIdentity", "--action", "iam:ListRoles"
    )
    assert "sts:GetCallerIdentity: allowed; policies do not apply to this action" in result.out
    assert "iam:ListRoles: allowed by the ceiling; IAM must grant it still" in result.out
    assert "Allow by SCP FullAWSAccess at r-" in result.out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--action", "s3"], "service:Action"),
        (["--region", "eu-central-1"], "need --action"),
        (["--action", "s3:Get", "--short"], "--short"),
        (["tags", "--action", "s3:Get"], "NAME"),
        (["--action", "s3:Get", "--context", "=x"], "no key"),
    ],
)
def test_bad_questions(repo: Repo, arguments: list[str], word: str) -> None:
    result = repo.aft("explain", "shop-dev", *arguments)
    assert result.code == 1
    assert word in result.err


def test_a_request_without_an_account(repo: Repo) -> None:
    repo.request("new-one")
    repo.commit("Ask for another")
    result = repo.aft("explain", "new-one", "--action", "s3:GetObject")
    assert result.code == 1
    assert "has no account yet" in result.err
