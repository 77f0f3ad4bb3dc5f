"""Trust that is wider than it looks, and what is said of it in a baseline."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders_inside import facts
from builders_requests import MemoryFiles

from aft.baselines.model import SettingInputs
from aft.baselines.parse import parse_baselines
from aft.findings.model import Finding, Severity
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.settings.iam_roles.parameters import IamRolesParameters
from aft.settings.iam_roles.setting import IamRoles
from aft.settings.iam_roles.trust import trust_policy

GITHUB = "token.actions.githubusercontent.com"
SETTINGS: Any = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
READ = {"Effect": "Allow", "Action": ["s3:Get*", "ec2:Describe*"], "Resource": "*"}


def parameters(**role: Any) -> IamRolesParameters:
    wanted = {"roles": [{"name": "deploy", **role}]}
    return IamRolesParameters.model_validate_json(json.dumps(wanted))


def codes(**role: Any) -> list[str]:
    return [item.code for item in IamRoles().cautions(parameters(**role))]


def trusting(subject: str, provider: str = GITHUB) -> dict[str, Any]:
    return {"oidc": [{"provider": provider, "subjects": [subject]}]}


@pytest.mark.parametrize(
    ("subject", "is_open"),
    [
        ("repo:acme/x:*", True),
        ("repo:acme/x:environment:*", True),
        ("repo:acme/x:pull_request", True),
        ("repo:acme/x:ref:*", True),
        ("repo:acme/x:ref:refs/heads/*", True),
        ("repo:acme/x:ref:refs/tags/*", True),
        ("repo:acme/x:???????????????????????", True),
        ("repo:acme/*:environment:production", True),
        ("repo:acme/x-?:environment:production", True),
        ("repo:*:environment:production", True),
        ("repo:acme/*", True),
        ("*:acme/x:environment:production", True),
        ("repo:acme/x:*production*", False),
        ("repo:acme/x:environment:production", False),
        ("repo:acme/x:environment:production:*", False),
        ("repo:acme/x:ref:refs/heads/main", False),
        ("repo:acme@1/x@2:environment:production", False),
        ("repo:acme@1/x@2:ref:refs/heads/main", False),
        ("repo:acme@1/x@2:*", True),
        ("repo:acme@1/x@2:pull_request", True),
        ("repo:acme@1/x@*:environment:production", True),
        ("repo:acme@*/x@*:environment:production", True),
        ("repo:acme@1/*:environment:production", True),
    ],
)
@pytest.mark.parametrize(
    "issuer",
    [
        GITHUB,
        f"{GITHUB}/acme",
        "token.actions.acme.ghe.com",
        "github.acme.net/_services/token",
    ],
)
def test_tokens_of_any_branch(subject: str, is_open: bool, issuer: str) -> None:
    writing = {"managed_policies": ["PowerUserAccess"]}
    expected = ["AFT515"] if is_open else []
    assert codes(trust=trusting(subject, issuer), **writing) == expected
    assert codes(trust=trusting(subject, f"https://{issuer}"), **writing) == expected
    assert codes(trust=trusting(subject), managed_policies=["ReadOnlyAccess"]) == []


@pytest.mark.parametrize(
    ("subject", "is_open"),
    [
        ("project_path:acme/x:*", True),
        ("project_path:acme/x:ref_type:branch:ref:*", True),
        ("project_path:acme/x:ref_type:branch:ref:main", False),
    ],
)
def test_tokens_of_other_providers(subject: str, is_open: bool) -> None:
    found = codes(trust=trusting(subject, "gitlab.com"), managed_policies=["PowerUserAccess"])
    assert found == (["AFT515"] if is_open else [])


@pytest.mark.parametrize(
    ("policies", "changes"),
    [
        ({}, False),
        ({"managed_policies": ["ReadOnlyAccess", "SecurityAudit"]}, False),
        ({"managed_policies": ["job-function/ViewOnlyAccess"]}, False),
        ({"managed_policies": ["AmazonS3ReadOnlyAccess"]}, False),
        ({"managed_policies": ["ReadOnlyAccess", "IAMFullAccess"]}, True),
        ({"managed_policies": ["arn:aws:iam::123456789012:policy/own"]}, True),
        ({"inline_policies": {"p": {"Statement": [READ]}}}, False),
        ({"inline_policies": {"p": {"Statement": READ}}}, False),
        ({"inline_policies": {"p": {"Statement": [READ, {**READ, "Action": "s3:*"}]}}}, True),
        ({"inline_policies": {"p": {"Statement": [{**READ, "Action": "*"}]}}}, True),
        ({"inline_policies": {"p": {"Statement": [{**READ, "Action": "sts:AssumeRole"}]}}}, True),
        (
            {"inline_policies": {"p": {"Statement": {"Effect": "Allow", "NotAction": "iam:*"}}}},
            True,
        ),
        ({"inline_policies": {"p": {"Statement": {"Effect": "Deny", "Action": "*"}}}}, False),
    ],
)
def test_what_changes_something(policies: dict[str, Any], changes: bool) -> None:
    assert codes(trust=trusting("repo:acme/x:*"), **policies) == (["AFT515"] if changes else [])


def test_a_whole_account() -> None:
    writing = {"managed_policies": ["PowerUserAccess"]}
    assert codes(trust={"accounts": ["audit"]}, **writing) == ["AFT516"]
    assert codes(trust={"accounts": ["audit"], "roles": ["deploy"]}, **writing) == []
    assert codes(trust={"accounts": ["audit"], "external_id": "x1"}, **writing) == []
    assert codes(trust={"accounts": ["audit"]}, managed_policies=["SecurityAudit"]) == []


def test_it_is_a_warning_at_the_subject() -> None:
    path = "customizations/baselines/standard.yaml"
    text = f"""\
