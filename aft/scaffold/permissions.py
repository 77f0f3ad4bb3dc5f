"""The IAM actions aft needs, by who needs them: the one source of the role templates and the docs.

A test records the calls of plans and applies on the simulated organization and compares them with
these lists both ways. ``SELDOM`` are the actions no recorded run comes to, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aft.values.grants import Grant


def _grant(*, sid: str, why: str, actions: str) -> Grant:
    """``actions`` as a table: each service, and the names of what is called there."""
    service, named = "", []
    for word in actions.split():
        if word.endswith(":"):
            service = word
        else:
            named.append(service + word)
    return Grant(sid=sid, why=why, actions=tuple(named))


PLAN: tuple[Grant, ...] = (
    _grant(
        sid="ReadTheOrganization",
        why="OUs, accounts, tags and policies, in bulk.",
        actions="""
        organizations: DescribeAccount DescribeOrganization DescribeOrganizationalUnit
            DescribePolicy ListAccountsForParent ListOrganizationalUnitsForParent ListParents
            ListPolicies ListPoliciesForTarget ListRoots ListTagsForResource
            ListTargetsForPolicy
        sts: GetCallerIdentity
        tag: GetResources
        """,
    ),
    _grant(
        sid="ReadTheLedgersHead",
        why="The last commit of the ledger that aft pushed: to see whether it was rewritten.",
        actions="""
        ssm: GetParameter
        """,
    ),
    _grant(
        sid="ReadWhatSettingsKeepHere",
        why="Settings kept in the management account: delegated administrators, cost "
        "allocation tags, support cases.",
        actions="""
        ce: ListCostAllocationTags
        guardduty: ListOrganizationAdminAccounts
        organizations: ListDelegatedAdministrators
        securityhub: ListOrganizationAdminAccounts
        support: DescribeCases
        """,
    ),
)
"""In the management account, for plans and drift runs: reads alone. Plans also need
``sts:AssumeRole`` on the reader role."""

APPLY: tuple[Grant, ...] = (
    _grant(
        sid="ChangeTheOrganization",
        why="Accounts and OUs.",
        actions="""
        account: PutAccountName
        organizations: CreateAccount CreateOrganizationalUnit DeleteOrganizationalUnit
            DescribeCreateAccountStatus ListAccounts ListCreateAccountStatus MoveAccount
            TagResource UntagResource UpdateOrganizationalUnit
        """,
    ),
    _grant(
        sid="NoteTheLedgersHead",
        why="The last commit of the ledger that aft pushed.",
        actions="""
        ssm: PutParameter
        """,
    ),
    _grant(
        sid="ChangeWhatSettingsKeepHere",
        why="Settings kept in the management account; leave out what no baseline has.",
        actions="""
        ce: UpdateCostAllocationTagsStatus
        guardduty: EnableOrganizationAdminAccount
        organizations: EnableAWSServiceAccess ListAWSServiceAccessForOrganization
            RegisterDelegatedAdministrator
        securityhub: EnableOrganizationAdminAccount
        support: CreateCase
        """,
    ),
)
"""In the management account, for applies, added to those of ``PLAN`` and ``sts:AssumeRole`` on the
member role."""

READER: tuple[Grant, ...] = (
    _grant(
        sid="ReadSettings",
        why="What the built-in baseline settings read inside an account; no objects, records "
        "or log lines.",
        actions="""
        access-analyzer: ListAnalyzers
        account: GetAlternateContact ListRegions
        budgets: ViewBudget
        cloudtrail: DescribeTrails GetTrailStatus
        config: DescribeConfigurationRecorderStatus DescribeConfigurationRecorders
            DescribeDeliveryChannels
        ec2: DescribeAddresses DescribeAvailabilityZones DescribeFlowLogs
            DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls
            DescribeNetworkInterfaces DescribeRegions DescribeRouteTables
            DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets
            DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs
            DescribeVpnGateways GetEbsDefaultKmsKeyId GetEbsEncryptionByDefault
            GetImageBlockPublicAccessState GetInstanceMetadataDefaults
            GetSnapshotBlockPublicAccessState
        guardduty: DescribeOrganizationConfiguration GetAdministratorAccount GetDetector
            GetMembers ListDetectors
        iam: GetAccountAuthorizationDetails GetAccountPasswordPolicy GetOpenIDConnectProvider
            GetRole ListAccountAliases
        kms: DescribeKey
        logs: DescribeLogGroups
        ram: GetResourceShareAssociations GetResourceShareInvitations GetResourceShares
        s3: GetAccountPublicAccessBlock GetBucketPolicy GetBucketPublicAccessBlock ListBucket
        securityhub: DescribeHub DescribeOrganizationConfiguration DescribeStandards
            GetAdministratorAccount GetEnabledStandards GetMembers
        servicequotas: GetAWSDefaultServiceQuota GetServiceQuota
            ListRequestedServiceQuotaChangeHistoryByQuota
        ssm: GetParametersByPath
        """,
    ),
)
"""Inside a member account, for plans and drift runs."""

NO_DATA: tuple[Grant, ...] = (
    _grant(
        sid="ReadNoData",
        why="What AWS's ReadOnlyAccess allows to read, and no terraform plan needs: records, "
        "messages, log lines, query results, layers of images.",
        actions="""
        athena: GetQueryResults
        codecommit: GetBlob GetFile GitPull
        dynamodb: BatchGetItem GetItem GetRecords PartiQLSelect Query Scan
        ecr: BatchGetImage GetDownloadUrlForLayer
        kinesis: GetRecords
        logs: FilterLogEvents GetLogEvents GetLogRecord GetQueryResults StartLiveTail StartQuery
        sqs: ReceiveMessage
        """,
    ),
)
"""What the role that Terraform plans with is denied inside accounts."""

MEMBER: tuple[Grant, ...] = (
    _grant(
        sid="ChangeSettings",
        why="What the built-in baseline settings and CloudFormation steps change inside an "
        "account. Add what your templates and scripts create.",
        actions="""
        access-analyzer: CreateAnalyzer
        account: PutAlternateContact
        budgets: ModifyBudget
        cloudformation: CreateChangeSet DeleteChangeSet DescribeChangeSet DescribeStackEvents
            DescribeStacks ExecuteChangeSet
        cloudtrail: CreateTrail StartLogging
        config: PutConfigurationRecorder PutDeliveryChannel StartConfigurationRecorder
        ec2: AssociateRouteTable AttachInternetGateway CreateFlowLogs CreateInternetGateway
            CreateRoute CreateRouteTable CreateSubnet CreateTags CreateVpc DeleteInternetGateway
            DeleteSubnet DeleteVpc DetachInternetGateway EnableEbsEncryptionByDefault
            EnableImageBlockPublicAccess EnableSnapshotBlockPublicAccess
            ModifyInstanceMetadataDefaults ModifyVpcAttribute RevokeSecurityGroupEgress
            RevokeSecurityGroupIngress
        guardduty: UpdateDetector UpdateMemberDetectors UpdateOrganizationConfiguration
        iam: AttachRolePolicy CreateAccountAlias CreateOpenIDConnectProvider CreateRole
            CreateServiceLinkedRole PutRolePolicy UpdateAccountPasswordPolicy
        logs: CreateLogGroup PutRetentionPolicy
        s3: CreateBucket PutAccountPublicAccessBlock PutBucketPolicy PutBucketPublicAccessBlock
        securityhub: BatchEnableStandards CreateMembers EnableSecurityHub
            UpdateOrganizationConfiguration UpdateSecurityHubConfiguration
        servicequotas: RequestServiceQuotaIncrease
        ssm: PutParameter
        """,
    ),
)
"""Inside a member account, for applies, added to those of ``READER``. Most organizations leave the
member role an administrator, because customizations may make anything."""

SELDOM: Mapping[str, str] = {
    "account:ListRegions": "settings of opt-in regions (region-opt-in)",
    "ec2:DescribeRegions": "whether an account that refuses is only too young",
    "guardduty:GetAdministratorAccount": "an account that some other account administers",
    "securityhub:DescribeStandards": "security-hub, new in an account that is read already",
    "securityhub:GetAdministratorAccount": "an account that some other account administers",
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
"""Actions that no recorded run comes to, and what they are for."""


def actions_of(grants: Iterable[Grant]) -> frozenset[str]:
    """Every action of some grants."""
    return frozenset(action for grant in grants for action in grant.actions)
