"""Policies with resources, RCPs, session policies and boundaries, from inside accounts."""

from __future__ import annotations

import json

import pytest
from builders_sandbox import (
    ACCESS_ROLE,
    assumed,
    create,
    key_arguments,
    message,
    refusal,
    shared_client,
)

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
PUT = {"Value": "1", "Type": "String"}


def document(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def attach(org, target: str, *statements, kind: str = SCP, name: str = "guard") -> None:
    answer = org.create_policy(Content=document(*statements), Description="", Name=name, Type=kind)
    org.attach_policy(PolicyId=answer["Policy"]["PolicySummary"]["Id"], TargetId=target)


@pytest.fixture
def root(org) -> str:
    return org.list_roots()["Roots"][0]["Id"]


@pytest.fixture
def member(org) -> str:
    return create(org, "bound")


def test_a_deny_of_single_resources_is_enforced(sandbox, org, member):
    attach(org, member, deny("ssm:*", "arn:aws:ssm:*:*:parameter/aft/*"))
    ssm = assumed(sandbox, member, "ssm")
    assert refusal(ssm.put_parameter, Name="/aft/a", **PUT)[0] == "AccessDeniedException"
    region = sandbox.home_region
    assert f"on resource: arn:aws:ssm:{region}:{member}:parameter/aft/a with" in message(
        ssm.put_parameter, Name="/aft/a", **PUT
    )
    ssm.put_parameter(Name="/other", **PUT)
    assert refusal(ssm.get_parameters, Names=["/other", "/aft/a"])[0] == "AccessDeniedException"
    assert ssm.get_parameters(Names=["/other"])["Parameters"]
    assert ssm.describe_parameters()["Parameters"]


def test_a_deny_of_all_but_some_resources_is_enforced(sandbox, org, member):
    statement = {"Effect": "Deny", "Action": "ssm:PutParameter"}
    attach(org, member, {**statement, "NotResource": "arn:aws:ssm:*:*:parameter/mine/*"})
    ssm = assumed(sandbox, member, "ssm")
    assert refusal(ssm.put_parameter, Name="/a", **PUT)[0] == "AccessDeniedException"
    ssm.put_parameter(Name="/mine/a", **PUT)


TRUST = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})


@pytest.mark.parametrize(
    ("service", "resource", "operation", "params"),
    [
        ("iam", "arn:aws:iam::*:role/aft/*", "create_role",
         {"RoleName": "r", "Path": "/aft/", "AssumeRolePolicyDocument": TRUST}),
        ("iam", "arn:aws:iam::*:role/Organization*", "delete_role", {"RoleName": ACCESS_ROLE}),
        ("s3", "arn:aws:s3:::logs-*", "create_bucket",
         {"Bucket": "logs-1", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}),
        ("s3", "arn:aws:s3:::logs-*/*", "put_object", {"Bucket": "logs-1", "Key": "a"}),
        ("logs", "arn:aws:logs:*:*:log-group:/aft/*", "create_log_group",
         {"logGroupName": "/aft/a"}),
        ("ec2", "arn:aws:ec2:*:*:vpc/*", "create_vpc", {"CidrBlock": "10.0.0.0/16"}),
        ("dynamodb", "arn:aws:dynamodb:*:*:table/t", "describe_table", {"TableName": "t"}),
        ("sns", "arn:aws:sns:*:*:aft-*", "create_topic", {"Name": "aft-x"}),
        ("cloudformation", "arn:aws:cloudformation:*:*:stack/aft-*", "delete_stack",
         {"StackName": "aft-x"}),
    ],
)  # fmt: skip
def test_resources_of_calls_in_every_protocol(
    sandbox, org, member, service, resource, operation, params
):
    attach(org, member, deny(f"{service}:*", resource))
    client = assumed(sandbox, member, service)
    code, _ = refusal(getattr(client, operation), **params)
    assert code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
                    "AuthorizationError")  # fmt: skip


def test_what_nobody_knows_lets_the_call_go_on_and_is_logged(sandbox, org, member):
    attach(org, member, deny("ec2:*", "arn:aws:ec2:*:*:instance/*"), name="resource")
    attach(org, member, deny("ec2:*", Condition={"StringEquals": {"ec2:Owner": "x"}}), name="key")
    ec2 = assumed(sandbox, member, "ec2")
    ec2.create_tags(Resources=["i-1234567890abcdef0"], Tags=[{"Key": "a", "Value": "b"}])
    assert sandbox.log[-1].depends == ("ec2:Owner", "resource")


