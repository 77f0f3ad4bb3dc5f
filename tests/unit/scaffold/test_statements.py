"""Every statement of every role that aft writes: its resources, its conditions, and no data.

``service_authorization.json`` is AWS's service authorization reference for the actions that are
listed: the resource types an action has (``@`` is an account), and which of the condition keys that
narrow it (AWS has many more, which say nothing about what aft asks for).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name

from aft import settings
from aft.policy_language.context import Context
from aft.policy_language.evaluate import Decision, granted
from aft.policy_language.policy import Policy, policy_of_text
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request
from aft.sandbox.services.aws_policies import document_of_aws_policy
from aft.scaffold import permissions
from aft.scaffold.permissions import APPLY, MEMBER, PLAN, READER, actions_of
from aft.scaffold.roles import (
    PREVIEW_READER_ROLE,
    READER_ROLE,
    WRITER_ROLE,
    RoleNames,
    preview_reader_template,
    reader_template,
    template_of,
    writer_template,
)
from aft.scaffold.roles_terraform import roles_terraform
from aft.settings.iam_roles.setting import IamRoles
from aft.settings.shapes.tags import OWNER_TAG
from aft.values.data_reads import DECRYPT, OBJECTS, RECORDS, without_data
from aft.values.github_subject import RepositorySubject
from aft.values.grants import EVERYTHING, OWN_ACCOUNT, PARTITION, Grant

FACTS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("service_authorization.json").read_text()
)
GRANTS = (*PLAN, *APPLY, *READER, *MEMBER)
WITHOUT = {
    "s3:GetAccountPublicAccessBlock": "it is the account's own, and has no bucket",
    "s3:PutAccountPublicAccessBlock": "it is the account's own, and has no bucket",
}
"""Actions that a key would not narrow."""
READS = re.compile("(BatchGet|Describe|Get|Head|List|Lookup)[A-Z]")
PREFIXES = {"s3control": "s3control", "service-quotas": "servicequotas"}
BUDGET_WRITES = [
    f"{verb}{thing}"
    for verb in ("Create", "Update", "Delete")
    for thing in ("Budget", "Notification", "Subscriber")
]
AWS_POLICIES = "arn:aws:organizations::aws:policy/*"
NAMES = RoleNames(
    repository=RepositorySubject(repository="acme/accounts"),
    member="OrganizationAccountAccessRole",
    reader=READER_ROLE,
    writer=WRITER_ROLE,
)
MANAGEMENT, ACCOUNT, OTHER = "111122223333", "444455556666", "777788889999"


def plain(arn: str) -> str:
    return arn.replace(PARTITION, "aws").replace(OWN_ACCOUNT, "@")


def overlaps(one: str, other: str) -> bool:
    return fnmatchcase(one.replace("*", "x"), other) or fnmatchcase(other.replace("*", "x"), one)


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.sid)
def test_a_statement_names_the_resources_that_its_actions_have(grant: Grant) -> None:
    kinds = {action: FACTS[action]["resources"] for action in grant.actions}
    if grant.resources == EVERYTHING:
        assert {action for action, found in kinds.items() if found} == set(), "they have resources"
        return
    named = [plain(arn) for arn in grant.resources]
    for action, found in kinds.items():
        assert any(overlaps(arn, kind) for arn in named for kind in found), action
    every = [AWS_POLICIES, *(kind for found in kinds.values() for kind in found)]
    for arn in named:
        assert any(overlaps(arn, kind) for kind in every), f"{arn} is of no action"


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.sid)
def test_a_statement_has_the_conditions_that_narrow_it(grant: Grant) -> None:
    keys = {key for keys in grant.conditions.values() for key in keys}
    for action in grant.actions:
        if action not in WITHOUT:
            assert set(FACTS[action]["keys"]) <= keys, action


OTHER_NAMES = {
    **{f"budgets:{kind}": "budgets:ModifyBudget" for kind in BUDGET_WRITES},
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3control:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}
"""Operations that IAM has another name for."""


def writes_of(module: Path) -> Iterator[str]:
    """IAM's names of what the code may call, other than what reads, for each client it makes."""
    tree = list(ast.walk(ast.parse(module.read_text())))
    clients = {
        node.args[0].value
        for node in tree
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "client"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    typed = {
        (node.module or "").partition(".")[0].removeprefix("types_boto3_").replace("_", "-")
        for node in tree
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("types_boto3_")
    }
    names = {node.attr for node in tree if isinstance(node, ast.Attribute)}
    for service in sorted(clients | typed):
        model = botocore.session.get_session().get_service_model(str(service))
        for operation in model.operation_names:
            if xform_name(operation) in names and not READS.match(operation):
                prefix = model.metadata.get("signingName", model.metadata["endpointPrefix"])
                yield f"{PREFIXES.get(str(service), prefix)}:{operation}"


def test_every_write_of_a_setting_is_a_permission_of_a_role() -> None:
    allowed = actions_of((*MEMBER, *APPLY))
    missing = {
        f"{module.name}: {action}"
        for module in Path(settings.__file__).parent.rglob("*.py")
        for action in writes_of(module)
        if OTHER_NAMES.get(action, action) not in allowed
    }
    assert missing == set()


def test_an_account_is_created_with_its_tag_alone() -> None:
    (grant,) = (item for item in APPLY if "organizations:CreateAccount" in item.actions)
    assert grant.conditions == {"Null": {"aws:RequestTag/aft:request": ("false",)}}


# --- the templates ----------------------------------------------------------------------------


def resolved(value: Any, account: str) -> Any:
    """``value`` as CloudFormation deploys it in ``account``."""
    if isinstance(value, Mapping):
        if set(value) == {"Fn::Sub"}:
            return str(value["Fn::Sub"]).replace(PARTITION, "aws").replace(OWN_ACCOUNT, account)
        return {key: resolved(item, account) for key, item in value.items()}
    return [resolved(item, account) for item in value] if isinstance(value, list) else value


def roles(template: str, account: str) -> Iterator[Mapping[str, Any]]:
    for resource in resolved(yaml.safe_load(template), account)["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            yield resource["Properties"]


MADE = {
    role["RoleName"]: (role, account)
    for text, account in (
        (yaml.safe_dump(template_of(NAMES)), MANAGEMENT),
        (reader_template(READER_ROLE, MANAGEMENT), ACCOUNT),
        (writer_template(WRITER_ROLE, MANAGEMENT), ACCOUNT),
        (preview_reader_template(PREVIEW_READER_ROLE, MANAGEMENT), ACCOUNT),
    )
    for role in roles(text, account)
}


def statements(role: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for policy in role["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", MADE)
def test_an_allow_without_resources_is_for_actions_without_them(name: str) -> None:
    for statement in statements(MADE[name][0]):
        if statement["Effect"] == "Allow" and listed(statement["Resource"]) == ["*"]:
            for action in listed(statement["Action"]):
                assert FACTS[action]["resources"] == [], action


@pytest.mark.parametrize("name", MADE)
def test_other_accounts_are_entered_and_read_only_within_the_organization(name: str) -> None:
    for statement in statements(MADE[name][0]):
        foreign = [arn for arn in listed(statement.get("Resource", ())) if arn.count(":*:")]
        if {"sts:AssumeRole", DECRYPT} & set(listed(statement["Action"])) and foreign:
            assert statement["Condition"]["StringEquals"] == {
                "aws:ResourceOrgID": "${aws:PrincipalOrgID}"
            }


def policies(role: Mapping[str, Any]) -> list[Policy]:
    own = [Policy.of(item["PolicyDocument"], item["PolicyName"]) for item in role["Policies"]]
    managed = (document_of_aws_policy(arn) for arn in role.get("ManagedPolicyArns", ()))
    return [*own, *(policy_of_text(text, "managed") for text in managed)]


def decision(found: Iterable[Policy], action: str, resource: str, **keys: str) -> Decision:
    values = {
        "aws:PrincipalAccount": ACCOUNT,
        "aws:ResourceAccount": ACCOUNT,
        **{name.replace("__", ":"): value for name, value in keys.items()},
    }
    request = Request(
        principal=Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/aft"),
        action=action,
        resource=resource,
        context=Context(values),
    )
    return granted(found, request, source="identity").decision


MORE_DATA = (
    *("ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "lambda:GetFunction"),
    *("ec2:DescribeInstanceAttribute", "cloudformation:GetTemplate", "s3:GetObjectVersion"),
    *("codebuild:BatchGetProjects", "ecs:DescribeTaskDefinition", "glue:GetConnections"),
)
"""Configuration that holds data: the reader role does not need it."""


@pytest.mark.parametrize("name", [name for name in MADE if name != PREVIEW_READER_ROLE])
def test_no_role_but_that_of_terraform_reads_data(name: str) -> None:
    found = policies(MADE[name][0])
    for action in (*RECORDS, *OBJECTS, DECRYPT, *MORE_DATA):
        for resource in ("*", "arn:aws:s3:::data/customers.csv", f"arn:aws:x:::{ACCOUNT}:y/z"):
            answer = decision(found, action, resource, kms__ViaService="ssm.x.amazonaws.com")
            assert answer is Decision.DENIED, action


def test_the_reader_reads_its_own_parameters_alone() -> None:
    found = policies(MADE[READER_ROLE][0])
    names = {
        "/aft/account": True,
        "/aft/account-request/custom-fields": True,
        "/aftermath": False,
        "/prod": False,
        "/": False,
        "/prod/aft/account": False,
    }
    for name, is_read in names.items():
        arn = f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter{name}"
        answer = decision(found, "ssm:GetParametersByPath", arn)
        assert (answer is Decision.ALLOWED) == is_read, name
    foreign = f"arn:aws:ssm:eu-central-1:{OTHER}:parameter/aft/account"
    assert decision(found, "ssm:GetParametersByPath", foreign) is Decision.DENIED


def test_a_policy_that_somebody_attaches_to_the_reader_gives_it_no_data() -> None:
    wide = policy_of_text(document_of_aws_policy("arn:aws:iam::aws:policy/AdministratorAccess"))
    found = [*policies(MADE[READER_ROLE][0]), wide]
    for action in (*RECORDS, *OBJECTS, DECRYPT):
        assert decision(found, action, f"arn:aws:x::{ACCOUNT}:y/z") is Decision.DENIED, action


@pytest.mark.parametrize("action", RECORDS)
def test_terraform_reads_no_records(action: str) -> None:
    found = policies(MADE[PREVIEW_READER_ROLE][0])
    assert decision(found, action, f"arn:aws:x::{ACCOUNT}:y/z") is Decision.DENIED


@pytest.mark.parametrize(
    ("via", "owner", "organization", "is_allowed"),
    [
        ("s3.eu-central-1.amazonaws.com", OTHER, "o-1", True),
        ("s3.eu-central-1.amazonaws.com", OTHER, "o-2", False),
        ("s3.eu-central-1.amazonaws.com", ACCOUNT, "o-1", False),
        ("ssm.eu-central-1.amazonaws.com", OTHER, "o-1", False),
        ("secretsmanager.eu-central-1.amazonaws.com", ACCOUNT, "o-1", False),
    ],
)
def test_terraform_decrypts_its_states_alone(
    via: str, owner: str, organization: str, is_allowed: bool
) -> None:
    found = policies(MADE[PREVIEW_READER_ROLE][0])
    keys = {
        "kms__ViaService": via,
        "aws__ResourceAccount": owner,
        "aws__ResourceOrgID": organization,
        "aws__PrincipalOrgID": "o-1",
    }
    arn = f"arn:aws:kms:eu-central-1:{owner}:key/1"
    assert (decision(found, DECRYPT, arn, **keys) is Decision.ALLOWED) == is_allowed


@pytest.mark.parametrize("states", [False, True])
def test_a_session_that_is_held_to_reading_reads_no_data(states: bool) -> None:
    text = without_data(partition="aws", states=states)
    assert len(text) <= 2048, "what STS takes"
    wide = policy_of_text(document_of_aws_policy("arn:aws:iam::aws:policy/ReadOnlyAccess"))
    found = (wide, policy_of_text(text, "session"))
    for action in (*RECORDS, DECRYPT):
        assert decision(found, action, f"arn:aws:x::{ACCOUNT}:y/z") is Decision.DENIED, action
    state = f"arn:aws:s3:::states/{ACCOUNT}-aft-global-customizations/terraform.tfstate"
    for arn, is_read in ((state, states), ("arn:aws:s3:::data/customers.csv", False)):
        assert (decision(found, "s3:GetObject", arn) is Decision.ALLOWED) == is_read


# --- trust ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MADE)
def test_a_role_trusts_named_principals(name: str) -> None:
    role, _ = MADE[name]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    condition = statement["Condition"]
    if "Federated" in statement["Principal"]:
        (subject,) = (
            value for key, value in condition["StringEquals"].items() if key.endswith(":sub")
        )
        assert subject == f"repo:acme/accounts:environment:{name}"
        assert condition["StringEquals"]["token.actions.githubusercontent.com:ref"] == (
            "refs/heads/main"
        )
        return
    arns = listed(condition["ArnEquals"]["aws:PrincipalArn"])
    expected = {
        READER_ROLE: {"aft-plan", "aft-preview"},
        WRITER_ROLE: {"aft-apply"},
        PREVIEW_READER_ROLE: {"aft-preview"},
    }
    assert set(arns) == {f"arn:aws:iam::{MANAGEMENT}:role/{item}" for item in expected[name]}


def test_another_issuer_is_asked_for_what_aws_knows_of_it() -> None:
    names = replace(NAMES, issuer="github.example.com/_services/token")
    for role in roles(yaml.safe_dump(template_of(names)), MANAGEMENT):
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        keys = {key.rpartition(":")[2] for key in statement["Condition"]["StringEquals"]}
        assert keys == {"aud", "sub"}


def test_terraform_has_the_same_statements() -> None:
    text = roles_terraform(NAMES)
    assert "${aws:" not in text.replace("$${aws:", ""), "IAM's variables are not Terraform's"
    assert "AWS::" not in text
    assert text.count('"token.actions.githubusercontent.com:ref" = "refs/heads/main"') == 3
    assert text.count('"aws:ResourceOrgID": "$${aws:PrincipalOrgID}"') == 4
    assert '"arn:${local.partition}:organizations::${local.account}:account/o-*/*"' in text


# --- what each role may do, and what it may not -------------------------------------------------

ORGANIZATION, HOME = "o-1", "arn:aws:iam::{}:role/{}"
MEMBER_ROLE = "OrganizationAccountAccessRole"
ADMINISTERED = {"organizations__ServicePrincipal": "guardduty.amazonaws.com"}
SAME = {"aws__PrincipalOrgID": ORGANIZATION, "aws__ResourceOrgID": ORGANIZATION}
OUTSIDE = {**SAME, "aws__ResourceOrgID": "o-2"}
OWN_BUCKET = {"s3__ResourceAccount": ACCOUNT}
ACCOUNT_ARN = f"arn:aws:organizations::{MANAGEMENT}:account/o-1/{ACCOUNT}"
OU_ARN = f"arn:aws:organizations::{MANAGEMENT}:ou/o-1/ou-1"
HEAD = f"arn:aws:ssm:eu-central-1:{MANAGEMENT}:parameter/aft/ledger/head"
BUCKET = "arn:aws:s3:::logs"
STACK = f"arn:aws:cloudformation:eu-central-1:{ACCOUNT}:stack/aft-global/1"
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRole"


def entered(role: str, account: str = ACCOUNT) -> str:
    return HOME.format(account, role)


OWN_ROLE = {f"aws__ResourceTag/{OWNER_TAG}": IamRoles.name}
MAY: Mapping[str, Iterable[tuple[str, str, Mapping[str, str]]]] = {
    "aft-plan": (
        ("organizations:ListRoots", "*", {}),
        ("organizations:DescribePolicy", "arn:aws:organizations::aws:policy/x/p-FullAccess", {}),
        ("ssm:GetParameter", HEAD, {}),
        ("sts:AssumeRole", entered(READER_ROLE), SAME),
        ("organizations:ListDelegatedAdministrators", "*", ADMINISTERED),
    ),
    "aft-apply": (
        ("organizations:CreateAccount", "*", {"aws__RequestTag/aft:request": "shop"}),
        ("organizations:MoveAccount", ACCOUNT_ARN, {}),
        ("organizations:TagResource", OU_ARN, {}),
        ("ssm:PutParameter", HEAD, {}),
        ("sts:AssumeRole", entered(MEMBER_ROLE), SAME),
        ("sts:AssumeRole", entered(WRITER_ROLE), SAME),
        ("organizations:EnableAWSServiceAccess", "*", ADMINISTERED),
        ("organizations:RegisterDelegatedAdministrator", ACCOUNT_ARN, ADMINISTERED),
    ),
    READER_ROLE: (
        ("iam:GetRole", entered("deploy"), {}),
        ("ssm:GetParametersByPath", f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/aft/x", {}),
        ("s3:GetBucketPolicy", BUCKET, OWN_BUCKET),
        ("kms:DescribeKey", f"arn:aws:kms:eu-central-1:{OTHER}:key/1", {}),
    ),
    WRITER_ROLE: (
        ("iam:UpdateAssumeRolePolicy", entered("deploy"), OWN_ROLE),
        ("iam:DeleteRole", entered("deploy"), OWN_ROLE),
        ("ec2:ReleaseAddress", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:elastic-ip/eipalloc-1", {}),
        ("cloudtrail:UpdateTrail", f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/t", {}),
        ("iam:PassRole", entered("flow"), {"iam__PassedToService": "vpc-flow-logs.amazonaws.com"}),
        (
            "iam:CreateServiceLinkedRole",
            SERVICE_ROLE,
            {"iam__AWSServiceName": "config.amazonaws.com"},
        ),
        ("s3:PutBucketPolicy", BUCKET, OWN_BUCKET),
        ("ssm:PutParameter", f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/aft/x", {}),
        ("cloudformation:DeleteStack", STACK, {}),
    ),
}
MAY_NOT: Mapping[str, Iterable[tuple[str, str, Mapping[str, str]]]] = {
    "aft-plan": (
        ("sts:AssumeRole", entered(MEMBER_ROLE), SAME),
        ("sts:AssumeRole", entered(WRITER_ROLE), SAME),
        ("sts:AssumeRole", entered(PREVIEW_READER_ROLE), SAME),
        ("sts:AssumeRole", entered("AWSControlTowerExecution"), SAME),
        ("sts:AssumeRole", entered(READER_ROLE), OUTSIDE),
        ("sts:AssumeRole", entered("aft-reader-2"), SAME),
        ("sts:AssumeRole", entered(f"path/{READER_ROLE}"), SAME),
        ("ssm:PutParameter", HEAD, {}),
        ("ssm:GetParameter", f"{HEAD}er", {}),
        ("ssm:GetParameter", HEAD.replace(MANAGEMENT, OTHER), {}),
        ("ssm:GetParametersByPath", HEAD, {}),
        ("organizations:CreateAccount", "*", {"aws__RequestTag/aft:request": "shop"}),
        ("organizations:TagResource", ACCOUNT_ARN, {}),
        ("organizations:ListDelegatedAdministrators", "*", {}),
        ("iam:GetRole", entered("aft-apply", MANAGEMENT), {}),
    ),
    "aft-apply": (
        ("organizations:CreateAccount", "*", {}),
        ("organizations:CloseAccount", ACCOUNT_ARN, {}),
        ("organizations:RemoveAccountFromOrganization", ACCOUNT_ARN, {}),
        ("organizations:LeaveOrganization", "*", {}),
        ("organizations:DeleteOrganization", "*", {}),
        ("organizations:MoveAccount", ACCOUNT_ARN.replace(MANAGEMENT, OTHER), {}),
        ("organizations:DetachPolicy", OU_ARN, {}),
        (
            "organizations:EnableAWSServiceAccess",
            "*",
            {"organizations__ServicePrincipal": "sso.amazonaws.com"},
        ),
        ("organizations:EnableAWSServiceAccess", "*", {}),
        (
            "organizations:RegisterDelegatedAdministrator",
            ACCOUNT_ARN,
            {"organizations__ServicePrincipal": "cloudtrail.amazonaws.com"},
        ),
        ("sts:AssumeRole", entered(MEMBER_ROLE), OUTSIDE),
        ("sts:AssumeRole", entered(MEMBER_ROLE), {}),
        ("sts:AssumeRole", entered("Administrator"), SAME),
        ("ssm:PutParameter", HEAD.replace("ledger/head", "ledger"), {}),
        ("iam:PutRolePolicy", entered("aft-apply", MANAGEMENT), {}),
        ("iam:UpdateAssumeRolePolicy", entered("aft-apply", MANAGEMENT), {}),
        ("iam:CreateUser", "*", {}),
    ),
    READER_ROLE: (
        ("ssm:GetParameter", f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/aft/x", {}),
        ("ssm:GetParametersByPath", f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/prod", {}),
        ("kms:Decrypt", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1", {}),
        ("secretsmanager:GetSecretValue", "*", {}),
        ("s3:GetObject", f"{BUCKET}/x", OWN_BUCKET),
        ("s3:GetBucketPolicy", BUCKET, {"s3__ResourceAccount": OTHER}),
        ("iam:GetRole", entered("deploy", OTHER), {}),
        ("iam:CreateAccessKey", "*", {}),
        ("sts:AssumeRole", entered(MEMBER_ROLE), SAME),
        ("lambda:GetFunction", "*", {}),
    ),
    WRITER_ROLE: (
        ("iam:PassRole", entered("flow"), {"iam__PassedToService": "lambda.amazonaws.com"}),
        ("iam:PassRole", entered("flow"), {}),
        ("iam:CreateUser", "*", {}),
        ("iam:CreateAccessKey", "*", {}),
        ("iam:UpdateAssumeRolePolicy", entered(MEMBER_ROLE), {}),
        ("iam:DeleteRole", entered("deploy"), {f"aws__ResourceTag/{OWNER_TAG}": "network"}),
        (
            "iam:CreateServiceLinkedRole",
            SERVICE_ROLE.replace("config", "sso"),
            {"iam__AWSServiceName": "sso.amazonaws.com"},
        ),
        ("s3:PutBucketPolicy", BUCKET, {"s3__ResourceAccount": OTHER}),
        ("s3:GetObject", f"{BUCKET}/x", OWN_BUCKET),
        ("s3:DeleteBucket", BUCKET, OWN_BUCKET),
        ("ssm:PutParameter", f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/prod", {}),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/t", {}),
        ("cloudtrail:DeleteTrail", f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/t", {}),
        ("guardduty:DeleteDetector", f"arn:aws:guardduty:eu-central-1:{ACCOUNT}:detector/d", {}),
        ("sts:AssumeRole", entered(MEMBER_ROLE), SAME),
        ("account:CloseAccount", f"arn:aws:account::{ACCOUNT}:account", {}),
    ),
}


@pytest.mark.parametrize(
    ("role", "action", "resource", "keys", "expected"),
    [
        (role, action, resource, keys, expected)
        for table, expected in ((MAY, Decision.ALLOWED), (MAY_NOT, Decision.DENIED))
        for role, rows in table.items()
        for action, resource, keys in rows
    ],
)
def test_a_role_may_what_it_needs_and_nothing_next_to_it(
    role: str, action: str, resource: str, keys: Mapping[str, str], expected: Decision
) -> None:
    """As IAM's SimulatePrincipalPolicy answers, by the project's evaluator."""
    assert decision(policies(MADE[role][0]), action, resource, **keys) is expected


ISSUER = "token.actions.githubusercontent.com"


@pytest.mark.parametrize("role", ["aft-plan", "aft-apply", "aft-preview"])
@pytest.mark.parametrize(
    ("claims", "is_trusted"),
    [
        ({}, True),
        ({"sub": "repo:evil/accounts:environment:{}"}, False),
        ({"sub": "repo:acme/accounts2:environment:{}"}, False),
        ({"sub": "repo:acme/accounts:environment:{}x"}, False),
        ({"sub": "repo:acme/accounts:environment:production"}, False),
        ({"sub": "repo:acme/accounts:pull_request"}, False),
        ({"sub": "repo:acme/accounts:ref:refs/heads/main"}, False),
        ({"sub": "repo:Acme/accounts:environment:{}"}, False),
        ({"sub": ""}, False),
        ({"ref": "refs/heads/feature"}, False),
        ({"ref": "refs/pull/1/merge"}, False),
        ({"ref": "refs/tags/main"}, False),
        ({"ref": None}, False),
        ({"aud": "https://github.com/acme"}, False),
        ({"aud": None}, False),
    ],
)
def test_the_trust_of_a_role_takes_one_token_alone(
    role: str, claims: Mapping[str, str | None], is_trusted: bool
) -> None:
    good = {"sub": "repo:acme/accounts:environment:{}", "ref": "refs/heads/main"}
    good["aud"] = "sts.amazonaws.com"
    token = {**good, **claims}
    keys = {
        f"{ISSUER}:{name}": value.format(role) for name, value in token.items() if value is not None
    }
    document = MADE[role][0]["AssumeRolePolicyDocument"]
    identity = {"Federated": f"arn:aws:iam::{MANAGEMENT}:oidc-provider/{ISSUER}"}
    (statement,) = document["Statement"]
    assert statement["Principal"] == identity
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    as_policy = {
        "Version": "2012-10-17",
        "Statement": [
            {**{k: v for k, v in statement.items() if k != "Principal"}, "Resource": "*"}
        ],
    }
    found = granted(
        [Policy.of(as_policy, "trust")],
        Request(
            principal=Principal("arn:aws:sts::aws:web-identity"),
            action="sts:AssumeRoleWithWebIdentity",
            resource=f"arn:aws:iam::{MANAGEMENT}:role/{role}",
            context=Context(keys),
        ),
        source="trust",
    )
    assert (found.decision is Decision.ALLOWED) == is_trusted


def test_the_lists_are_described() -> None:
    assert permissions.__doc__
    assert all(grant.why.endswith(".") for grant in GRANTS)
