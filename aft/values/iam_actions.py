"""What IAM calls the operations of AWS's API: most are called alike, some are not.

Names of services are botocore's. From AWS's Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping

_IAM_PREFIX: Mapping[str, str] = {
    "s3control": "s3",
    "sesv2": "ses",
    "cloudwatch": "cloudwatch",
    "resourcegroupstaggingapi": "tag",
    "sso-admin": "sso",
    "elbv2": "elasticloadbalancing",
    "stepfunctions": "states",
    "opensearch": "es",
    "configservice": "config",
    "accessanalyzer": "access-analyzer",
    "service-quotas": "servicequotas",
}
_IAM_ACTION: Mapping[tuple[str, str], str] = {
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "CopyObject"): "s3:PutObject",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "DeletePublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "PutBucketLifecycleConfiguration"): "s3:PutLifecycleConfiguration",
    ("s3control", "PutPublicAccessBlock"): "s3:PutAccountPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
    ("s3control", "DeletePublicAccessBlock"): "s3:PutAccountPublicAccessBlock",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    **{
        ("budgets", name): "budgets:ViewBudget"
        for name in (
            "DescribeBudget",
            "DescribeBudgets",
            "DescribeNotificationsForBudget",
            "DescribeSubscribersForNotification",
        )
    },
    **{
        ("budgets", f"{verb}{noun}"): "budgets:ModifyBudget"
        for verb in ("Create", "Update", "Delete")
        for noun in ("Budget", "Notification", "Subscriber")
    },
}


def iam_action(service: str, operation: str, *, signing_name: str = "") -> str:
    """The action that allows an operation, such as ``tag:GetResources``. ``signing_name``: what
    requests of a service that is not in the table are signed for, which mostly is its prefix."""
    special = _IAM_ACTION.get((service, operation))
    return special or f"{_IAM_PREFIX.get(service, signing_name or service)}:{operation}"
