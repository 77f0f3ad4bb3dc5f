from __future__ import annotations

import json

import pytest
from builders_sandbox import create, refusal

DENY_S3 = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}


CONTENT = {
    "SERVICE_CONTROL_POLICY": json.dumps({"Version": "2012-10-17", "Statement": [DENY_S3]}),
    "RESOURCE_CONTROL_POLICY": json.dumps(
        {"Version": "2012-10-17", "Statement": [{**DENY_S3, "Principal": "*"}]}
    ),
    "TAG_POLICY": '{"tags":{}}',
    "BACKUP_POLICY": '{"plans":{}}',
    "AISERVICES_OPT_OUT_POLICY": '{"services":{}}',
    "DECLARATIVE_POLICY_EC2": '{"ec2_attributes":{}}',
}


def document(*statements, version="2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


@pytest.fixture
def root(org) -> str:
    return org.list_roots()["Roots"][0]["Id"]


def policy(org, name="guard", content=None, kind="SERVICE_CONTROL_POLICY") -> str:
    answer = org.create_policy(
        Content=content or document(DENY_S3), Description="d", Name=name, Type=kind
    )
    return answer["Policy"]["PolicySummary"]["Id"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("not json", "MalformedPolicyDocumentException"),
        ("[]", "MalformedPolicyDocumentException"),
        (document(), "MalformedPolicyDocumentException"),
        (document({"Effect": "Maybe", "Action": "*", "Resource": "*"}), "MalformedPolicyDocumentE"),
        (document({"Effect": "Deny", "Resource": "*"}), "MalformedPolicyDocumentException"),
        (document({"Effect": "Deny", "Action": "s3:*"}), "MalformedPolicyDocumentException"),
        (document(DENY_S3, version="2020-01-01"), "MalformedPolicyDocumentException"),
        (document({**DENY_S3, "Sid": "x" * 10_240}), "ConstraintViolationException"),
        (document({**DENY_S3, "Principal": "*"}), "MalformedPolicyDocumentException"),
        (document({**DENY_S3, "Action": "i*:DeleteRole"}), "MalformedPolicyDocumentException"),
        (
            document({**DENY_S3, "Condition": {"StringIs": {"aws:userid": "x"}}}),
            "MalformedPolicyDocumentException",
        ),
    ],
)
def test_content_is_checked_when_made_and_when_changed(org, content, code):
    found, _ = refusal(
        org.create_policy,
        Content=content,
        Description="",
        Name="n",
        Type="SERVICE_CONTROL_POLICY",
    )
    assert found.startswith(code)
    existing = policy(org)
    found, _ = refusal(org.update_policy, PolicyId=existing, Content=content)
    assert found.startswith(code)


def test_exactly_the_size_limit_is_fine(org):
    content = document({**DENY_S3, "Sid": ""})
    padded = document({**DENY_S3, "Sid": "x" * (10_240 - len(content))})
    assert len(padded) == 10_240  # since 2026-05-15
    assert policy(org, content=padded)


def test_attachment_rules(org, root):
    account_id = create(org, "target")
    ids = [policy(org, f"p{n}") for n in range(10)]
    for policy_id in ids[:9]:
        org.attach_policy(PolicyId=policy_id, TargetId=account_id)
    assert refusal(org.attach_policy, PolicyId=ids[9], TargetId=account_id) == (
        "ConstraintViolationException",
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    )
    code, _ = refusal(org.attach_policy, PolicyId=ids[0], TargetId=account_id)
    assert code == "DuplicatePolicyAttachmentException"
    code, _ = refusal(org.attach_policy, PolicyId=ids[0], TargetId="123456789012")
    assert code == "TargetNotFoundException"
    code, _ = refusal(org.detach_policy, PolicyId=ids[9], TargetId=account_id)
    assert code == "PolicyNotAttachedException"
    for policy_id in ids[:9]:
        org.detach_policy(PolicyId=policy_id, TargetId=account_id)
    assert refusal(org.detach_policy, PolicyId="p-FullAWSAccess", TargetId=account_id) == (
        "ConstraintViolationException",
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    )


def test_targets_of_a_policy_are_listed_in_pages(org, root):
    policy_id = policy(org)
    unit = org.create_organizational_unit(ParentId=root, Name="U")["OrganizationalUnit"]["Id"]
    account_id = create(org, "target")
    for target in (root, unit, account_id):
        org.attach_policy(PolicyId=policy_id, TargetId=target)
    pages = list(
        org.get_paginator("list_targets_for_policy").paginate(
            PolicyId=policy_id, PaginationConfig={"PageSize": 2}
        )
    )
    found = {item["TargetId"]: item["Type"] for page in pages for item in page["Targets"]}
    assert found == {root: "ROOT", unit: "ORGANIZATIONAL_UNIT", account_id: "ACCOUNT"}
    assert len(pages) == 2
    assert refusal(org.delete_policy, PolicyId=policy_id)[0] == "PolicyInUseException"
    listed = org.list_policies_for_target(TargetId=unit, Filter="SERVICE_CONTROL_POLICY")
    assert [item["Name"] for item in listed["Policies"]] == ["FullAWSAccess", "guard"]


