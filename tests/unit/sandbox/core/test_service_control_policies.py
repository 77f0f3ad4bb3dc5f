"""SCPs seen from inside member accounts, in each protocol's own words."""

from __future__ import annotations

import json

import pytest
from builders_sandbox import assumed, create, message, refusal


def attach(org, target: str, *statements, name: str = "guard") -> str:
    content = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    answer = org.create_policy(
        Content=content, Description="", Name=name, Type="SERVICE_CONTROL_POLICY"
    )
    policy_id = answer["Policy"]["PolicySummary"]["Id"]
    org.attach_policy(PolicyId=policy_id, TargetId=target)
    return policy_id


def deny(action, **more):
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


@pytest.fixture
def root(org) -> str:
    return org.list_roots()["Roots"][0]["Id"]


@pytest.fixture
def placed(org, root) -> tuple[str, str, str]:
    """An account two levels down: (account, outer OU, inner OU)."""
    outer = org.create_organizational_unit(ParentId=root, Name="Outer")["OrganizationalUnit"]["Id"]
    inner = org.create_organizational_unit(ParentId=outer, Name="In")["OrganizationalUnit"]["Id"]
    account_id = create(org, "bound")
    org.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=inner)
    return account_id, outer, inner


@pytest.mark.parametrize("level", ["root", "outer", "inner", "account"])
def test_a_deny_binds_from_every_level(sandbox, org, root, placed, level):
    account_id, outer, inner = placed
    target = {"root": root, "outer": outer, "inner": inner, "account": account_id}[level]
    policy_id = attach(org, target, deny("ssm:PutParameter"))
    ssm = assumed(sandbox, account_id, "ssm")
    put = {"Name": "/a", "Value": "1", "Type": "String"}
    assert refusal(ssm.put_parameter, **put)[0] == "AccessDeniedException"
    text = message(ssm.put_parameter, **put)
    assert "is not authorized to perform: ssm:PutParameter" in text
    assert text.endswith("with an explicit deny in a service control policy")
    assert "assumed-role/OrganizationAccountAccessRole/tests" in text
    assert ssm.describe_parameters()["Parameters"] == []
    org.detach_policy(PolicyId=policy_id, TargetId=target)
    ssm.put_parameter(**put)


@pytest.mark.parametrize(
    ("service", "action", "operation", "params", "code"),
    [
        ("ec2", "ec2:*", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("iam", "iam:List*", "list_roles", {}, "AccessDenied"),
        ("s3", "s3:ListAllMyBuckets", "list_buckets", {}, "AccessDenied"),
        ("ssm", "ssm:*", "describe_parameters", {}, "AccessDeniedException"),
        ("account", "account:*", "list_regions", {}, "AccessDeniedException"),
        ("cloudformation", "CloudFormation:listStacks", "list_stacks", {}, "AccessDenied"),
        ("lambda", "lambda:*", "list_functions", {}, "AccessDeniedException"),
        ("sns", "sns:*", "list_topics", {}, "AccessDenied"),
    ],
)
def test_each_protocol_refuses_in_its_own_words(
    sandbox, org, placed, service, action, operation, params, code
):
    attach(org, placed[0], deny(action))
    client = assumed(sandbox, placed[0], service)
    assert refusal(getattr(client, operation), **params)[0] == code


def test_nothing_is_possible_that_no_policy_allows_at_every_level(sandbox, org, placed):
    account_id, _, inner = placed
    allow = {"Effect": "Allow", "Action": ["ssm:*", "sts:*"], "Resource": "*"}
    attach(org, inner, allow)
    org.detach_policy(PolicyId="p-FullAWSAccess", TargetId=inner)
    assumed(sandbox, account_id, "ssm").describe_parameters()
    iam = assumed(sandbox, account_id, "iam")
    assert refusal(iam.list_roles)[0] == "AccessDenied"
    assert "because no service control policy allows" in message(iam.list_roles)


def test_a_region_guardrail_with_exceptions(sandbox, org, root, placed):
    account_id = placed[0]
    attach(
        org,
        root,
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "organizations:*", "sts:*"],
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Exempt"},
            },
        },
    )
    assumed(sandbox, account_id, "ssm", "eu-west-1").describe_parameters()
    assumed(sandbox, account_id, "iam").list_roles()
    elsewhere = assumed(sandbox, account_id, "ssm", "us-east-1")
    assert refusal(elsewhere.describe_parameters)[0] == "AccessDeniedException"

    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{sandbox.management_account_id}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )
    iam = assumed(sandbox, account_id, "iam")
    iam.create_role(RoleName="Exempt", AssumeRolePolicyDocument=trust)
    read = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName="Exempt", PolicyArn=read)
    assumed(sandbox, account_id, "ssm", "us-east-1", role="Exempt").describe_parameters()


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": "{account}"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "000000000000"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "*/OrganizationAccount*"}}, True),
        ({"StringNotLike": {"aws:PrincipalArn": "*/OrganizationAccount*"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:RequestedRegion": "EU-CENTRAL-1"}}, True),
        ({"StringEquals": {"aws:NoSuchKey": "x"}}, False),
        ({"StringEqualsIfExists": {"aws:NoSuchKey": "x"}}, True),
        ({"StringNotEquals": {"aws:NoSuchKey": "x"}}, True),
        ({"Null": {"aws:NoSuchKey": "true"}}, True),
        ({"Null": {"aws:RequestedRegion": "true"}}, False),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-*/ou-*"}}, True),
        ({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-other/*"}}, False),
    ],
)
def test_condition_operators(sandbox, org, placed, condition, denied):
    text = json.dumps(condition).replace("{account}", placed[0])
    attach(org, placed[0], deny("ssm:*", Condition=json.loads(text)))
    ssm = assumed(sandbox, placed[0], "ssm")
    if denied:
        assert refusal(ssm.describe_parameters)[0] == "AccessDeniedException"
    else:
        ssm.describe_parameters()


def test_the_management_account_is_never_bound(client, org, root):
    attach(org, root, deny("*"))
    client("ssm").describe_parameters()
    assert org.list_accounts()["Accounts"]


def test_everyone_may_ask_who_they_are(sandbox, org, placed):
    attach(org, placed[0], deny("*"))
    sts = assumed(sandbox, placed[0], "sts")
    assert sts.get_caller_identity()["Account"] == placed[0]


def test_disabling_the_type_lifts_the_policies(sandbox, org, root, placed):
    attach(org, placed[0], deny("ssm:*"))
    ssm = assumed(sandbox, placed[0], "ssm")
    assert refusal(ssm.describe_parameters)[0] == "AccessDeniedException"
    org.disable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    ssm.describe_parameters()
