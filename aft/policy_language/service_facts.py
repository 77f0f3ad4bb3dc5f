"""Facts about AWS that policies are evaluated with, and as of when they were read."""

from __future__ import annotations

from datetime import date

AS_OF = date(2026, 11, 30)

_NAMES = "aoss cognito-identity cognito-idp dynamodb ecr kms logs s3 secretsmanager sqs sts"
RCP_SERVICES = frozenset(_NAMES.split())
"""Services whose resources RCPs protect: those of AWS's own samples (2026-03)."""

NOT_BOUND_BY_RCPS = frozenset({"kms:retiregrant"})
"""Actions (in lower case) on which no RCP has an effect (Organizations user guide)."""

ALWAYS_ALLOWED = frozenset({"sts:getcalleridentity"})
"""Actions (in lower case) that AWS answers regardless of policies (STS reference). The evaluator
itself says what policies say; callers that ask about AWS look here first."""

_GLOBAL_NAMES = """
    AssumedRoot CalledVia CalledViaFirst CalledViaLast ChatbotSourceArn CurrentTime
    Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc EpochTime FederatedProvider
    IsMcpServiceAction MultiFactorAuthAge MultiFactorAuthPresent PrincipalAccount PrincipalArn
    PrincipalIsAWSService PrincipalOrgID PrincipalOrgPaths PrincipalServiceName
    PrincipalServiceNamesList PrincipalTag PrincipalType RequestTag RequestedRegion
    ResourceAccount ResourceOrgID ResourceOrgPaths ResourceTag SecureTransport SourceAccount
    SourceArn SourceIdentity SourceIp SourceOrgID SourceOrgPaths SourceVpc SourceVpcArn SourceVpce
    TagKeys TokenIssueTime UserAgent ViaAWSMCPService ViaAWSService VpceAccount VpceOrgID
    VpceOrgPaths VpcSourceIp referer userid username
"""
GLOBAL_KEYS = tuple(f"aws:{name}" for name in _GLOBAL_NAMES.split())
"""AWS's global condition keys, without what follows a slash."""

_LIST_NAMES = """
    calledvia principalorgpaths principalservicenameslist resourceorgpaths sourceorgpaths tagkeys
    vpceorgpaths
"""
MULTI_VALUED_KEYS = frozenset(f"aws:{name}" for name in _LIST_NAMES.split())
"""Global keys (in lower case) that hold lists; they need a set operator."""
