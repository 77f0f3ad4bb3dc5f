"""The two roles that GitHub's workflows take, and the one that plans read accounts with.

``aft-plan`` reads the organization and may become the reader role inside accounts; ``aft-apply``
changes the organization and may become the member role. Each trusts one environment of one
repository, and the environment lets in one branch: GitHub's token says all three. In
CloudFormation, and the same for those who keep their IAM in Terraform.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aft.desired.emit import mapping_yaml
from aft.scaffold.permissions import APPLY, PLAN, READER
from aft.values.grants import Grant

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
PLAN_ROLE, APPLY_ROLE, READER_ROLE = "aft-plan", "aft-apply", "aft-reader"
PLAN_ENVIRONMENT, APPLY_ENVIRONMENT = "aft-plan", "aft-apply"

ROLES_PATH = "iam/aft-roles.cfn.yaml"
TERRAFORM_PATH = "iam/aft-roles.tf"
READER_PATH = "customizations/global/10-aft-reader.cfn.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleNames:
    """``repository`` is ``ORG/REPO`` on GitHub; ``member`` and ``reader`` are the names of roles
    inside member accounts, as in aft.yaml. ``reads`` and ``writes`` are what installed kinds need
    in the management account in addition."""

    repository: str
    member: str
    reader: str
    issuer: str = ISSUER
    reads: tuple[Grant, ...] = ()
    writes: tuple[Grant, ...] = ()


def plan_statements(names: RoleNames) -> list[dict[str, Any]]:
    """What ``aft-plan`` may do; ``${AWS::Partition}`` is CloudFormation's."""
    return [*_statements((*PLAN, *names.reads)), _entering("EnterAccountsToRead", names.reader)]


def apply_statements(names: RoleNames) -> list[dict[str, Any]]:
    """What ``aft-apply`` may do."""
    return [
        *_statements((*PLAN, *names.reads, *APPLY, *names.writes)),
        _entering("EnterAccounts", names.member),
    ]


def _statements(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    return [
        {"Sid": grant.sid, "Effect": "Allow", "Action": list(grant.actions), "Resource": "*"}
        for grant in grants
    ]


def _entering(sid: str, role: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::*:role/{role}"},
    }


def subject(names: RoleNames, environment: str) -> str:
    """The subject of GitHub's tokens for jobs in one environment."""
    return f"repo:{names.repository}:environment:{environment}"


# --- CloudFormation ---------------------------------------------------------------------------


def roles_template(names: RoleNames) -> str:
    """``iam/aft-roles.cfn.yaml``, for the management account."""
    head = (
        f"# The roles that the workflows of {names.repository} assume. Deploy it once in the\n"
        "# management account. Each trusts one environment, and no keys are stored anywhere.\n"
        f"#   aws cloudformation deploy --stack-name aft-roles --template-file {ROLES_PATH} \\\n"
        "#     --capabilities CAPABILITY_NAMED_IAM\n"
        "# Then set the repository's variables AFT_PLAN_ROLE and AFT_APPLY_ROLE to the outputs.\n"
    )
    return head + mapping_yaml(template_of(names))


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
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"IAM roles of aft for {names.repository}",
        "Parameters": {
            "CreateOidcProvider": {
                "Type": "String",
                "Default": "yes",
                "AllowedValues": ["yes", "no"],
                "Description": "no if the account already has GitHub's OIDC provider",
            },
            "PermissionsBoundary": {
                "Type": "String",
                "Default": "",
                "Description": "ARN of the permissions boundary of both roles; empty for none",
            },
        },
        "Conditions": {
            "MakesProvider": {"Fn::Equals": [{"Ref": "CreateOidcProvider"}, "yes"]},
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
        },
        "Outputs": {
            f"{name}Arn": {"Value": {"Fn::GetAtt": [name, "Arn"]}}
            for name in ("PlanRole", "ApplyRole")
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
    token = {f"{names.issuer}:aud": AUDIENCE, f"{names.issuer}:sub": subject(names, environment)}
    return {
        "Effect": "Allow",
        "Principal": {"Federated": {"Fn::Sub": provider}},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": token},
    }


def reader_template(reader: str, management_account: str) -> str:
    """The customization that makes the reader role in every account."""
    head = (
        "# The role that plans and drift runs read this account with (aft.yaml: roles.reader).\n"
        f"# It trusts the management account, {management_account}, where aft-plan may take it.\n"
        "# SecurityAudit reads how things are configured, and no data; the list adds to it what\n"
        "# built-in settings read. What settings of your own read beyond that is added there.\n"
    )
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{management_account}:root"},
        "Action": "sts:AssumeRole",
    }
    role = _role(
        reader,
        "Read by aft's plans; changes nothing",
        AssumeRolePolicyDocument=_document(trust),
        ManagedPolicyArns=["arn:aws:iam::aws:policy/SecurityAudit"],
        Policies=_policies(reader, _statements(READER)),
    )
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Lets plans read this account",
        "Resources": {"Reader": role},
    }
    return head + mapping_yaml(template)


