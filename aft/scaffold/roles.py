"""The roles that GitHub's workflows take, and those that plans read accounts with.

``aft-plan`` reads the organization and may become the reader role inside accounts; ``aft-apply``
changes the organization and may become the member role. ``aft-preview``, which is made on request,
may in addition to ``aft-plan`` become the role that Terraform plans with. Each trusts one
environment of one repository, and the environment lets in one branch: GitHub's token says all
three. The trust asks for the branch too, as a claim next to the subject: an environment that is
missing is made by the first job that names it, without rules, for any branch. In CloudFormation,
and the same for those who keep their IAM in Terraform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aft.desired.emit import mapping_yaml
from aft.scaffold.permissions import APPLY, MEMBER, NO_DATA, NO_OBJECTS, PLAN, READER
from aft.values.data_reads import DECRYPT, OBJECTS, STATES
from aft.values.github_subject import ISSUER, RepositorySubject
from aft.values.grants import OWN_ACCOUNT, PARTITION, Grant

AUDIENCE = "sts.amazonaws.com"
PLAN_ROLE, APPLY_ROLE, READER_ROLE = "aft-plan", "aft-apply", "aft-reader"
WRITER_ROLE = "aft-writer"
PREVIEW_ROLE, PREVIEW_READER_ROLE = "aft-preview", "aft-preview-reader"
PLAN_ENVIRONMENT, APPLY_ENVIRONMENT = "aft-plan", "aft-apply"
PREVIEW_ENVIRONMENT, PREVIEW_VARIABLE = "aft-preview", "AFT_PREVIEW_ROLE"

ROLES_PATH = "iam/aft-roles.cfn.yaml"
TERRAFORM_PATH = "iam/aft-roles.tf"
READER_PATH = "customizations/global/10-aft-reader.cfn.yaml"
WRITER_PATH = "customizations/global/12-aft-writer.cfn.yaml"
PREVIEW_READER_PATH = "customizations/global/11-aft-preview-reader.cfn.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleNames:
    """``repository`` is the one on GitHub, as its tokens name it; ``trusts_names``: also without
    ids. ``member``, ``writer``, ``reader`` and ``preview`` are the names of roles inside member
    accounts, as in aft.yaml; ``writer`` is empty for none. ``branch`` is that of the workflows.
    ``reads`` and ``writes`` are what installed kinds need in the management account in addition."""

    repository: RepositorySubject
    trusts_names: bool = False
    member: str
    reader: str
    writer: str = ""
    preview: str = PREVIEW_READER_ROLE
    issuer: str = ISSUER
    branch: str = "main"
    reads: tuple[Grant, ...] = ()
    writes: tuple[Grant, ...] = ()


def plan_statements(names: RoleNames) -> list[dict[str, Any]]:
    """What ``aft-plan`` may do; ``${AWS::Partition}`` is CloudFormation's."""
    return [*_statements((*PLAN, *names.reads)), _entering("EnterAccountsToRead", names.reader)]


def preview_statements(names: RoleNames) -> list[dict[str, Any]]:
    """What ``aft-preview`` may do: code of pull requests runs in its job, so reads alone."""
    return [*plan_statements(names), _entering("EnterAccountsToPreview", names.preview)]


def apply_statements(names: RoleNames) -> list[dict[str, Any]]:
    """What ``aft-apply`` may do."""
    return [
        *_statements((*PLAN, *names.reads, *APPLY, *names.writes)),
        _entering("EnterAccounts", names.member, *([names.writer] if names.writer else ())),
    ]


def _statements(grants: Iterable[Grant], effect: str = "Allow") -> list[dict[str, Any]]:
    return [_substituted(grant.statement(effect)) for grant in grants]