def test_rcps_protect_resources_from_everybody_but_the_management_account_s_own(
    sandbox, org, root, member, client
):
    org.enable_policy_type(RootId=root, PolicyType=RCP)
    attach(
        org,
        root,
        deny("s3:*", Principal="*", Condition={"StringNotEquals": {"aws:PrincipalAccount": "1"}}),
        kind=RCP,
    )
    s3 = assumed(sandbox, member, "s3")
    where = {"CreateBucketConfiguration": {"LocationConstraint": sandbox.home_region}}
    assert refusal(s3.create_bucket, Bucket="members-own", **where)[0] == "AccessDenied"
    assert message(s3.create_bucket, Bucket="members-own", **where).endswith(
        "with an explicit deny in a resource control policy"
    )
    client("s3").create_bucket(Bucket="management-own", **where)
    s3.list_objects_v2(Bucket="management-own")
    assumed(sandbox, member, "ec2").describe_vpcs()


def test_an_rcp_guards_roles_against_other_accounts(sandbox, org, root, member):
    org.enable_policy_type(RootId=root, PolicyType=RCP)
    outside = {"StringNotEquals": {"aws:PrincipalAccount": member}}
    attach(org, member, deny("sts:AssumeRole", Principal="*", Condition=outside), kind=RCP)
    arn = f"arn:aws:iam::{member}:role/{ACCESS_ROLE}"
    sts = shared_client(sandbox, "sts")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="tests")[0] == "AccessDenied"


def session(sandbox, member, service, **held):
    answer = shared_client(sandbox, "sts").assume_role(
        RoleArn=f"arn:aws:iam::{member}:role/{ACCESS_ROLE}", RoleSessionName="tests", **held
    )
    return shared_client(sandbox, service, **key_arguments(answer["Credentials"]))


def test_a_session_policy_holds_a_session_to_less(sandbox, org, member):
    allow = {"Effect": "Allow", "Action": "ssm:*", "Resource": "arn:aws:ssm:*:*:parameter/a/*"}
    ssm = session(sandbox, member, "ssm", Policy=document(allow))
    ssm.put_parameter(Name="/a/b", **PUT)
    assert refusal(ssm.put_parameter, Name="/b", **PUT)[0] == "AccessDeniedException"
    text = message(ssm.put_parameter, Name="/b", **PUT)
    assert text.endswith("because no session policy allows the ssm:PutParameter action")
    iam = session(sandbox, member, "iam", Policy=document(allow))
    assert refusal(iam.list_roles)[0] == "AccessDenied"


def test_a_session_held_to_reading_reads(sandbox, org, member):
    arns = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    ssm = session(sandbox, member, "ssm", PolicyArns=arns)
    assert ssm.describe_parameters()["Parameters"] == []
    assert refusal(ssm.put_parameter, Name="/b", **PUT)[0] == "AccessDeniedException"


def test_a_session_policy_must_be_one(sandbox, member):
    code, _ = refusal(lambda: session(sandbox, member, "ssm", Policy='{"Statement": 1}'))
    assert code == "MalformedPolicyDocument"


def test_a_permissions_boundary_holds_a_role_to_less(sandbox, org, member):
    iam = assumed(sandbox, member, "iam")
    boundary = iam.create_policy(
        PolicyName="edge",
        PolicyDocument=document({"Effect": "Allow", "Action": "ssm:Describe*", "Resource": "*"}),
    )["Policy"]["Arn"]
    iam.create_role(RoleName="inside", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)
    iam.attach_role_policy(
        RoleName="inside", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    ssm = assumed(sandbox, member, "ssm", role="inside")
    ssm.describe_parameters()
    assert message(ssm.put_parameter, Name="/b", **PUT).endswith(
        "because no permissions boundary allows the ssm:PutParameter action"
    )


# --- what a role's own statements ask of resources and conditions -----------------------------


def as_role_with(sandbox, account, *statements, service):
    """A client with a new role of ``account`` that has these statements."""
    is_member = account != sandbox.management_account_id
    iam, sts = (
        assumed(sandbox, account, name) if is_member else shared_client(sandbox, name)
        for name in ("iam", "sts")
    )
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    if "tried" not in names:
        iam.create_role(RoleName="tried", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="tried", PolicyName="own", PolicyDocument=document(*statements))
    arn = f"arn:aws:iam::{account}:role/tried"
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="tests")
    return shared_client(sandbox, service, **key_arguments(answer["Credentials"]))


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_a_condition_on_the_service_is_enforced(sandbox, org):
    only = {"StringEquals": {"organizations:ServicePrincipal": ["guardduty.amazonaws.com"]}}
    client = as_role_with(
        sandbox,
        sandbox.management_account_id,
        allow(["organizations:EnableAWSServiceAccess"], Condition=only),
        allow(["organizations:ListAWSServiceAccessForOrganization"]),
        service="organizations",
    )
    client.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    assert sandbox.log[-1].depends == ()
    code, _ = refusal(client.enable_aws_service_access, ServicePrincipal="sso.amazonaws.com")
    assert code == "AccessDeniedException"
    client.list_aws_service_access_for_organization()