# --- Terraform -------------------------------------------------------------------------------


def roles_terraform(names: RoleNames) -> str:
    """``iam/aft-roles.tf``, for the management account's configuration."""
    return "\n".join(
        [
            _TERRAFORM_HEAD.format(
                repository=names.repository, issuer=names.issuer, audience=AUDIENCE
            ),
            _terraform_role("plan", PLAN_ROLE, names, PLAN_ENVIRONMENT, plan_statements(names)),
            _terraform_role("apply", APPLY_ROLE, names, APPLY_ENVIRONMENT, apply_statements(names)),
            _TERRAFORM_OUTPUTS,
        ]
    )


def _terraform_role(
    label: str, name: str, names: RoleNames, environment: str, statements: list[dict[str, Any]]
) -> str:
    document = {"Version": "2012-10-17", "Statement": [_resolved(item) for item in statements]}
    return _TERRAFORM_ROLE.format(
        label=label,
        name=name,
        issuer=names.issuer,
        audience=AUDIENCE,
        subject=subject(names, environment),
        policy=_indented(json.dumps(document, indent=2)),
    )


def _resolved(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Without CloudFormation's functions."""
    resource = statement["Resource"]
    if isinstance(resource, Mapping):
        partition = "${local.partition}"
        resource = resource["Fn::Sub"].replace("${AWS::Partition}", partition)
    return {**statement, "Resource": resource}


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


_TERRAFORM_HEAD = """\
# The roles that the workflows of {repository} take, in the management account. The same as
# aft-roles.cfn.yaml. Each trusts one environment, and no keys are stored anywhere.

variable "create_oidc_provider" {{
  description = "false, where the account has GitHub's OIDC provider already"
  type        = bool
  default     = true
}}

variable "permissions_boundary" {{
  description = "ARN of a policy that bounds both roles; null for none"
  type        = string
  default     = null
}}

data "aws_partition" "current" {{}}

data "aws_caller_identity" "current" {{}}

resource "aws_iam_openid_connect_provider" "github" {{
  count          = var.create_oidc_provider ? 1 : 0
  url            = "https://{issuer}"
  client_id_list = ["{audience}"]
}}

locals {{
  account       = data.aws_caller_identity.current.account_id
  partition     = data.aws_partition.current.partition
  oidc_provider = "arn:${{local.partition}}:iam::${{local.account}}:oidc-provider/{issuer}"
}}
"""

_TERRAFORM_ROLE = """\
resource "aws_iam_role" "{label}" {{
  name                 = "{name}"
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ Federated = local.oidc_provider }}
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {{
        StringEquals = {{
          "{issuer}:aud" = "{audience}"
          "{issuer}:sub" = "{subject}"
        }}
      }}
    }}]
  }})
}}

resource "aws_iam_role_policy" "{label}" {{
  name = "{name}"
  role = aws_iam_role.{label}.id
  policy = jsonencode({policy})
}}
"""

_TERRAFORM_OUTPUTS = """\
output "plan_role_arn" {
  value = aws_iam_role.plan.arn
}

output "apply_role_arn" {
  value = aws_iam_role.apply.arn
}
"""
