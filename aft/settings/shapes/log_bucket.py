"""The shape of a setting whose service delivers to a log bucket: the account's own, or that of the
log archive, whose own baseline makes it.

AWS (CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail"; Config Developer Guide,
"Permissions for the Amazon S3 Bucket"): the service checks the bucket's ACL and writes below
``AWSLogs/<account id>/``, with the ACL ``bucket-owner-full-control``. One policy serves all
accounts of an organization by the condition ``aws:SourceOrgID``, so it never has to change when an
account comes. Bucket names are unique over all of AWS. A bucket exists in one region;
``us-east-1`` wants no location constraint.

The bucket is made and kept right by the account that owns it and by no one else. Statements of a
policy that are not ours stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import Field

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.baselines.references import AccountReference, account_behind
from aft.errors import Conflict, Denied, NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.policies import canonical
from aft.settings.shapes.setting import S, Setting
from aft.values.ids import AccountId
from aft.values.regions import partition_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import PublicAccessBlockConfigurationTypeDef

_CLOSED: PublicAccessBlockConfigurationTypeDef = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBucket:
    """Which bucket, whose, and for which service principal. ``organization_id`` is empty for one
    that only its own account delivers to."""

    name: str
    owner: AccountId
    principal: str
    region: str
    organization_id: str = ""

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """What the bucket's policy must hold, by ``Sid``."""
        service, _, _ = self.principal.partition(".")
        organization = {"aws:SourceOrgID": self.organization_id}
        source = organization if self.organization_id else {"aws:SourceAccount": str(self.owner)}
        arn = f"arn:{partition_of(self.region)}:s3:::{self.name}"

        def statement(end: str, actions: list[str], resource: str, **extra: str) -> dict[str, Any]:
            return {
                "Sid": f"aft{service}{end}",
                "Effect": "Allow",
                "Principal": {"Service": self.principal},
                "Action": actions,
                "Resource": resource,
                "Condition": {"StringEquals": {**source, **extra}},
            }

        own = {"s3:x-amz-acl": "bucket-owner-full-control"}
        return [
            statement("Look", ["s3:GetBucketAcl", "s3:ListBucket"], arn),
            statement("Deliver", ["s3:PutObject"], f"{arn}/AWSLogs/*", **own),
        ]

    def is_own(self, session: AccountSession) -> bool:
        """May the account of ``session`` look after the bucket?"""
        return self.owner == session.account_id


class DeliveryParameters(SettingParameters):
    """What settings with a log bucket have in common."""

    weakens: ClassVar[Directions] = {"log_archive": Weaker.ANY}

    name: str
    log_archive: AccountReference | None = Field(
        default=None,
        description="The account that owns the bucket: an account id in quotes, or the id of "
        "its request. Without it, each account has its own bucket.",
    )
    bucket: Annotated[str, Field(min_length=3, max_length=63)] | None


D = TypeVar("D", bound=DeliveryParameters)


class Delivery(Setting[D, S]):
    """``principal`` is the service that delivers, ``service`` its name."""

    principal: ClassVar[str]
    service: ClassVar[str]

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id, "home_region": account.home_region}

    def bucket(self, inputs: SettingInputs[D]) -> LogBucket:
        """The bucket delivered to. Raises ``Terminal`` while the account that owns it does not
        exist."""
        account, wanted = inputs.account, inputs.parameters
        if wanted.log_archive is not None:
            owner = account_behind(wanted.log_archive, account)
        elif account.account_id is not None:
            owner = account.account_id
        else:
            raise Terminal("the account does not exist yet")
        service, _, _ = self.principal.partition(".")
        return LogBucket(
            name=wanted.bucket or f"aft-{service}-{owner}-{account.home_region}",
            owner=owner,
            principal=self.principal,
            region=account.home_region,
            organization_id=account.organization_id if wanted.log_archive is not None else "",
        )

    @contextmanager
    def delivering(self, inputs: SettingInputs[D], session: AccountSession) -> Iterator[None]:
        """Gives an error the hint that another account's bucket does not let the service in."""
        bucket = self.bucket(inputs)
        try:
            yield
        except (Terminal, NotFound) as error:
            code = error.code if isinstance(error, Terminal) else ""
            is_of_bucket = re.search("[Bb]ucket|DeliveryPolicy", code or error.message)
            if bucket.is_own(session) or not is_of_bucket:
                raise
            hint = (
                f"the bucket is account {bucket.owner}'s: give that account a baseline with the "
                f"same `{self.name}` setting (it comes first), or a bucket whose policy lets "
                f"{self.service} in"
            )
            raise Terminal(error.message, hint=hint, code=code) from error


def read_problems(bucket: LogBucket, session: AccountSession) -> tuple[str, ...]:
    """What is not right about the bucket, in words; for its owner alone. Makes no change."""
    if not bucket.is_own(session):
        return ()
    s3 = session.client("s3", bucket.region)
    try:
        s3.head_bucket(Bucket=bucket.name, ExpectedBucketOwner=bucket.owner)
    except NotFound:
        return (f"bucket {bucket.name} does not exist",)
    except Denied as error:  # a HEAD has no body
        who = f"it is not this account's, or {error.hint}"
        return (f"s3:ListBucket on bucket {bucket.name} is refused: {who}",)
    found = []
    if _missing_statements(bucket, _policy(s3, bucket.name)):
        found.append(f"bucket {bucket.name} does not let {bucket.principal} deliver")
    if not _is_closed(s3, bucket.name):
        found.append(f"bucket {bucket.name} is not closed to the public")
    return tuple(found)


def put_right(bucket: LogBucket, session: AccountSession) -> None:
    """Make the bucket, or what is wrong about it, right. Safe to repeat and side by side."""
    s3 = session.client("s3", bucket.region)
    _create(s3, bucket)
    s3.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=_CLOSED)
    policy = _policy(s3, bucket.name)
    missing = _missing_statements(bucket, policy)
    if missing:
        ours = {item["Sid"] for item in missing}
        kept = [item for item in policy if item.get("Sid") not in ours]
        document = {"Version": "2012-10-17", "Statement": [*kept, *missing]}
        s3.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps(document))


def _create(s3: S3Client, bucket: LogBucket) -> None:
    place: dict[str, Any] = {}
    if bucket.region != "us-east-1":
        place["CreateBucketConfiguration"] = {"LocationConstraint": bucket.region}
    try:
        s3.create_bucket(Bucket=bucket.name, **place)
    except (Terminal, Conflict) as error:
        code = error.code if isinstance(error, Terminal) else ""
        if code == "BucketAlreadyExists":
            raise Terminal(
                f"the bucket name {bucket.name} is taken by another AWS account",
                hint="give `bucket` another name in the baseline",
                code=code,
            ) from error
        if code != "BucketAlreadyOwnedByYou":
            raise


def _policy(s3: S3Client, name: str) -> Sequence[Mapping[str, Any]]:
    try:
        document = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    except NotFound:
        return ()
    statements = document.get("Statement", ())
    return [statements] if isinstance(statements, dict) else list(statements)


def _missing_statements(
    bucket: LogBucket, policy: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    there = {item.get("Sid"): canonical(item) for item in policy}
    return [item for item in bucket.statements if there.get(item["Sid"]) != canonical(item)]


def _is_closed(s3: S3Client, name: str) -> bool:
    try:
        answer = s3.get_public_access_block(Bucket=name)
    except NotFound:
        return False
    block = answer["PublicAccessBlockConfiguration"]
    return all(block.get(item) for item in _CLOSED)