def test_a_condition_on_the_tags_of_a_request_is_enforced(sandbox, org):
    tagged = {"Null": {"aws:RequestTag/aft:request": "false"}}
    client = as_role_with(
        sandbox,
        sandbox.management_account_id,
        allow("organizations:CreateAccount", Condition=tagged),
        service="organizations",
    )
    who = {"AccountName": "new", "Email": "new@example.com"}
    assert refusal(client.create_account, **who)[0] == "AccessDeniedException"
    other = [{"Key": "owner", "Value": "x"}]
    assert refusal(client.create_account, **who, Tags=other)[0] == "AccessDeniedException"
    client.create_account(**who, Tags=[{"Key": "aft:request", "Value": "new"}])


def test_resources_of_the_organization_are_enforced(sandbox, org, root, member):
    own = f"arn:aws:organizations::{sandbox.management_account_id}"
    client = as_role_with(
        sandbox,
        sandbox.management_account_id,
        allow("organizations:*", [f"{own}:account/o-*/{member}", f"{own}:root/o-*/*"]),
        service="organizations",
    )
    assert client.describe_account(AccountId=member)["Account"]["Id"] == member
    assert client.list_accounts_for_parent(ParentId=root)["Accounts"]
    for call, parameters in (
        (client.describe_account, {"AccountId": sandbox.management_account_id}),
        (client.list_accounts, {}),
        (client.list_targets_for_policy, {"PolicyId": "p-FullAWSAccess"}),
        (client.create_account, {"AccountName": "a", "Email": "a@example.com"}),
    ):
        assert refusal(call, **parameters)[0] == "AccessDeniedException"
    assert all(call.depends == () for call in list(sandbox.log)[-6:])


def test_a_role_is_entered_only_inside_the_organization(sandbox, org, member):
    entering = "arn:aws:iam::*:role/*"
    for found, is_allowed in (("${aws:PrincipalOrgID}", True), ("o-another", False)):
        only = {"StringEquals": {"aws:ResourceOrgID": found}}
        sts = as_role_with(
            sandbox,
            sandbox.management_account_id,
            allow("sts:AssumeRole", entering, Condition=only),
            service="sts",
        )
        call = {"RoleArn": f"arn:aws:iam::{member}:role/{ACCESS_ROLE}", "RoleSessionName": "tests"}
        if is_allowed:
            sts.assume_role(**call)
        else:
            assert refusal(sts.assume_role, **call)[0] == "AccessDenied"


def test_a_deny_of_decrypting_keeps_secure_strings(sandbox, org, member):
    own = sandbox.member_session(member).client("ssm")
    own.put_parameter(Name="/a/secret", Value="hunter2", Type="SecureString")
    own.put_parameter(Name="/a/plain", Value="1", Type="String")
    ssm = as_role_with(
        sandbox,
        member,
        allow("ssm:Get*", "arn:aws:ssm:*:*:parameter/*"),
        deny("kms:Decrypt"),
        service="ssm",
    )
    assert ssm.get_parameter(Name="/a/plain", WithDecryption=True)["Parameter"]["Value"] == "1"
    assert ssm.get_parameter(Name="/a/secret")["Parameter"]["Value"] != "hunter2"
    for call, parameters in (
        (ssm.get_parameter, {"Name": "/a/secret"}),
        (ssm.get_parameters, {"Names": ["/a/plain", "/a/secret"]}),
        (ssm.get_parameters_by_path, {"Path": "/a"}),
        (ssm.get_parameters_by_path, {"Path": "/", "Recursive": True}),
    ):
        assert "kms:Decrypt" in message(call, WithDecryption=True, **parameters)


def test_a_key_signs_for_those_who_may_use_that_key(sandbox, client):
    kms = client("kms")
    one, other = (
        kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        for _ in range(2)
    )
    allow = {"Effect": "Allow", "Action": "kms:Sign", "Resource": one}
    apply = as_role_with(sandbox, sandbox.management_account_id, allow, service="kms")
    asked = {"Message": b"head", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert apply.sign(KeyId=one, **asked)["Signature"]
    assert "kms:Sign" in message(apply.sign, KeyId=other, **asked)
    assert refusal(apply.get_public_key, KeyId=one)[0] == "AccessDeniedException"
