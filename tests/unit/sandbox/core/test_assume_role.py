"""Who may become whom, and for how long."""

from __future__ import annotations

import base64
import json

import pytest
from builders_sandbox import ACCESS_ROLE, assumed, create, key_arguments, refusal


def trust(principal, action="sts:AssumeRole", **more) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def arn(account_id: str, role: str = ACCESS_ROLE) -> dict[str, str]:
    return {"RoleArn": f"arn:aws:iam::{account_id}:role/{role}", "RoleSessionName": "tests"}


@pytest.fixture
def sts(client):
    return client("sts")


def with_keys(client, service, credentials):
    return client(service, **key_arguments(credentials))


def test_the_access_role_opens_the_new_account(sandbox, org, sts, client):
    account_id = create(org, "fresh")
    credentials = sts.assume_role(**arn(account_id))["Credentials"]
    identity = with_keys(client, "sts", credentials).get_caller_identity()
    assert identity["Account"] == account_id
    assert identity["Arn"].endswith(f":assumed-role/{ACCESS_ROLE}/tests")
    policies = with_keys(client, "iam", credentials).list_attached_role_policies(
        RoleName=ACCESS_ROLE
    )["AttachedPolicies"]
    assert [item["PolicyName"] for item in policies] == ["AdministratorAccess"]


def test_the_name_of_the_access_role_can_be_chosen(org, sts):
    account_id = create(org, "fresh", RoleName="Vending")
    assert sts.assume_role(**arn(account_id, "Vending"))
    assert refusal(sts.assume_role, **arn(account_id))[0] == "AccessDenied"


def test_the_access_role_is_not_usable_at_once(sandbox, org, sts):
    sandbox.configure(role_usable_seconds=20.0)
    account_id = create(org, "fresh")
    assert refusal(sts.assume_role, **arn(account_id))[0] == "AccessDenied"
    sandbox.clock.sleep(21)
    assert sts.assume_role(**arn(account_id))


def test_what_is_not_there_or_closed_cannot_be_assumed(org, sts):
    account_id = create(org, "closing")
    assert refusal(sts.assume_role, **arn("123456789012"))[0] == "AccessDenied"
    assert refusal(sts.assume_role, **arn(account_id, "NoSuchRole"))[0] == "AccessDenied"
    sts.assume_role(**arn(account_id))
    org.close_account(AccountId=account_id)
    org.describe_account(AccountId=account_id)
    assert refusal(sts.assume_role, **arn(account_id))[0] == "AccessDenied"
    wrong = {"RoleArn": "arn:aws:iam::1:role/short-account", "RoleSessionName": "tests"}
    assert refusal(sts.assume_role, **wrong)[0] == "ValidationError"


def test_members_are_not_trusted_by_default(sandbox, org):
    first, second = create(org, "first"), create(org, "second")
    inside = assumed(sandbox, first, "sts")
    assert refusal(inside.assume_role, **arn(second))[0] == "AccessDenied"
    iam = assumed(sandbox, second, "iam")
    iam.create_role(
        RoleName="Open",
        AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{first}:role/{ACCESS_ROLE}"}),
    )
    answer = inside.assume_role(**arn(second, "Open"))
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/Open/tests")
    third = assumed(sandbox, create(org, "third"), "sts")
    assert refusal(third.assume_role, **arn(second, "Open"))[0] == "AccessDenied"


def test_external_ids_and_services(sandbox, org, sts):
    account_id = create(org, "guarded")
    iam = assumed(sandbox, account_id, "iam")
    management = {"AWS": f"arn:aws:iam::{sandbox.management_account_id}:root"}
    iam.create_role(
        RoleName="Guarded",
        AssumeRolePolicyDocument=trust(
            management, Condition={"StringEquals": {"sts:ExternalId": "secret"}}
        ),
    )
    iam.create_role(
        RoleName="ForEc2", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"})
    )
    assert refusal(sts.assume_role, **arn(account_id, "Guarded"))[0] == "AccessDenied"
    assert sts.assume_role(**arn(account_id, "Guarded"), ExternalId="secret")
    assert refusal(sts.assume_role, **arn(account_id, "ForEc2"))[0] == "AccessDenied"


def test_durations(sandbox, org, sts):
    account_id = create(org, "short")
    assert refusal(sts.assume_role, **arn(account_id), DurationSeconds=7200)[0] == "ValidationError"
    iam = assumed(sandbox, account_id, "iam")
    iam.update_role(RoleName=ACCESS_ROLE, MaxSessionDuration=7200)
    assert sts.assume_role(**arn(account_id), DurationSeconds=7200)
    chained = assumed(sandbox, account_id, "sts")
    iam.update_assume_role_policy(RoleName=ACCESS_ROLE, PolicyDocument=trust({"AWS": account_id}))
    assert chained.assume_role(**arn(account_id), DurationSeconds=3600)
    refused = refusal(chained.assume_role, **arn(account_id), DurationSeconds=7200)
    assert refused[0] == "ValidationError"


