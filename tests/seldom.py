"""Actions of the roles that no recorded run comes to, and what they are for."""

from __future__ import annotations

from collections.abc import Mapping

_REPAIRS: Mapping[str, str] = {
    "access-analyzer:DeleteAnalyzer": "an analyzer of the account that another one replaces",
    "account:EnableRegion": "the setting region-opt-in",
    "cloudformation:DeleteStack": "a stack that failed to be created, or of a step that is gone",
    "cloudtrail:UpdateTrail": "a trail that is not as it should be",
    "ec2:ModifyEbsDefaultKmsKeyId": "ebs-default-encryption with a key",
    "guardduty:CreateDetector guardduty:CreateMembers guardduty:StartMonitoringMembers": "an "
    "administrator of guardduty that has not enabled it, or that no longer watches the account",
    "ram:AcceptResourceShareInvitation ram:AssociateResourceShare": "the setting ram-shares",
    "ssm:DeleteParameters": "parameters of ssm-metadata that are no longer wanted",
    "iam:AddClientIDToOpenIDConnectProvider iam:RemoveClientIDFromOpenIDConnectProvider "
    "iam:TagOpenIDConnectProvider iam:UpdateOpenIDConnectProviderThumbprint": "an identity "
    "provider that is not as it should be, and tags when it is created",
    "iam:DeleteRole iam:DeleteRolePermissionsBoundary iam:DeleteRolePolicy iam:DetachRolePolicy "
    "iam:PutRolePermissionsBoundary iam:TagRole iam:UpdateAssumeRolePolicy iam:UpdateRole": "roles "
    "of iam-roles that change or go, and tags when they are created",
    "ec2:AllocateAddress ec2:CreateNatGateway ec2:DeleteNatGateway ec2:ReleaseAddress": "networks "
    "with NAT gateways",
    "ec2:DeleteFlowLogs ec2:DeleteRoute ec2:DeleteRouteTable ec2:ModifySubnetAttribute "
    "ec2:ReplaceRoute ec2:ReplaceRouteTableAssociation": "networks that are not as they should be",
}
SELDOM: Mapping[str, str] = {
    **{action: why for actions, why in _REPAIRS.items() for action in actions.split()},
    "account:ListRegions": "settings of opt-in regions (region-opt-in)",
    "ec2:DescribeRegions": "whether an account that refuses is only too young",
    "guardduty:GetAdministratorAccount": "an account that some other account administers",
    "securityhub:DescribeStandards": "security-hub, new in an account that is read already",
    "securityhub:GetAdministratorAccount": "an account that some other account administers",
    "iam:PassRole": "asked by IAM of who gives a role to a service",
    "organizations:DescribeOrganizationalUnit": "the OU of one account, where AWS gives no path",
    "organizations:DescribePolicy": "aft explain --action",
    "organizations:ListParents": "the OU of one account, where AWS gives no path",
    "organizations:ListAccounts": "an e-mail address that AWS reports as taken",
    "organizations:ListAWSServiceAccessForOrganization": "asked by GuardDuty on the caller's "
    "behalf (GuardDuty User Guide, permissions to designate a delegated administrator)",
    "ram:GetResourceShareAssociations": "the setting ram-shares",
    "ram:GetResourceShareInvitations": "the setting ram-shares",
    "ram:GetResourceShares": "the setting ram-shares",
    "servicequotas:GetAWSDefaultServiceQuota": "a quota that was never changed",
}