def _entering(sid: str, *roles: str) -> dict[str, Any]:
    """``${aws:PrincipalOrgID}`` is IAM's own variable: no account outside the organization."""
    arns = [f"arn:{PARTITION}:iam::*:role/{role}" for role in roles]
    return _substituted(
        {
            "Sid": sid,
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": arns if len(arns) > 1 else arns[0],
            "Condition": {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
        }
    )


def _substituted(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Its resources as CloudFormation fills them in."""
    resource = statement["Resource"]
    if isinstance(resource, str):
        return {**statement, "Resource": _filled(resource)}
    return {**statement, "Resource": [_filled(item) for item in resource]}


def _filled(arn: str) -> Any:
    return {"Fn::Sub": arn} if PARTITION in arn or OWN_ACCOUNT in arn else arn


def subjects(names: RoleNames, environment: str) -> list[str]:
    """The subjects of GitHub's tokens for jobs in one environment."""
    found = [names.repository]
    if names.trusts_names and names.repository.has_ids:
        found.append(names.repository.by_name)
    return [f"{item}:environment:{environment}" for item in found]


def claims(names: RoleNames, environment: str) -> dict[str, str | list[str]]:
    """What GitHub's token must say, by condition key. AWS (IAM, keys of OIDC federation): of
    ``token.actions.githubusercontent.com`` also the ref; of other issuers the standard claims."""
    subject = subjects(names, environment)
    asked: dict[str, str | list[str]] = {
        f"{names.issuer}:aud": AUDIENCE,
        f"{names.issuer}:sub": subject if len(subject) > 1 else subject[0],
    }
    if names.issuer == ISSUER:
        asked[f"{names.issuer}:ref"] = f"refs/heads/{names.branch}"
    return asked


# --- CloudFormation ---------------------------------------------------------------------------


def roles_template(names: RoleNames) -> str:
    """``iam/aft-roles.cfn.yaml``, for the management account."""
    repository = names.repository.repository
    head = (
        f"# The roles that the workflows of {repository} assume. Deploy it once in\n"
        "# the management account. Each trusts one environment, and no keys are stored anywhere.\n"
        f"#   aws cloudformation deploy --stack-name aft-roles --template-file {ROLES_PATH} \\\n"
        "#     --capabilities CAPABILITY_NAMED_IAM\n"
        "# Then set the repository's variables AFT_PLAN_ROLE and AFT_APPLY_ROLE to the outputs.\n"
        "# CreatePreviewRole=yes and AFT_PREVIEW_ROLE are for Terraform plans in pull requests.\n"
    )
    return head + note_on_names(names) + mapping_yaml(template_of(names))


def note_on_names(names: RoleNames) -> str:
    """What to know of a trust that has no ids where GitHub's tokens say some."""
    if names.repository.has_ids or names.issuer != ISSUER:
        return ""
    return (
        "#\n"
        "# NOTE: the trust names the repository without its ids, because GitHub was not asked.\n"
        "# Tokens of repositories that were created, renamed or transferred since 2026-07-15\n"
        "# have ids, and are refused. Delete this file, and run aft init --github again with a\n"
        "# token in AFT_GITHUB_TOKEN, or with --owner-id and --repository-id.\n"
    )


def template_of(names: RoleNames) -> dict[str, Any]:
    """The template as plain values."""
    no_value = {"Ref": "AWS::NoValue"}
    bounded = {"Fn::If": ["IsBounded", {"Ref": "PermissionsBoundary"}, no_value]}
    plan = _role(
        PLAN_ROLE,
        "Plans pull requests and detects drift; read-only",
        PermissionsBoundary=bounded,
        AssumeRolePolicyDocument=_document(_trust(names, PLAN_ENVIRONMENT)),
        Policies=_policies(PLAN_ROLE, plan_statements(names)),
    )
    apply = _role(
        APPLY_ROLE,
        "Applies what was merged",
        PermissionsBoundary=bounded,
        AssumeRolePolicyDocument=_document(_trust(names, APPLY_ENVIRONMENT)),
        Policies=_policies(APPLY_ROLE, apply_statements(names)),
    )
    preview = _role(
        PREVIEW_ROLE,
        "Runs terraform plan for pull requests; read-only",
        PermissionsBoundary=bounded,
        AssumeRolePolicyDocument=_document(_trust(names, PREVIEW_ENVIRONMENT)),
        Policies=_policies(PREVIEW_ROLE, preview_statements(names)),
    )
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"IAM roles of aft for {names.repository.repository}",
        "Parameters": _parameters(),
        "Conditions": {
            "MakesProvider": {"Fn::Equals": [{"Ref": "CreateOidcProvider"}, "yes"]},
            "MakesPreview": {"Fn::Equals": [{"Ref": "CreatePreviewRole"}, "yes"]},
            "IsBounded": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundary"}, ""]}]},
        },
        "Resources": {
            "OidcProvider": {
                "Type": "AWS::IAM::OIDCProvider",
                "Condition": "MakesProvider",
                "Properties": {"Url": f"https://{names.issuer}", "ClientIdList": [AUDIENCE]},
            },
            "PlanRole": plan,
            "ApplyRole": apply,
            "PreviewRole": {"Condition": "MakesPreview", **preview},
        },
        "Outputs": {
            **{
                f"{name}Arn": {"Value": {"Fn::GetAtt": [name, "Arn"]}}
                for name in ("PlanRole", "ApplyRole")
            },
            "PreviewRoleArn": {
                "Condition": "MakesPreview",
                "Value": {"Fn::GetAtt": ["PreviewRole", "Arn"]},
            },
        },
    }


def _parameters() -> dict[str, Any]:
    return {
        "CreateOidcProvider": {
            "Type": "String",
            "Default": "yes",
            "AllowedValues": ["yes", "no"],
            "Description": "no if the account already has GitHub's OIDC provider",
        },
        "CreatePreviewRole": {
            "Type": "String",
            "Default": "no",
            "AllowedValues": ["yes", "no"],
            "Description": "yes to run terraform plan in pull requests of this repository",
        },
        "PermissionsBoundary": {
            "Type": "String",
            "Default": "",
            "Description": "ARN of the permissions boundary of both roles; empty for none",
        },
    }


def _role(name: str, description: str, **properties: Any) -> dict[str, Any]:
    own = {"RoleName": name, "Description": description, "MaxSessionDuration": 3600}
    return {"Type": "AWS::IAM::Role", "Properties": {**own, **properties}}


def _document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _policies(name: str, statements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"PolicyName": name, "PolicyDocument": _document(*statements)}]


