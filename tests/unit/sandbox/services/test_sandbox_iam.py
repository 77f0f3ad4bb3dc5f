from __future__ import annotations

import json
from typing import Any

import pytest
from builders_sandbox import message, refusal


def trust(**statement: Any) -> str:
    body = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [body]})


SERVICE = {"Service": "ec2.amazonaws.com"}


def test_an_alias_is_unique_over_all_accounts(members):
    members.client("iam").create_account_alias(AccountAlias="acme-prod")
    second = members.client("iam", account=members.second)
    assert refusal(second.create_account_alias, AccountAlias="acme-prod")[0] == (
        "EntityAlreadyExists"
    )
    assert second.list_account_aliases()["AccountAliases"] == []


def test_a_new_alias_replaces_the_old_one_and_frees_it(members):
    iam = members.client("iam")
    iam.create_account_alias(AccountAlias="acme-old")
    iam.create_account_alias(AccountAlias="acme-new")
    assert iam.list_account_aliases()["AccountAliases"] == ["acme-new"]
    other = members.client("iam", account=members.second)
    other.create_account_alias(AccountAlias="acme-old")
    assert other.list_account_aliases()["AccountAliases"] == ["acme-old"]


def test_the_own_alias_cannot_be_created_again(client):
    iam = client("iam")
    iam.create_account_alias(AccountAlias="acme")
    assert refusal(iam.create_account_alias, AccountAlias="acme")[0] == "EntityAlreadyExists"


@pytest.mark.parametrize("alias", ["Acme", "a--b", "-acme", "acme-", "a b", "x" * 64])
def test_an_alias_has_aws_own_form(client, alias):
    assert refusal(client("iam").create_account_alias, AccountAlias=alias)[0] == "ValidationError"


def test_only_the_account_own_alias_can_be_deleted(client):
    iam = client("iam")
    iam.create_account_alias(AccountAlias="acme")
    assert refusal(iam.delete_account_alias, AccountAlias="other")[0] == "NoSuchEntity"
    iam.delete_account_alias(AccountAlias="acme")
    assert iam.list_account_aliases()["AccountAliases"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"MinimumPasswordLength": 129},
        {"MaxPasswordAge": 1096},
        {"PasswordReusePrevention": 25},
    ],
)
def test_password_policy_values_have_limits(client, wrong):
    iam = client("iam")
    assert refusal(iam.update_account_password_policy, **wrong)[0] == "ValidationError"
    assert refusal(iam.get_account_password_policy)[0] == "NoSuchEntity"


def test_a_password_policy_shows_only_what_was_set(client):
    iam = client("iam")
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["RequireSymbols"]) == (14, True)
    assert policy["ExpirePasswords"] is False
    assert not {"MaxPasswordAge", "PasswordReusePrevention"} & set(policy)


@pytest.mark.parametrize(
    "document",
    [
        "{}",
        "not json",
        trust(),
        trust(Principal={"AWS": "nobody"}),
        trust(Principal={"Service": "ec2"}),
        trust(Principal={"Nonsense": "x"}),
        trust(Principal=SERVICE, Action="s3:GetObject"),
        trust(Principal=SERVICE, Resource="*"),
        trust(Principal=SERVICE, Effect="Maybe"),
    ],
)
def test_a_broken_trust_policy_makes_no_role(client, document):
    iam = client("iam")
    refused = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=document)
    assert refused[0] == "MalformedPolicyDocument"
    assert "r" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]


def test_a_role_keeps_its_trust_policy_when_the_new_one_is_broken(client):
    iam = client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(Principal=SERVICE))
    assert (
        refusal(iam.update_assume_role_policy, RoleName="r", PolicyDocument=trust())[0]
        == "MalformedPolicyDocument"
    )
    kept = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert kept["Statement"][0]["Principal"] == SERVICE


def test_aws_managed_policies_are_there_when_named(client):
    iam = client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(Principal=SERVICE))
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert attached == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": arn}]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    assert document["Document"]["Version"] == "2012-10-17"
    unknown = "arn:aws:iam::aws:policy/ReadSomeAccess"
    assert refusal(iam.attach_role_policy, RoleName="r", PolicyArn=unknown)[0] == "NoSuchEntity"


def test_the_message_names_the_member_and_the_constraint(client):
    text = message(client("iam").create_account_alias, AccountAlias="ACME")
    assert text.startswith("1 validation error detected: Value 'ACME' at 'accountAlias' failed")
