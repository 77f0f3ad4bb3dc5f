"""May an AWS service deliver logs into this bucket? What CloudTrail and Config ask before they do.

Reads moto's S3 and changes nothing. Facts: the two services' user guides on bucket policies: the
service looks at the bucket's ACL and writes below ``AWSLogs/<account id>/`` with the ACL
``bucket-owner-full-control``.
"""

from __future__ import annotations

import enum

from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends

from aft.policy_language.context import Context
from aft.policy_language.evaluate import Decision, granted
from aft.policy_language.policy import policy_of_text
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request


class Delivery(enum.Enum):
    """The answer."""

    WELCOME = "welcome"
    REFUSED = "refused"
    NO_BUCKET = "no bucket"


def delivery(bucket_name: str, *, principal: str, account_id: str) -> Delivery:
    """Can ``principal`` write logs of ``account_id`` into the bucket, whoever owns it?"""
    place = s3_backends.bucket_accounts.get(bucket_name)
    if place is None:
        return Delivery.NO_BUCKET
    partition, owner = place
    bucket = s3_backends[owner][partition].buckets.get(bucket_name)
    if bucket is None:
        return Delivery.NO_BUCKET
    if bucket.policy is None:
        return Delivery.REFUSED
    text = bucket.policy.decode() if isinstance(bucket.policy, bytes) else str(bucket.policy)
    context = {
        "aws:sourceaccount": account_id,
        "aws:sourceorgid": _organization_id(account_id),
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:securetransport": "true",
    }
    arn = f"arn:{partition}:s3:::{bucket_name}"
    asked = (
        ("s3:GetBucketAcl", arn),
        ("s3:PutObject", f"{arn}/AWSLogs/{account_id}/log.json.gz"),
    )
    welcome = all(_allows(text, principal, action, on, Context(context)) for action, on in asked)
    return Delivery.WELCOME if welcome else Delivery.REFUSED


def _allows(policy: str, principal: str, action: str, resource: str, context: Context) -> bool:
    request = Request(
        principal=Principal(principal), action=action, resource=resource, context=context
    )
    answer = granted((policy_of_text(policy),), request, source="bucket policy")
    return answer.decision is Decision.ALLOWED


def _organization_id(account_id: str) -> str:
    backend = organizations_backends[account_id]["aws"]
    return str(backend.describe_organization()["Organization"]["Id"])
