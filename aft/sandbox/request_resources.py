"""The resources a call is about, as IAM names them: for the operations aft and its customizations
use. What is not in the table nobody knows, and what a policy says of single resources then depends.

Facts: the service authorization reference. An operation without resource types has the resource
``*``; one that creates is about an ARN whose id is not known yet, ``…:vpc/*``.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from aft.policy_language.statements import NO_RESOURCE

Params = Mapping[str, Any]
Find = Callable[[str, str, Params], Iterator[str]]
"""(account, region, parameters) -> ARNs; nothing when they do not say."""

_HERE = "{region}:{account}"
_EVERYTHING = (
    "budgets:DescribeBudgets",
    "cloudformation:ListStacks cloudformation:ValidateTemplate",
    "cloudtrail:DescribeTrails cloudtrail:ListTrails",
    "ec2:Describe* ec2:GetEbs* ec2:EnableEbsEncryptionByDefault ec2:DisableEbsEncryptionByDefault",
    "ec2:ModifyEbsDefaultKmsKeyId ec2:*BlockPublicAccess* ec2:*InstanceMetadataDefaults",
    "guardduty:ListDetectors guardduty:*OrganizationAdminAccount*",
    "iam:*AccountAlias* iam:*AccountPasswordPolicy iam:GetAccount* iam:List[RUGP]*s",
    "kms:CreateKey kms:ListKeys kms:ListAliases",
    "lambda:ListFunctions",
    "s3:ListBuckets",
    "s3control:*PublicAccessBlock",
    "accessanalyzer:ListAnalyzers",
    "ce:* support:* resourcegroupstaggingapi:GetResources",
    "config:*DeliveryChannel* ram:Get*",
    "guardduty:*Members guardduty:*OrganizationConfiguration guardduty:*AdministratorAccount",
    "guardduty:UpdateMemberDetectors guardduty:CreateDetector",
    "service-quotas:GetAWSDefaultServiceQuota service-quotas:List*s",
    "sns:ListTopics sqs:ListQueues dynamodb:ListTables",
    "ssm:DescribeParameters",
    "sts:GetCallerIdentity sts:GetSessionToken",
)
_BUCKET = "arn:aws:s3:::{Bucket}"
_TEMPLATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("s3:*Object s3:*ObjectAcl s3:*ObjectTagging", ("arn:aws:s3:::{Bucket}/{Key}",)),
    ("s3:*MultipartUpload s3:UploadPart", ("arn:aws:s3:::{Bucket}/{Key}",)),
    ("s3:*", (_BUCKET,)),
    ("ssm:*Parameter", (f"arn:aws:ssm:{_HERE}:parameter/{{Name}}",)),
    ("ssm:GetParametersByPath", (f"arn:aws:ssm:{_HERE}:parameter/{{Path}}",)),
    ("iam:CreateRole", ("arn:aws:iam::{account}:role{Path|/}{RoleName}",)),
    ("iam:CreateUser", ("arn:aws:iam::{account}:user{Path|/}{UserName}",)),
    ("iam:CreatePolicy", ("arn:aws:iam::{account}:policy{Path|/}{PolicyName}",)),
    ("iam:*UserPolicy iam:*AccessKey iam:*User iam:*LoginProfile",
     ("arn:aws:iam::{account}:user/{UserName}",)),
    ("iam:*Group iam:*GroupPolicy", ("arn:aws:iam::{account}:group/{GroupName}",)),
    ("iam:*Policy iam:*PolicyVersion iam:*PolicyVersions", ("{PolicyArn}",)),
    ("iam:CreateServiceLinkedRole",
     ("arn:aws:iam::{account}:role/aws-service-role/{AWSServiceName}/*",)),
    ("iam:*OpenIDConnectProvider", ("{OpenIDConnectProviderArn}",)),
    ("sts:AssumeRole*", ("{RoleArn}",)),
    ("logs:DescribeLogGroups", (f"arn:aws:logs:{_HERE}:log-group:*",)),
    ("logs:*", (f"arn:aws:logs:{_HERE}:log-group:{{logGroupName}}",)),
    ("cloudformation:*", (f"arn:aws:cloudformation:{_HERE}:stack/{{StackName}}/*",)),
    ("cloudtrail:*", (f"arn:aws:cloudtrail:{_HERE}:trail/{{Name}}",)),
    ("dynamodb:*", (f"arn:aws:dynamodb:{_HERE}:table/{{TableName}}",)),
    ("sns:CreateTopic", (f"arn:aws:sns:{_HERE}:{{Name}}",)),
    ("sns:*", ("{TopicArn}",)),
    ("sqs:CreateQueue", (f"arn:aws:sqs:{_HERE}:{{QueueName}}",)),
    ("lambda:*Function lambda:*FunctionConfiguration lambda:Invoke lambda:*Permission",
     (f"arn:aws:lambda:{_HERE}:function:{{FunctionName}}",)),
    ("kms:*Key kms:Sign kms:Verify kms:*KeyPolicy kms:*Rotation* kms:*KeyDeletion",
     (f"arn:aws:kms:{_HERE}:key/{{KeyId}}",)),
    ("secretsmanager:CreateSecret", (f"arn:aws:secretsmanager:{_HERE}:secret:{{Name}}-*",)),
    ("guardduty:*Detector",
     (f"arn:aws:guardduty:{_HERE}:detector/{{DetectorId}}",)),
    ("accessanalyzer:*Analyzer", (f"arn:aws:access-analyzer:{_HERE}:analyzer/{{analyzerName}}",)),
    ("config:*ConfigurationRecorder*", (f"arn:aws:config:{_HERE}:configuration-recorder/*",)),
    ("securityhub:*", (f"arn:aws:securityhub:{_HERE}:hub/default",)),
    ("service-quotas:*Quota*",
     (f"arn:aws:servicequotas:{_HERE}:{{ServiceCode}}/{{QuotaCode}}",)),
    ("budgets:*Budget budgets:*Notification budgets:*Subscriber",
     ("arn:aws:budgets::{account}:budget/{BudgetName|Budget.BudgetName}",)),
    ("ec2:CreateVpc", (f"arn:aws:ec2:{_HERE}:vpc/*",)),
    ("ec2:CreateSubnet", (f"arn:aws:ec2:{_HERE}:subnet/*", f"arn:aws:ec2:{_HERE}:vpc/{{VpcId}}")),
    ("ec2:CreateRouteTable",
     (f"arn:aws:ec2:{_HERE}:route-table/*", f"arn:aws:ec2:{_HERE}:vpc/{{VpcId}}")),
    ("ec2:CreateInternetGateway", (f"arn:aws:ec2:{_HERE}:internet-gateway/*",)),
    ("ec2:CreateSecurityGroup",
     (f"arn:aws:ec2:{_HERE}:security-group/*", f"arn:aws:ec2:{_HERE}:vpc/{{VpcId}}")),
    ("ec2:AssociateRouteTable",
     (f"arn:aws:ec2:{_HERE}:route-table/{{RouteTableId}}",
      f"arn:aws:ec2:{_HERE}:subnet/{{SubnetId}}")),
    ("ec2:*Vpc ec2:*VpcAttribute", (f"arn:aws:ec2:{_HERE}:vpc/{{VpcId}}",)),
    ("ec2:*Subnet ec2:*SubnetAttribute", (f"arn:aws:ec2:{_HERE}:subnet/{{SubnetId}}",)),
    ("ec2:AttachInternetGateway ec2:DetachInternetGateway",
     (f"arn:aws:ec2:{_HERE}:internet-gateway/{{InternetGatewayId}}",
      f"arn:aws:ec2:{_HERE}:vpc/{{VpcId}}")),
    ("ec2:*InternetGateway", (f"arn:aws:ec2:{_HERE}:internet-gateway/{{InternetGatewayId}}",)),
    ("ec2:*SecurityGroup*gress ec2:DeleteSecurityGroup",
     (f"arn:aws:ec2:{_HERE}:security-group/{{GroupId}}",)),
    ("ec2:CreateRoute ec2:DeleteRoute ec2:ReplaceRoute",
     (f"arn:aws:ec2:{_HERE}:route-table/{{RouteTableId}}",)),
)  # fmt: skip


def resources_of(
    service: str, operation: str, params: Params, *, account: str, region: str
) -> tuple[str, ...] | None:
    """The ARNs of a call, ``("*",)`` for one without, ``None`` when the table does not say."""
    name = f"{service}:{operation}"
    special = _SPECIAL.get(name) or (_role if service == "iam" and "RoleName" in params else None)
    if special is not None and name != "iam:CreateRole":
        return tuple(special(account, region, params)) or None
    if any(fnmatchcase(name, item) for line in _EVERYTHING for item in line.split()):
        return (NO_RESOURCE,)
    for patterns, templates in _TEMPLATES:
        if any(fnmatchcase(name, item) for item in patterns.split()):
            found = [_filled(item, account, region, params) for item in templates]
            return tuple(item for item in found if item) if all(found) else None
    return None


def owner_of(resource: str, *, caller: str) -> str:
    """The account a resource belongs to: in its ARN, or whoever owns the bucket."""
    parts = resource.split(":", 5)
    if len(parts) == 6 and re.fullmatch(r"\d{12}", parts[4]):
        return parts[4]
    if len(parts) == 6 and parts[2] == "s3":
        place = s3_backends.bucket_accounts.get(parts[5].partition("/")[0])
        return str(place[1]) if place is not None else caller
    return caller


def _filled(template: str, account: str, region: str, params: Params) -> str:
    """The template with its parameters; empty when one is missing."""
    found = ""
    for literal, name, _, _ in string.Formatter().parse(template):
        found += literal
        if name is None:
            continue
        value = {"account": account, "region": region}.get(name) or _value(name, params)
        if not value:
            return ""
        if re.match(r"arn:[^:]+:", value):  # callers may give the ARN instead of the name
            return value
        found += value.removeprefix("/") if found.endswith("/") else value
    return found


def _value(name: str, params: Params) -> str:
    """``A|B.C``: the parameter A, else C inside of B; ``Path|/`` has a default."""
    for choice in name.split("|"):
        if choice == "/":
            return choice
        value: Any = params
        for part in choice.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value:
            return str(value)
    return ""


def _role(account: str, _: str, params: Params) -> Iterator[str]:
    """A role's ARN has its path, which only IAM knows."""
    name = str(params["RoleName"])
    roles = iam_backends[account]["aws"].roles.values()
    found = next((str(role.arn) for role in roles if role.name == name), "")
    yield found or f"arn:aws:iam::{account}:role/{name}"


