"""The IAM actions aft needs, by who needs them: the one source of the role templates and the docs.

A test records the calls of plans and applies on the simulated organization and compares them with
these lists both ways. ``tests/seldom.py`` has the actions that no recorded run
comes to, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from aft.values.data_reads import DECRYPT, OBJECTS, RECORDS, actions_in
from aft.values.grants import EVERYTHING, OWN_ACCOUNT, PARTITION, Conditions, Grant


def _grant(
    *, sid: str, why: str, actions: str, resources: str = "", conditions: Conditions | None = None
) -> Grant:
    """``actions`` as a table: each service, and the names of what is called there. ``resources``
    are ARNs from the service on; ``me`` is the account that the policy is in. Without any, AWS
    knows no resources for these actions (service authorization reference)."""
    arns = tuple(
        f"arn:{PARTITION}:{word.replace(':me:', f':{OWN_ACCOUNT}:')}" for word in resources.split()
    )
    return Grant(
        sid=sid,
        why=why,
        actions=actions_in(actions),
        resources=arns or EVERYTHING,
        conditions=conditions or {},
    )


_ADMINISTERED = (
    "access-analyzer.amazonaws.com",
    "guardduty.amazonaws.com",
    "securityhub.amazonaws.com",
)
"""Services that settings appoint an administrator account for."""
_FOR_THESE: Conditions = {"StringEquals": {"organizations:ServicePrincipal": _ADMINISTERED}}

_ITS_OWN: Conditions = {"StringEquals": {"s3:ResourceAccount": ("${aws:PrincipalAccount}",)}}
"""A bucket's ARN has no account; the variable is IAM's."""

PLAN: tuple[Grant, ...] = (
    _grant(
        sid="ReadTheOrganization",
        why="The organization, its roots and policies, tags in bulk.",
        actions="""
        organizations: DescribeOrganization ListPolicies ListRoots
        sts: GetCallerIdentity
        tag: GetResources
        """,
    ),
    _grant(
        sid="ReadTheLedgersHead",
        why="The last commit of the ledger that aft pushed: to see whether it was rewritten.",
        actions="ssm: GetParameter",
        resources="ssm:*:me:parameter/aft/ledger/head",
    ),
    _grant(
        sid="ReadItsParts",
        why="OUs, accounts, their tags and policies.",
        actions="""
        organizations: DescribeAccount DescribeOrganizationalUnit DescribePolicy
            ListAccountsForParent ListOrganizationalUnitsForParent ListParents
            ListPoliciesForTarget ListTagsForResource ListTargetsForPolicy
        """,
        resources="""
        organizations::me:account/o-*/* organizations::me:ou/o-*/* organizations::me:root/o-*/*
        organizations::me:policy/o-*/* organizations::aws:policy/*
        """,
    ),
    _grant(
        sid="ReadWhatSettingsKeepHere",
        why="Settings kept in the management account: cost allocation tags, support cases, "
        "GuardDuty's administrator.",
        actions="""
        ce: ListCostAllocationTags
        guardduty: ListOrganizationAdminAccounts
        support: DescribeCases
        """,
    ),
    _grant(
        sid="ReadAdministrators",
        why="Who administers the services that settings appoint an administrator for.",
        actions="organizations: ListDelegatedAdministrators",
        conditions=_FOR_THESE,
    ),
    _grant(
        sid="ReadSecurityHubsAdministrator",
        why="The administrator of Security Hub.",
        actions="securityhub: ListOrganizationAdminAccounts",
        resources="securityhub:*:me:hub/*",
    ),
)
"""In the management account, for plans and drift runs: reads alone. Plans also need
``sts:AssumeRole`` on the reader role."""

APPLY: tuple[Grant, ...] = (
    _grant(
        sid="CreateAccounts",
        why="Accounts, each with the tag that says whose it is.",
        actions="organizations: CreateAccount",
        conditions={"Null": {"aws:RequestTag/aft:request": ("false",)}},
    ),
    _grant(
        sid="FollowCreations",
        why="What became of creations, here and of other runs.",
        actions="""
        organizations: DescribeCreateAccountStatus ListAccounts ListCreateAccountStatus
        """,
    ),
    _grant(
        sid="ChangeTheOrganization",
        why="Accounts and OUs.",
        actions="""
        organizations: CreateOrganizationalUnit DeleteOrganizationalUnit MoveAccount TagResource
            UntagResource UpdateOrganizationalUnit
        """,
        resources="""
        organizations::me:account/o-*/* organizations::me:ou/o-*/* organizations::me:root/o-*/*
        """,
    ),
    _grant(
        sid="RenameAccounts",
        why="Names of accounts.",
        actions="account: PutAccountName",
        resources="account::me:account account::me:account/o-*/*",
    ),
    _grant(
        sid="NoteTheLedgersHead",
        why="The last commit of the ledger that aft pushed.",
        actions="ssm: PutParameter",
        resources="ssm:*:me:parameter/aft/ledger/head",
    ),
    _grant(
        sid="ChangeWhatSettingsKeepHere",
        why="Settings kept in the management account; leave out what no baseline has.",
        actions="""
        ce: UpdateCostAllocationTagsStatus
        guardduty: EnableOrganizationAdminAccount
        organizations: ListAWSServiceAccessForOrganization
        support: CreateCase
        """,
    ),
    _grant(
        sid="TrustServices",
        why="Trusted access of the services that settings appoint an administrator for.",
        actions="organizations: EnableAWSServiceAccess",
        conditions=_FOR_THESE,
    ),
    _grant(
        sid="AppointAdministrators",
        why="The administrator accounts of these services.",
        actions="organizations: RegisterDelegatedAdministrator",
        resources="organizations::me:account/o-*/*",
        conditions=_FOR_THESE,
    ),
    _grant(
        sid="AppointSecurityHubsAdministrator",
        why="The administrator of Security Hub.",
        actions="securityhub: EnableOrganizationAdminAccount",
        resources="securityhub:*:me:hub/*",
    ),
)
"""In the management account, for applies, added to those of ``PLAN`` and ``sts:AssumeRole`` on the
member role."""


def signing_grant(key: str) -> Grant:
    """For applies of a ledger that is signed with the KMS key of this ARN."""
    return Grant(
        sid="SignTheLedger",
        why="One signature of the ledger's last commit a push.",
        actions=("kms:Sign",),
        resources=(key,),
    )


READER: tuple[Grant, ...] = (
    _grant(
        sid="ReadSettings",
        why="What the built-in baseline settings read inside an account; no objects, records "
        "or log lines.",
        actions="""
        access-analyzer: ListAnalyzers
        cloudtrail: DescribeTrails
        config: DescribeDeliveryChannels
        ec2: DescribeAddresses DescribeAvailabilityZones DescribeFlowLogs
            DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls
            DescribeNetworkInterfaces DescribeRegions DescribeRouteTables
            DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets
            DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs
            DescribeVpnGateways GetEbsDefaultKmsKeyId GetEbsEncryptionByDefault
            GetImageBlockPublicAccessState GetInstanceMetadataDefaults
            GetSnapshotBlockPublicAccessState
        guardduty: DescribeOrganizationConfiguration GetAdministratorAccount GetMembers
            ListDetectors
        iam: GetAccountAuthorizationDetails GetAccountPasswordPolicy ListAccountAliases
        logs: DescribeLogGroups
        ram: GetResourceShareAssociations GetResourceShareInvitations GetResourceShares
        s3: GetAccountPublicAccessBlock
        servicequotas: GetAWSDefaultServiceQuota
        """,
    ),
    _grant(
        sid="ReadResources",
        why="Single resources that settings look after.",
        actions="""
        account: GetAlternateContact ListRegions
        budgets: ViewBudget
        cloudtrail: GetTrailStatus
        config: DescribeConfigurationRecorderStatus DescribeConfigurationRecorders
        ec2: DescribeVpcAttribute
        guardduty: GetDetector
        iam: GetOpenIDConnectProvider GetRole
        securityhub: DescribeHub DescribeOrganizationConfiguration DescribeStandards
            GetAdministratorAccount GetEnabledStandards GetMembers
        servicequotas: GetServiceQuota ListRequestedServiceQuotaChangeHistoryByQuota
        """,
        resources="""
        account::me:account budgets::me:budget/* cloudtrail:*:me:trail/*
        config:*:me:configuration-recorder/* ec2:*:me:vpc/* guardduty:*:me:detector/*
        iam::me:oidc-provider/* iam::me:role/* securityhub:*:me:hub/* servicequotas:*:me:*/*
        """,
    ),
    _grant(
        sid="ReadKeysOfSettings",
        why="Which key encrypts EBS volumes; a key can be another account's.",
        actions="kms: DescribeKey",
        resources="kms:*:*:key/*",
    ),
    _grant(
        sid="ReadOwnBuckets",
        why="Whether buckets for logs are there and closed; no objects.",
        actions="s3: GetBucketPolicy GetBucketPublicAccessBlock ListBucket",
        resources="s3:::*",
        conditions=_ITS_OWN,
    ),
    _grant(
        sid="ReadMetadata",
        why="The parameters of the setting ssm-metadata: change the path with that of the setting.",
        actions="ssm: GetParametersByPath",
        resources="ssm:*:me:parameter/aft/*",
    ),
)
"""Inside a member account, for plans and drift runs."""

NO_DATA: tuple[Grant, ...] = (
    Grant(
        sid="ReadNoData",
        why="Records, messages, log lines, query results, layers of images, secrets: what AWS's "
        "ReadOnlyAccess allows to read, or a policy attached later, and no plan needs.",
        actions=RECORDS,
    ),
)
"""What the roles that read accounts are denied inside them."""

NO_OBJECTS: tuple[Grant, ...] = (
    Grant(
        sid="ReadNoObjects",
        why="Objects, and what is encrypted: parameters of the type SecureString too.",
        actions=(DECRYPT, *OBJECTS),
    ),
)
"""What the reader role is denied in addition."""

MEMBER: tuple[Grant, ...] = (
    _grant(
        sid="ChangeSettings",
        why="What the built-in baseline settings change for a whole account or region.",
        actions="""
        config: PutDeliveryChannel
        ec2: EnableEbsEncryptionByDefault EnableImageBlockPublicAccess
            EnableSnapshotBlockPublicAccess ModifyEbsDefaultKmsKeyId
            ModifyInstanceMetadataDefaults
        guardduty: CreateDetector CreateMembers StartMonitoringMembers UpdateMemberDetectors
            UpdateOrganizationConfiguration
        iam: CreateAccountAlias UpdateAccountPasswordPolicy
        s3: PutAccountPublicAccessBlock
        """,
    ),
    _grant(
        sid="ChangeResources",
        why="What settings and CloudFormation steps make. Add what your templates and scripts "
        "create.",
        actions="""
        access-analyzer: CreateAnalyzer DeleteAnalyzer
        account: EnableRegion PutAlternateContact
        budgets: ModifyBudget
        cloudformation: CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet
            DescribeStackEvents DescribeStacks ExecuteChangeSet
        cloudtrail: CreateTrail StartLogging UpdateTrail
        config: PutConfigurationRecorder StartConfigurationRecorder
        guardduty: UpdateDetector
        iam: AddClientIDToOpenIDConnectProvider AttachRolePolicy CreateOpenIDConnectProvider
            CreateRole PutRolePolicy RemoveClientIDFromOpenIDConnectProvider
            TagOpenIDConnectProvider TagRole UpdateOpenIDConnectProviderThumbprint
        logs: CreateLogGroup PutRetentionPolicy
        ram: AcceptResourceShareInvitation AssociateResourceShare
        securityhub: BatchEnableStandards CreateMembers EnableSecurityHub
            UpdateOrganizationConfiguration UpdateSecurityHubConfiguration
        servicequotas: RequestServiceQuotaIncrease
        ssm: DeleteParameters PutParameter
        """,
        resources="""
        access-analyzer:*:me:analyzer/* account::me:account budgets::me:budget/*
        cloudformation:*:me:stack/* cloudtrail:*:me:trail/* config:*:me:configuration-recorder/*
        guardduty:*:me:detector/* iam::me:oidc-provider/* iam::me:role/* logs:*:me:log-group:*
        ram:*:me:resource-share-invitation/* ram:*:me:resource-share/*
        securityhub:*:me:hub/* servicequotas:*:me:*/* ssm:*:me:parameter/aft/*
        """,
    ),
    _grant(
        sid="ChangeOwnRoles",
        why="Roles that the setting iam-roles made or adopted, and no others.",
        actions="""
        iam: DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy
            PutRolePermissionsBoundary UpdateAssumeRolePolicy UpdateRole
        """,
        resources="iam::me:role/*",
        conditions={"StringEquals": {"aws:ResourceTag/aft:setting": ("iam-roles",)}},
    ),
    _grant(
        sid="ChangeNetworks",
        why="The network of an account, and what AWS puts into a default VPC.",
        actions="""
        ec2: AllocateAddress AssociateRouteTable AttachInternetGateway CreateFlowLogs
            CreateInternetGateway CreateNatGateway CreateRoute CreateRouteTable CreateSubnet
            CreateTags CreateVpc DeleteFlowLogs DeleteInternetGateway DeleteNatGateway DeleteRoute
            DeleteRouteTable DeleteSubnet DeleteVpc DetachInternetGateway ModifySubnetAttribute
            ModifyVpcAttribute ReleaseAddress ReplaceRoute ReplaceRouteTableAssociation
            RevokeSecurityGroupEgress RevokeSecurityGroupIngress
        """,
        resources="""
        ec2:*:me:elastic-ip/* ec2:*:me:internet-gateway/* ec2:*:me:natgateway/*
        ec2:*:me:route-table/* ec2:*:me:security-group/* ec2:*:me:subnet/* ec2:*:me:vpc/*
        ec2:*:me:vpc-flow-log/*
        """,
    ),
    _grant(
        sid="ChangeOwnBuckets",
        why="Buckets for logs.",
        actions="s3: CreateBucket PutBucketPolicy PutBucketPublicAccessBlock",
        resources="s3:::*",
        conditions=_ITS_OWN,
    ),
    _grant(
        sid="MakeServiceRoles",
        why="The role that AWS Config records with.",
        actions="iam: CreateServiceLinkedRole",
        resources="iam::me:role/aws-service-role/*",
        conditions={"StringEquals": {"iam:AWSServiceName": ("config.amazonaws.com",)}},
    ),
    _grant(
        sid="GiveRolesToServices",
        why="The roles of AWS Config and of flow logs.",
        actions="iam: PassRole",
        resources="iam::me:role/*",
        conditions={
            "StringEquals": {
                "iam:PassedToService": ("config.amazonaws.com", "vpc-flow-logs.amazonaws.com")
            }
        },
    ),
)
"""Inside a member account, for applies, added to those of ``READER``. Most organizations leave the
member role an administrator, because customizations may make anything."""


def actions_of(grants: Iterable[Grant]) -> frozenset[str]:
    """Every action of some grants."""
    return frozenset(action for grant in grants for action in grant.actions)