settings:
  - setting: iam-roles
    parameters:
      roles:
        - name: deploy
          trust:
            oidc:
              - {{provider: {GITHUB}, subjects: ["repo:acme/{{id}}:*"]}}
          managed_policies: [PowerUserAccess]
"""
    found, findings = parse_baselines(MemoryFiles({path: text}), SETTINGS)
    (finding,) = findings
    assert isinstance(finding, Finding)
    assert (finding.code, finding.severity) == ("AFT515", Severity.WARNING)
    assert finding.source is not None
    assert (finding.source.line, finding.source.column) == (8, 76)
    assert "standard" in found, "it is used all the same"


def test_the_trust_names_the_roles_of_each_account() -> None:
    account = facts()
    wanted = parameters(
        trust={
            "accounts": ["111122223333", "444455556666"],
            "roles": ["deploy", "/path/of-*"],
            "external_id": "audit-1",
            "arns": ["arn:aws:iam::777788889999:user/ada"],
        }
    )
    inputs = SettingInputs[IamRolesParameters](account=account, parameters=wanted, region=None)
    of_accounts, of_arns = json.loads(trust_policy(wanted.roles[0], inputs))["Statement"]
    assert of_accounts["Principal"] == {
        "AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]
    }
    assert of_accounts["Condition"] == {
        "StringEquals": {"sts:ExternalId": "audit-1"},
        "ArnLike": {
            "aws:PrincipalArn": [
                "arn:aws:iam::111122223333:role/deploy",
                "arn:aws:iam::111122223333:role/path/of-*",
                "arn:aws:iam::444455556666:role/deploy",
                "arn:aws:iam::444455556666:role/path/of-*",
            ]
        },
    }
    assert of_arns["Principal"] == {"AWS": ["arn:aws:iam::777788889999:user/ada"]}
    assert of_arns["Condition"] == {"StringEquals": {"sts:ExternalId": "audit-1"}}


def test_trust_without_roles_counts_as_before_there_were_any() -> None:
    dumped = parameters(trust={"accounts": ["audit"]}).model_dump(mode="json")
    assert set(dumped["roles"][0]["trust"]) == {
        *("accounts", "arns", "external_id", "services", "oidc")
    }
    named = parameters(trust={"accounts": ["audit"], "roles": ["a"]}).model_dump(mode="json")
    assert named["roles"][0]["trust"]["roles"] == ["a"]


def test_roles_without_accounts_are_refused() -> None:
    with pytest.raises(ValueError, match="name these, too"):
        parameters(trust={"services": ["ec2.amazonaws.com"], "roles": ["deploy"]})