def _several_parameters(account: str, region: str, params: Params) -> Iterator[str]:
    for name in params.get("Names") or ():
        yield f"arn:aws:ssm:{region}:{account}:parameter/{str(name).removeprefix('/')}"


def _secret(account: str, region: str, params: Params) -> Iterator[str]:
    """A secret's ARN ends with six characters, which only Secrets Manager knows."""
    from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415 - slow

    name = str(params.get("SecretId") or "")
    found = secretsmanager_backends[account][region].secrets.get(name)
    if name.startswith("arn:") or found is None:
        yield name if name.startswith("arn:") else f"{_secrets(account, region)}:{name}-??????"
    else:
        yield str(found.arn)


def _secrets(account: str, region: str) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret"


def _several_objects(_: str, __: str, params: Params) -> Iterator[str]:
    for item in (params.get("Delete") or {}).get("Objects") or ():
        yield f"arn:aws:s3:::{params.get('Bucket')}/{item.get('Key')}"


def _queue(account: str, region: str, params: Params) -> Iterator[str]:
    url = str(params.get("QueueUrl") or "")
    if url:
        yield f"arn:aws:sqs:{region}:{account}:{url.rpartition('/')[2]}"


def _by_id(account: str, region: str, params: Params) -> Iterator[str]:
    """EC2's ids say what they are of."""
    given = (params.get("VpcId"), *(params.get("Resources") or params.get("ResourceIds") or ()))
    for found in (str(item) for item in given if item):
        kind = _EC2_KINDS.get(found.partition("-")[0])
        if kind is not None:
            yield f"arn:aws:ec2:{region}:{account}:{kind}/{found}"