def _trust(names: RoleNames, environment: str) -> dict[str, Any]:
    provider = f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{names.issuer}"
    return {
        "Effect": "Allow",
        "Principal": {"Federated": {"Fn::Sub": provider}},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": claims(names, environment)},
    }


def reader_template(reader: str, management_account: str) -> str:
    """The customization that makes the reader role in every account."""
    head = (
        "# The role that plans and drift runs read this account with (aft.yaml: roles.reader).\n"
        f"# It trusts roles of the management account, {management_account}, by name: if other\n"
        "# roles plan too, add them there (aws:PrincipalArn). It reads what built-in settings\n"
        "# read, and no data; add what your own settings read. Change ReadMetadata if the setting\n"
        "# ssm-metadata has another path than /aft.\n"
    )
    role = _role(
        reader,
        "Read by aft's plans; changes nothing",
        AssumeRolePolicyDocument=_document(
            _trusting(management_account, (PLAN_ROLE, PREVIEW_ROLE))
        ),
        Policies=_policies(
            reader, [*_statements(READER), *_statements((*NO_DATA, *NO_OBJECTS), "Deny")]
        ),
    )
    return head + _in_accounts("Lets plans read this account", {"Reader": role})


def writer_template(writer: str, management_account: str) -> str:
    """The customization that makes, in every account, the role that applies change it with."""
    head = (
        "# The role that applies change this account with (aft.yaml: roles.writer), once it is\n"
        "# here; until then they take the member role, which AWS makes an administrator. It\n"
        f"# trusts {APPLY_ROLE} of the management account, {management_account}. It may do what\n"
        "# built-in settings and this file need: add what your own templates and scripts create.\n"
        "# It may give permissions to roles, also its own; an SCP can prevent that.\n"
    )
    role = _role(
        writer,
        "Applies change this account with it",
        AssumeRolePolicyDocument=_document(_trusting(management_account, (APPLY_ROLE,))),
        Policies=_policies(writer, _statements((*READER, *MEMBER))),
    )
    return head + _in_accounts("Lets applies change this account", {"Writer": role})


def _trusting(management_account: str, roles: Iterable[str]) -> dict[str, Any]:
    """Roles of the management account, by name: they need not be there yet, and may be deleted
    and made again (an ARN as principal must exist, and means that one role)."""
    arns = [f"arn:aws:iam::{management_account}:role/{role}" for role in roles]
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{management_account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": arns}},
    }


def _in_accounts(description: str, resources: Mapping[str, Any]) -> str:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Resources": resources,
    }
    return mapping_yaml(template)


def preview_reader_template(role: str, management_account: str) -> str:
    """The customization that makes, in every account, the role that Terraform plans with."""
    head = (
        "# The role that aft plan --terraform runs Terraform with (aft.yaml: roles.preview).\n"
        f"# It trusts aft-preview of the management account, {management_account}.\n"
        "# Code of pull requests may run with it: ReadOnlyAccess, but no data, no objects except\n"
        "# this account's Terraform states, and no keys except those of other accounts' buckets.\n"
    )
    made = _role(
        role,
        "Terraform plans with it; changes nothing",
        AssumeRolePolicyDocument=_document(_trusting(management_account, (PREVIEW_ROLE,))),
        ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        Policies=_policies(role, _preview_reader_statements()),
    )
    return head + _in_accounts("Lets Terraform plan in this account", {"PreviewReader": made})


def _preview_reader_statements() -> list[dict[str, Any]]:
    """``${aws:PrincipalAccount}`` is IAM's own variable: the account that is planned."""
    return [
        {
            "Sid": "ReadEncryptedStates",
            "Effect": "Allow",
            "Action": DECRYPT,
            "Resource": "arn:aws:kms:*:*:key/*",
            "Condition": {
                "StringLike": {"kms:ViaService": "s3.*.amazonaws.com"},
                "StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"},
                "StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"},
            },
        },
        {
            "Sid": "ReadNoObjectsButStates",
            "Effect": "Deny",
            "Action": list(OBJECTS),
            "NotResource": STATES.format(partition="aws"),
        },
        {
            "Sid": "DecryptNothingButStates",
            "Effect": "Deny",
            "Action": DECRYPT,
            "Resource": "*",
            "Condition": {"StringNotLike": {"kms:ViaService": "s3.*.amazonaws.com"}},
        },
        *_statements(NO_DATA, "Deny"),
    ]