@pytest.mark.parametrize(
    ("service", "operation", "expired", "unknown"),
    [
        ("sts", "get_caller_identity", "ExpiredToken", "InvalidClientTokenId"),
        ("iam", "list_roles", "ExpiredToken", "InvalidClientTokenId"),
        ("ssm", "describe_parameters", "ExpiredTokenException", "UnrecognizedClientException"),
        ("account", "list_regions", "ExpiredTokenException", "UnrecognizedClientException"),
        ("s3", "list_buckets", "ExpiredToken", "InvalidAccessKeyId"),
        ("ec2", "describe_vpcs", "RequestExpired", "AuthFailure"),
    ],
)
def test_expired_and_unknown_credentials(
    sandbox, org, sts, client, service, operation, expired, unknown
):
    account_id = create(org, "fresh")
    credentials = sts.assume_role(**arn(account_id), DurationSeconds=900)["Credentials"]
    ours = with_keys(client, service, credentials)
    getattr(ours, operation)()
    forged = with_keys(client, service, {**credentials, "SessionToken": "forged"})
    assert refusal(getattr(forged, operation))[0] == unknown
    invented = client(service, aws_access_key_id="AKIAINVENTED00000000", aws_secret_access_key="x")
    assert refusal(getattr(invented, operation))[0] == unknown
    sandbox.clock.sleep(901)
    assert refusal(getattr(ours, operation))[0] == expired


def test_an_iam_user_of_a_member_is_that_account(sandbox, org, client):
    account_id = create(org, "with-user")
    iam = assumed(sandbox, account_id, "iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    identity = client("sts", **keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{account_id}:user/ada"
    iam.update_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(client("sts", **keys).get_caller_identity)[0] == "InvalidClientTokenId"


def token(**claims: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def test_github_actions_can_assume_by_web_identity(sandbox, org, client):
    account_id = create(org, "ci")
    issuer = "token.actions.githubusercontent.com"
    iam = assumed(sandbox, account_id, "iam")
    iam.create_role(
        RoleName="Deploy",
        AssumeRolePolicyDocument=trust(
            {"Federated": f"arn:aws:iam::{account_id}:oidc-provider/{issuer}"},
            "sts:AssumeRoleWithWebIdentity",
            Condition={
                "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"},
                "StringLike": {f"{issuer}:sub": "repo:acme/*:ref:refs/heads/main"},
            },
        ),
    )
    sts = client("sts")
    claims = {
        "iss": f"https://{issuer}",
        "aud": "sts.amazonaws.com",
        "sub": "repo:acme/infra:ref:refs/heads/main",
    }
    ask = arn(account_id, "Deploy")
    call = sts.assume_role_with_web_identity
    assert refusal(call, **ask, WebIdentityToken=token(**claims))[0] == "InvalidIdentityToken"
    iam.create_open_id_connect_provider(Url=f"https://{issuer}", ClientIDList=["sts.amazonaws.com"])
    answer = call(**ask, WebIdentityToken=token(**claims))
    assert with_keys(client, "sts", answer["Credentials"]).get_caller_identity()["Account"] == (
        account_id
    )
    elsewhere = token(**{**claims, "sub": "repo:mallory/infra:ref:refs/heads/main"})
    assert refusal(call, **ask, WebIdentityToken=elsewhere)[0] == "AccessDenied"
    assert refusal(call, **ask, WebIdentityToken="rubbish")[0] == "InvalidIdentityToken"


def test_a_session_may_what_its_role_s_policies_allow(sandbox, org, sts, client):
    account_id = create(org, "fresh")
    inside = with_keys(client, "iam", sts.assume_role(**arn(account_id))["Credentials"])
    owner = {"AWS": f"arn:aws:iam::{sandbox.management_account_id}:root"}
    inside.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(owner))
    session = sts.assume_role(**arn(account_id, "reader"))["Credentials"]
    reader, tokens = with_keys(client, "iam", session), with_keys(client, "sts", session)
    assert refusal(reader.list_roles)[0] == "AccessDenied", "no policy, no right"
    assert tokens.get_caller_identity()["Account"] == account_id
    statements = [
        {"Effect": "Allow", "Action": ["iam:List*", "iam:Create*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": f"arn:aws:iam::{account_id}:role/only-this",
        },
    ]
    inside.put_role_policy(
        RoleName="reader",
        PolicyName="reads",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    assert reader.list_roles()["Roles"]
    assert refusal(reader.list_users)[0] == "AccessDenied"
    assert refusal(reader.delete_role, RoleName="reader")[0] == "AccessDenied"
    for name in ("only-this", "not-that"):
        inside.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{account_id}:root"}),
        )
    assert tokens.assume_role(**arn(account_id, "only-this"))
    assert refusal(tokens.assume_role, **arn(account_id, "not-that"))[0] == "AccessDenied"
    inside.delete_role_policy(RoleName="reader", PolicyName="reads")
    assert refusal(reader.list_roles)[0] == "AccessDenied", "policies count when a call is made"