def _flow_log(account: str, region: str, params: Params) -> Iterator[str]:
    yield f"arn:aws:ec2:{region}:{account}:vpc-flow-log/*"
    yield from _by_id(account, region, params)


def _new_oidc_provider(account: str, _: str, params: Params) -> Iterator[str]:
    url = str(params.get("Url") or "").removeprefix("https://")
    yield f"arn:aws:iam::{account}:oidc-provider/{url}"


_EC2_KINDS: Mapping[str, str] = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
}

_SPECIAL: Mapping[str, Find] = {
    **{
        f"secretsmanager:{name}": _secret
        for name in (
            *("DeleteSecret", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds"),
            *("PutSecretValue", "RestoreSecret", "TagResource", "UntagResource", "UpdateSecret"),
        )
    },
    "ec2:CreateFlowLogs": _flow_log,
    "ec2:CreateTags": _by_id,
    "ec2:DeleteTags": _by_id,
    "ec2:DescribeVpcAttribute": _by_id,
    "iam:CreateOpenIDConnectProvider": _new_oidc_provider,
    "s3:DeleteObjects": _several_objects,
    "ssm:GetParameters": _several_parameters,
    "ssm:DeleteParameters": _several_parameters,
    **{
        f"sqs:{name}": _queue
        for name in (
            "DeleteQueue",
            "GetQueueAttributes",
            "ReceiveMessage",
            "SendMessage",
            "SetQueueAttributes",
        )
    },
}
