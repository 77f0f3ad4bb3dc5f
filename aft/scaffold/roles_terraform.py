"""The roles of ``aft.scaffold.roles``, for those who keep their IAM in Terraform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aft.scaffold.roles import (
    APPLY_ENVIRONMENT,
    APPLY_ROLE,
    AUDIENCE,
    PLAN_ENVIRONMENT,
    PLAN_ROLE,
    PREVIEW_ENVIRONMENT,
    PREVIEW_ROLE,
    RoleNames,
    apply_statements,
    claims,
    note_on_names,
    plan_statements,
    preview_statements,
)
from aft.values.grants import OWN_ACCOUNT, PARTITION

_HERE = "${local."


def roles_terraform(names: RoleNames) -> str:
    """``iam/aft-roles.tf``, for the management account's configuration."""
    return "\n".join(
        [
            _TERRAFORM_HEAD.format(
                repository=names.repository.repository,
                note=note_on_names(names),
                issuer=names.issuer,
                audience=AUDIENCE,
            ),
            _terraform_role("plan", PLAN_ROLE, names, PLAN_ENVIRONMENT, plan_statements(names)),
            _terraform_role("apply", APPLY_ROLE, names, APPLY_ENVIRONMENT, apply_statements(names)),
            _terraform_role(
                "preview",
                PREVIEW_ROLE,
                names,
                PREVIEW_ENVIRONMENT,
                preview_statements(names),
                only_if="create_preview_role",
            ),
            _TERRAFORM_OUTPUTS,
        ]
    )


def _terraform_role(
    label: str,
    name: str,
    names: RoleNames,
    environment: str,
    statements: list[dict[str, Any]],
    *,
    only_if: str = "",
) -> str:
    """``only_if`` is the variable without which there is no such role."""
    document = {"Version": "2012-10-17", "Statement": [_resolved(item) for item in statements]}
    return _TERRAFORM_ROLE.format(
        label=label,
        count=f"  count = var.{only_if} ? 1 : 0\n\n" if only_if else "",
        index="[0]" if only_if else "",
        name=name,
        claims="\n".join(
            f'          "{key}" = {json.dumps(value)}'
            for key, value in claims(names, environment).items()
        ),
        policy=_indented(_literal(json.dumps(document, indent=2))),
    )


def _resolved(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Without CloudFormation's functions."""
    resource = statement["Resource"]
    if isinstance(resource, list):
        return {**statement, "Resource": [_unsubstituted(item) for item in resource]}
    return {**statement, "Resource": _unsubstituted(resource)}


def _unsubstituted(resource: Any) -> Any:
    if not isinstance(resource, Mapping):
        return resource
    text = str(resource["Fn::Sub"]).replace(PARTITION, _HERE + "partition}")
    return text.replace(OWN_ACCOUNT, _HERE + "account}")


def _literal(text: str) -> str:
    """IAM's own variables are not Terraform's."""
    return text.replace("${aws:", "$${aws:")


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


_TERRAFORM_HEAD = """\
# The roles that the workflows of {repository} take, in the management account. The same as
# aft-roles.cfn.yaml. Each trusts one environment, and no keys are stored anywhere.
{note}
variable "create_oidc_provider" {{
  description = "false, where the account has GitHub's OIDC provider already"
  type        = bool
  default     = true
}}

variable "create_preview_role" {{
  description = "true, to run terraform plan in pull requests of this repository"
  type        = bool
  default     = false
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
{count}  name                 = "{name}"
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
{claims}
        }}
      }}
    }}]
  }})
}}

resource "aws_iam_role_policy" "{label}" {{
{count}  name = "{name}"
  role = aws_iam_role.{label}{index}.id
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

output "preview_role_arn" {
  value = one(aws_iam_role.preview[*].arn)
}
"""
