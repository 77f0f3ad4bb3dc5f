"""CloudTrail: who may have which trail, and where it may log.

Everything else is moto's. Facts: botocore's ``cloudtrail`` model, the user guide and its quotas:
five trails a region, one of each name; a multi-region trail has a home region; trails of the
organization are the management account's, need trusted access, and show in every member.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import moto.cloudtrail.urls as cloudtrail_urls
from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.kms.models import kms_backends
from moto.organizations.models import organizations_backends

from aft.sandbox.organizations_view import is_trusted
from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.delivery import Delivery, delivery
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

PRINCIPAL = "cloudtrail.amazonaws.com"
MAX_TRAILS = 5


class StrictCloudTrailBackend(CloudTrailBackend):
    """moto's trails with AWS's conditions."""

    _url_module = property(lambda _: cloudtrail_urls)

    def create_trail(self, name: str, bucket_name: str, *args: Any, **kwargs: Any) -> Trail:
        if name in self.trails:
            raise Refusal(
                "TrailAlreadyExistsException", f"Trail {name} already exists for customer"
            )
        if len(self.trails) >= MAX_TRAILS:
            raise Refusal(
                "MaximumNumberOfTrailsExceededException",
                f"User: {self.account_id} already has {MAX_TRAILS} trails in {self.region_name}.",
            )
        self._check_bucket(bucket_name)
        made = super().create_trail(name, bucket_name, *args, **kwargs)
        try:
            self._check_organization(made)
            self._check_key(made.kms_key_id)
        except Refusal:
            del self.trails[name]
            raise
        return made

    def update_trail(self, name: str, **kwargs: Any) -> Trail:
        if name not in self.trails and any(
            name in (trail.trail_name, trail.arn)
            for trail in self.describe_trails(include_shadow_trails=True)
            if trail.region_name != self.region_name
        ):
            raise Refusal(
                "InvalidHomeRegionException",
                f"{name} can be changed in its home region alone.",
            )
        if kwargs.get("s3_bucket_name") is not None:
            self._check_bucket(kwargs["s3_bucket_name"])
        self._check_key(kwargs.get("kms_key_id"))
        return super().update_trail(name=name, **kwargs)

    def describe_trails(self, include_shadow_trails: bool) -> Iterable[Trail]:  # noqa: FBT001 - moto's
        """With the trails of the organization, where shadows are asked for."""
        found = list(super().describe_trails(include_shadow_trails))
        manager = self._management_account()
        if include_shadow_trails and manager not in ("", self.account_id):
            found += [
                trail
                for backend in cloudtrail_backends[manager].values()
                for trail in backend.trails.values()
                if trail.is_org_trail
                and (trail.is_multi_region or trail.region_name == self.region_name)
            ]
        return found

    def _management_account(self) -> str:
        answer = organizations_backends[self.account_id]["aws"].describe_organization()
        return str(answer["Organization"]["MasterAccountId"])

    def _check_bucket(self, name: str) -> None:
        answer = delivery(name, principal=PRINCIPAL, account_id=self.account_id)
        if answer is Delivery.NO_BUCKET:
            raise Refusal("S3BucketDoesNotExistException", f"S3 bucket {name} does not exist!")
        if answer is Delivery.REFUSED:
            raise Refusal(
                "InsufficientS3BucketPolicyException",
                f"Incorrect S3 bucket policy is detected for bucket: {name}",
            )

    def _check_organization(self, trail: Trail) -> None:
        if not trail.is_org_trail:
            return
        if self._management_account() != self.account_id:
            raise Refusal(
                "NotOrganizationMasterAccountException",
                "Only the management account may create a trail of the organization.",
            )
        if not is_trusted(PRINCIPAL):
            raise Refusal(
                "CloudTrailAccessNotEnabledException",
                "Trusted access of CloudTrail is not enabled in the organization.",
            )

    def _check_key(self, key: str | None) -> None:
        if not key:
            return
        # An ARN names its account; anything else is the account's own.
        parts = key.split(":", 5)
        account_id, tail = (parts[4], parts[5]) if len(parts) == 6 else (self.account_id, key)
        keys = kms_backends[account_id][self.region_name]
        if tail.startswith("alias/"):
            known = keys.alias_exists(tail)
        else:
            known = tail.removeprefix("key/") in keys.keys
        if not known:
            raise Refusal("KmsKeyNotFoundException", f"KMS key {key} does not exist.")


class StrictCloudTrailResponse(ModelConstraints, CloudTrailResponse):
    """moto's answers, after the model's constraints."""

    validation_code: ClassVar[str] = "InvalidParameterException"


def install() -> None:
    """Make moto's CloudTrail strict in this process; again changes nothing."""
    use_backend(cloudtrail_backends, StrictCloudTrailBackend)
    use_responses(cloudtrail_urls, StrictCloudTrailResponse)
