"""The IAM actions aft needs, by who needs them: the one source of the role templates and the docs.

A test records the calls of plans and applies on the simulated organization and compares them with
these lists both ways. ``SELDOM`` are the actions no recorded run comes to, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Actions that are allowed together. ``why`` is one line for people."""

    sid: str
    why: str
    actions: tuple[str, ...]


PLAN: tuple[Grant, ...] = (
    Grant(
        sid="ReadTheOrganization",
        why="OUs, accounts, tags and policies, in bulk.",
        actions=(
            "organizations:DescribeAccount",
            "organizations:DescribeOrganization",
            "organizations:DescribeOrganizationalUnit",
            "organizations:DescribePolicy",
            "organizations:ListAccountsForParent",
            "organizations:ListOrganizationalUnitsForParent",
            "organizations:ListParents",
            "organizations:ListPolicies",
            "organizations:ListPoliciesForTarget",
            "organizations:ListRoots",
            "organizations:ListTagsForResource",
            "organizations:ListTargetsForPolicy",
            "sts:GetCallerIdentity",
            "tag:GetResources",
        ),
    ),
    Grant(
        sid="ReadWhatSettingsKeepHere",
        why="Settings that live in the management account: delegated administrators, cost "
        "allocation tags, support cases.",
        actions=(
            "ce:ListCostAllocationTags",
            "guardduty:ListOrganizationAdminAccounts",
            "organizations:ListDelegatedAdministrators",
            "securityhub:ListOrganizationAdminAccounts",
            "support:DescribeCases",
        ),
    ),
)
"""In the management account, for plans and drift runs: reads alone. Beside ``sts:AssumeRole`` on
the reader role."""

APPLY: tuple[Grant, ...] = (
    Grant(
        sid="ChangeTheOrganization",
        why="Accounts and OUs.",
        actions=(
            "account:PutAccountName",
            "organizations:CreateAccount",
            "organizations:CreateOrganizationalUnit",
            "organizations:DeleteOrganizationalUnit",
            "organizations:DescribeCreateAccountStatus",
            "organizations:ListAccounts",
            "organizations:ListCreateAccountStatus",
            "organizations:MoveAccount",
            "organizations:TagResource",
            "organizations:UntagResource",
            "organizations:UpdateOrganizationalUnit",
        ),
    ),
    Grant(
        sid="ChangeWhatSettingsKeepHere",
        why="Settings that live in the management account; leave out what no baseline has.",
        actions=(
            "ce:UpdateCostAllocationTagsStatus",
            "guardduty:EnableOrganizationAdminAccount",
            "organizations:EnableAWSServiceAccess",
            "organizations:ListAWSServiceAccessForOrganization",
            "organizations:RegisterDelegatedAdministrator",
            "securityhub:EnableOrganizationAdminAccount",
            "support:CreateCase",
        ),
    ),
)
"""In the management account, for applies, beside those of ``PLAN`` and ``sts:AssumeRole`` on the
member role."""

READER: tuple[Grant, ...] = (
    Grant(
        sid="ReadSettings",
        why="What the built-in baseline settings read inside an account; no objects, records "
        "or log lines.",
        actions=(
            "access-analyzer:ListAnalyzers",
            "account:GetAlternateContact",
            "account:ListRegions",
            "budgets:ViewBudget",
            "cloudtrail:DescribeTrails",
            "cloudtrail:GetTrailStatus",
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeConfigurationRecorders",
            "config:DescribeDeliveryChannels",
            "ec2:DescribeAddresses",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRegions",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpnGateways",
            "ec2:GetEbsDefaultKmsKeyId",
            "ec2:GetEbsEncryptionByDefault",
            "ec2:GetImageBlockPublicAccessState",
            "ec2:GetInstanceMetadataDefaults",
            "ec2:GetSnapshotBlockPublicAccessState",
            "guardduty:DescribeOrganizationConfiguration",
            "guardduty:GetAdministratorAccount",
            "guardduty:GetDetector",
            "guardduty:GetMembers",
            "guardduty:ListDetectors",
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountPasswordPolicy",
            "iam:GetOpenIDConnectProvider",
            "iam:GetRole",
            "iam:ListAccountAliases",
            "kms:DescribeKey",
            "logs:DescribeLogGroups",
            "ram:GetResourceShareAssociations",
            "ram:GetResourceShareInvitations",
            "ram:GetResourceShares",
            "s3:GetAccountPublicAccessBlock",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:ListBucket",
            "securityhub:DescribeHub",
            "securityhub:DescribeOrganizationConfiguration",
            "securityhub:DescribeStandards",
            "securityhub:GetAdministratorAccount",
            "securityhub:GetEnabledStandards",
            "securityhub:GetMembers",
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
            "servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota",
            "ssm:GetParametersByPath",
        ),
    ),
)
"""Inside a member account, for plans and drift runs."""