def test_a_type_must_be_enabled_before_its_policies_are_attached(org, root):
    tags = '{"tags":{"team":{"tag_key":{"@@assign":"team"}}}}'
    policy_id = policy(org, content=tags, kind="TAG_POLICY")
    attach = {"PolicyId": policy_id, "TargetId": root}
    assert refusal(org.attach_policy, **attach)[0] == "PolicyTypeNotEnabledException"
    org.enable_policy_type(RootId=root, PolicyType="TAG_POLICY")
    again = refusal(org.enable_policy_type, RootId=root, PolicyType="TAG_POLICY")
    assert again[0] == "PolicyTypeAlreadyEnabledException"
    org.attach_policy(**attach)
    org.disable_policy_type(RootId=root, PolicyType="TAG_POLICY")
    again = refusal(org.disable_policy_type, RootId=root, PolicyType="TAG_POLICY")
    assert again[0] == "PolicyTypeNotEnabledException"
    wrong = refusal(org.enable_policy_type, RootId="r-none", PolicyType="TAG_POLICY")
    assert wrong[0] == "RootNotFoundException"


def test_every_policy_type_of_the_model_can_be_used(org, root):
    kinds = org.meta.service_model.shape_for("PolicyType").enum
    assert len(kinds) >= 15
    for kind in kinds:
        if kind != "SERVICE_CONTROL_POLICY":
            org.enable_policy_type(RootId=root, PolicyType=kind)
        content = CONTENT.get(kind, '{"x":{}}')
        policy_id = policy(org, name=kind, content=content, kind=kind)
        org.attach_policy(PolicyId=policy_id, TargetId=root)


def test_a_policy_holds_what_its_type_has(org):
    for kind, content in (
        ("TAG_POLICY", '{"plans":{}}'),
        ("TAG_POLICY", '{"tags":{"team":{"tag_key":{"@@asign":"team"}}}}'),
        ("RESOURCE_CONTROL_POLICY", document({**DENY_S3, "Principal": "*", "Action": "*"})),
        ("RESOURCE_CONTROL_POLICY", document({**DENY_S3, "Principal": "*", "Effect": "Allow"})),
    ):
        found, _ = refusal(org.create_policy, Content=content, Description="", Name="n", Type=kind)
        assert found == "MalformedPolicyDocumentException"


def test_disabling_a_type_detaches_its_policies_and_only_awss_own_come_back(org, root):
    policy_id = policy(org)
    org.attach_policy(PolicyId=policy_id, TargetId=root)
    account_id = create(org, "target")
    kind = "SERVICE_CONTROL_POLICY"
    org.disable_policy_type(RootId=root, PolicyType=kind)
    assert org.list_targets_for_policy(PolicyId=policy_id)["Targets"] == []
    assert org.list_policies_for_target(TargetId=account_id, Filter=kind)["Policies"] == []
    org.enable_policy_type(RootId=root, PolicyType=kind)
    for target in (root, account_id):
        attached = org.list_policies_for_target(TargetId=target, Filter=kind)["Policies"]
        assert [item["Name"] for item in attached] == ["FullAWSAccess"]


def test_names_are_unique_within_a_type(org):
    policy(org, "one")
    assert policy(org, "one", content='{"tags":{}}', kind="TAG_POLICY")


def test_names_are_unique_and_aws_policies_are_not_ours(org):
    first, second = policy(org, "one"), policy(org, "two")
    duplicate = "DuplicatePolicyException"
    assert refusal(org.update_policy, PolicyId=second, Name="one")[0] == duplicate
    assert org.update_policy(PolicyId=first, Name="one", Description="new")
    for call in (org.delete_policy, org.update_policy):
        assert refusal(call, PolicyId="p-FullAWSAccess") == (
            "InvalidInputException",
            "IMMUTABLE_POLICY",
        )
    assert refusal(org.describe_policy, PolicyId="p-abcdefgh12")[0] == "PolicyNotFoundException"
    org.delete_policy(PolicyId=first)
    names = [
        item["Name"] for item in org.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    ]
    assert names == ["FullAWSAccess", "two"]


def test_delegation_needs_trusted_access(sandbox, org):
    account_id = create(org, "audit")
    service = {"ServicePrincipal": "guardduty.amazonaws.com"}
    assert refusal(org.register_delegated_administrator, AccountId=account_id, **service) == (
        "ConstraintViolationException",
        "SERVICE_ACCESS_NOT_ENABLED",
    )
    org.enable_aws_service_access(**service)
    org.register_delegated_administrator(AccountId=account_id, **service)
    again = refusal(org.register_delegated_administrator, AccountId=account_id, **service)
    assert again[0] == "AccountAlreadyRegisteredException"
    refused = refusal(
        org.register_delegated_administrator, AccountId=sandbox.management_account_id, **service
    )
    assert refused[1] == "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    listed = org.list_delegated_administrators(**service)["DelegatedAdministrators"]
    assert [item["Id"] for item in listed] == [account_id]
    org.deregister_delegated_administrator(AccountId=account_id, **service)
    again = refusal(org.deregister_delegated_administrator, AccountId=account_id, **service)
    assert again[0] == "AccountNotRegisteredException"
    wrong = refusal(org.enable_aws_service_access, ServicePrincipal="nonsense")
    assert wrong == ("InvalidInputException", "UNRECOGNIZED_SERVICE_PRINCIPAL")


def test_members_may_not_ask_and_delegated_administrators_may_read(sandbox, org):
    account_id = create(org, "audit")
    member = sandbox.member_session(account_id).client("organizations")
    described = member.describe_organization()["Organization"]
    assert described["MasterAccountId"] == sandbox.management_account_id
    assert refusal(member.list_accounts)[0] == "AccessDeniedException"
    begin = {"AccountName": "n", "Email": "aws+n@example.com"}
    assert refusal(member.create_account, **begin)[0] == "AccessDeniedException"
    org.register_delegated_administrator(
        AccountId=account_id, ServicePrincipal="account.amazonaws.com"
    )
    assert len(member.list_accounts()["Accounts"]) == 2
    assert refusal(member.create_account, **begin)[0] == "AccessDeniedException"
