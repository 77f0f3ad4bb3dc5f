"""Baseline setting ``cloudtrail``: what is done in the account is written down.

AWS (CloudTrail User Guide, "Creating a trail", "Quotas"; API ``CreateTrail``): a multi-region trail
is visible in every region and can be changed only in its home region; there can be five trails per
region. It does not log until ``StartLogging``. The bucket can be in another account; its policy is
checked when the trail is created. A KMS key must allow CloudTrail to use it, and be in the bucket's
region. An organization trail is created in the management account and visible in every member
account, which can neither change nor stop it. The first copy of management events is free, further
trails are charged.

``organization: true`` only checks that there is an organization trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs
from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.kms import key_arn
from aft.settings.shapes.log_bucket import Delivery, DeliveryParameters, put_right, read_problems
from aft.settings.shapes.setting import Differences, differs, unequal

PRINCIPAL = "cloudtrail.amazonaws.com"


class CloudTrailParameters(DeliveryParameters):
    """Parameters of ``cloudtrail``."""

    weakens: ClassVar[Directions] = {
        "name": Weaker.ANY,
        "bucket": Weaker.ANY,
        "kms_key_id": Weaker.ANY,
        "log_file_validation": Weaker.OFF,
        "organization": Weaker.ANY,
    }

    name: Annotated[
        str, Field(min_length=3, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$")
    ] = Field(default="aft-trail", description="Name of the trail.")
    bucket: Annotated[str, Field(min_length=3, max_length=63)] | None = Field(
        default=None,
        description="The bucket's name; `aft-cloudtrail-<owner's account id>-<home region>` by "
        "default.",
    )
    kms_key_id: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="The KMS key that encrypts the logs: an ARN, or an alias or id of a key in "
        "the account. Without it, S3 encrypts them.",
    )
    log_file_validation: bool = Field(
        default=True, description="Write digest files, which reveal changed log files."
    )
    organization: bool = Field(
        default=False,
        description="Expect an organization trail instead, and only check that it is logging.",
    )

    @model_validator(mode="after")
    def _organization_alone(self) -> CloudTrailParameters:
        if self.organization and (self.log_archive or self.bucket or self.kms_key_id):
            raise ValueError(
                "with organization: true nothing is made here, so log_archive, bucket and "
                "kms_key_id have no place"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTrail:
    """``trail`` is AWS's answer with that of its status, ``bucket_problems`` are read by the
    bucket's owner; ``wanted_key`` is the ARN behind the parameter, ``None`` where there is none."""

    trail: Mapping[str, Any] | None
    bucket_problems: tuple[str, ...] = ()
    wanted_key: str | None = ""


Inputs = SettingInputs[CloudTrailParameters]


class CloudTrail(Delivery[CloudTrailParameters, ObservedTrail]):
    """A trail of all regions logs the account."""

    name = "cloudtrail"
    description = "A CloudTrail trail for all regions, with its bucket."
    stays = "the trail and its bucket stay"
    principal = PRINCIPAL
    service = "CloudTrail"

    def bills_for(self, parameters: CloudTrailParameters) -> str:
        if parameters.organization:
            return ""
        key = ", and requests to the key" if parameters.kms_key_id else ""
        return f"a trail in addition to the first one, and its bucket{key}"

    def read(self, inputs: Inputs, session: AccountSession) -> ObservedTrail:
        wanted = inputs.parameters
        client = session.client("cloudtrail")
        trails = [
            item
            for item in client.describe_trails(includeShadowTrails=True)["trailList"]
            if bool(item.get("IsOrganizationTrail")) is wanted.organization
            and (wanted.organization or item["Name"] == wanted.name)
        ]
        trail: Mapping[str, Any] | None = None
        if trails:
            trail = {**trails[0], **client.get_trail_status(Name=trails[0]["TrailARN"])}
        if wanted.organization:
            return ObservedTrail(trail=trail)
        return ObservedTrail(
            trail=trail,
            bucket_problems=read_problems(self.bucket(inputs), session),
            wanted_key=key_arn(wanted.kms_key_id, session) if wanted.kms_key_id else "",
        )

    def differences(self, inputs: Inputs, observed: ObservedTrail) -> Differences:
        trail, wanted = observed.trail, inputs.parameters
        if wanted.organization:
            yield from _organizations(trail)
            return
        for problem in observed.bucket_problems:
            yield differs(problem, None, None)
        label, bucket = f"trail {wanted.name}", self.bucket(inputs).name
        if trail is None:
            yield differs(f"{label} is missing, should log to {bucket}", None, label)
            return
        key = wanted.kms_key_id if observed.wanted_key is None else observed.wanted_key
        fields = (
            ("home region", trail["HomeRegion"], inputs.account.home_region),
            ("bucket", trail["S3BucketName"], bucket),
            ("all regions", trail.get("IsMultiRegionTrail"), True),
            ("global services", trail.get("IncludeGlobalServiceEvents"), True),
            (
                "log file validation",
                trail.get("LogFileValidationEnabled"),
                wanted.log_file_validation,
            ),
            ("KMS key", trail.get("KmsKeyId") or "none", key or "none"),
            ("logging", trail["IsLogging"], True),
        )
        yield from unequal(fields, prefix=f"{label}: ")

    def refuse(self, inputs: Inputs, observed: ObservedTrail) -> None:
        home, trail, wanted = inputs.account.home_region, observed.trail, inputs.parameters
        if wanted.organization:
            raise Terminal(
                "the organization has no trail of all regions that logs; this setting only "
                "checks it",
                hint="create one in the management account with --is-organization-trail "
                "--is-multi-region-trail and start it, or take `organization: true` out",
            )
        if trail is not None and trail["HomeRegion"] != home:
            raise Terminal(
                f"trail {wanted.name} is in {trail['HomeRegion']}, not in the home region {home}, "
                "and a trail cannot move",
                hint="give `name` another name in the baseline, or delete the old trail first",
            )
        if observed.wanted_key is None:
            raise Terminal(
                f"there is no KMS key {wanted.kms_key_id!r} in {home}",
                hint="create the key or its alias first, give the ARN of another account's key, "
                "or leave `kms_key_id` out",
            )

    def fix(self, inputs: Inputs, observed: ObservedTrail, session: AccountSession) -> None:
        trail, wanted, bucket = observed.trail, inputs.parameters, self.bucket(inputs)
        if observed.bucket_problems:
            put_right(bucket, session)
        client = session.client("cloudtrail")
        settings: dict[str, Any] = {
            "S3BucketName": bucket.name,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "EnableLogFileValidation": wanted.log_file_validation,
        }
        if wanted.kms_key_id:
            settings["KmsKeyId"] = observed.wanted_key or wanted.kms_key_id
        elif trail is not None and trail.get("KmsKeyId"):
            settings["KmsKeyId"] = ""  # AWS: an empty text takes the key away
        write = client.create_trail if trail is None else client.update_trail
        with self.delivering(inputs, session):
            write(Name=wanted.name, **settings)
        if trail is None or not trail["IsLogging"]:
            client.start_logging(Name=wanted.name)


def _organizations(trail: Mapping[str, Any] | None) -> Differences:
    if trail is None:
        words = "the organization's trail is missing, should log every region"
        yield differs(words, None, "logging")
        return
    every_region = trail.get("IsMultiRegionTrail")
    fields = ("all regions", every_region, True), ("logging", trail["IsLogging"], True)
    yield from unequal(fields, prefix=f"the organization's trail {trail['TrailARN']}: ")