MEMBER: tuple[Grant, ...] = (
    Grant(
        sid="ChangeSettings",
        why="What the built-in baseline settings and CloudFormation steps change inside an "
        "account. What your templates and scripts make comes on top.",
        actions=(
            "access-analyzer:CreateAnalyzer",
            "account:PutAlternateContact",
            "budgets:ModifyBudget",
            "cloudformation:CreateChangeSet",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudformation:ExecuteChangeSet",
            "cloudtrail:CreateTrail",
            "cloudtrail:StartLogging",
            "config:PutConfigurationRecorder",
            "config:PutDeliveryChannel",
            "config:StartConfigurationRecorder",
            "ec2:AssociateRouteTable",
            "ec2:AttachInternetGateway",
            "ec2:CreateFlowLogs",
            "ec2:CreateInternetGateway",
            "ec2:CreateRoute",
            "ec2:CreateRouteTable",
            "ec2:CreateSubnet",
            "ec2:CreateTags",
            "ec2:CreateVpc",
            "ec2:DeleteInternetGateway",
            "ec2:DeleteSubnet",
            "ec2:DeleteVpc",
            "ec2:DetachInternetGateway",
            "ec2:EnableEbsEncryptionByDefault",
            "ec2:EnableImageBlockPublicAccess",
            "ec2:EnableSnapshotBlockPublicAccess",
            "ec2:ModifyInstanceMetadataDefaults",
            "ec2:ModifyVpcAttribute",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "guardduty:UpdateDetector",
            "guardduty:UpdateMemberDetectors",
            "guardduty:UpdateOrganizationConfiguration",
            "iam:AttachRolePolicy",
            "iam:CreateAccountAlias",
            "iam:CreateOpenIDConnectProvider",
            "iam:CreateRole",
            "iam:CreateServiceLinkedRole",
            "iam:PutRolePolicy",
            "iam:UpdateAccountPasswordPolicy",
            "logs:CreateLogGroup",
            "logs:PutRetentionPolicy",
            "s3:CreateBucket",
            "s3:PutAccountPublicAccessBlock",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "securityhub:BatchEnableStandards",
            "securityhub:CreateMembers",
            "securityhub:EnableSecurityHub",
            "securityhub:UpdateOrganizationConfiguration",
            "securityhub:UpdateSecurityHubConfiguration",
            "servicequotas:RequestServiceQuotaIncrease",
            "ssm:PutParameter",
        ),
    ),
)
"""Inside a member account, for applies, beside those of ``READER``. Most organizations leave the
member role an administrator, because customizations may make anything."""

SELDOM: Mapping[str, str] = {
    "account:ListRegions": "settings of opt-in regions (region-opt-in)",
    "ec2:DescribeRegions": "whether an account that refuses is only too young",
    "guardduty:GetAdministratorAccount": "an account that some other account administers",
    "securityhub:DescribeStandards": "security-hub, new in an account that is read already",
    "securityhub:GetAdministratorAccount": "an account that some other account administers",
    "organizations:DescribeOrganizationalUnit": "the OU of one account, where AWS gives no path",
    "organizations:DescribePolicy": "aft explain --action",
    "organizations:ListPoliciesForTarget": "aft explain --action",
    "organizations:ListParents": "the OU of one account, where AWS gives no path",
    "organizations:ListAccounts": "an e-mail address that AWS says is taken",
    "organizations:ListAWSServiceAccessForOrganization": "asked by GuardDuty on the caller's "
    "behalf (GuardDuty User Guide, permissions to designate a delegated administrator)",
    "ram:GetResourceShareAssociations": "the setting ram-shares",
    "ram:GetResourceShareInvitations": "the setting ram-shares",
    "ram:GetResourceShares": "the setting ram-shares",
    "servicequotas:GetAWSDefaultServiceQuota": "a quota that was never changed",
}
"""Actions that no recorded run comes to, and what they are for."""


def actions_of(grants: Iterable[Grant]) -> frozenset[str]:
    """Every action of some grants."""
    return frozenset(action for grant in grants for action in grant.actions)
