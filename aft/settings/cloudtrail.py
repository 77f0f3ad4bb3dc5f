"""Baseline setting ``cloudtrail``: what is done in the account is written down.

AWS (CloudTrail User Guide, "Creating a trail", "Quotas"; API ``CreateTrail``): a trail that is
multi-region is seen in every region and can be changed in its home region alone; five trails a
region. It does not log until ``StartLogging``. The bucket may be another account's; its policy is
checked when the trail is made. A key must allow CloudTrail, and be in the bucket's region. A trail
of the organization is made in the management account and shows in every member, which can neither
change nor stop it. The first copy of management events is free, further trails cost.

``log_archive`` absent: the account has a bucket of its own. Given: the log archive's own baseline
makes the bucket, and the other accounts deliver there. ``organization: true``: there must be a
trail of the organization; it is only looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, model_validator

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.baselines.references import AccountReference
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.log_bucket import LogBucket, log_bucket, put_right, read_problems
from aft.settings.wording import on_or_off

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

PRINCIPAL = "cloudtrail.amazonaws.com"


class CloudTrailParameters(SettingParameters):
    """Parameters of ``cloudtrail``."""

    name: Annotated[
        str, Field(min_length=3, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$")
    ] = Field(default="aft-trail", description="Name of the trail.")
    log_archive: AccountReference | None = Field(
        default=None,
        description="The account that owns the bucket: an account id in quotes, or the id of its "
        "request. Without it the account's own.",
    )
    bucket: Annotated[str, Field(min_length=3, max_length=63)] | None = Field(
        default=None,
        description="The bucket's name; `aft-cloudtrail-<owner's account id>-<home region>` "
        "unless set.",
    )
    kms_key_id: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="The KMS key that encrypts the log: an ARN, or an alias or id of the "
        "account's own. Without it S3 encrypts.",
    )
    log_file_validation: bool = Field(
        default=True, description="Write digests by which a changed log file is noticed."
    )
    organization: bool = Field(
        default=False,
        description="Expect the organization's own trail instead, and only check that it logs.",
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
class Trail:
    """A trail as it is. ``key`` is the KMS key's ARN, or empty."""

    arn: str
    home_region: str
    bucket: str
    key: str
    multi_region: bool
    global_events: bool
    validation: bool
    is_logging: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTrail:
    """``bucket_problems`` are read by the bucket's owner; ``wanted_key`` is the ARN behind the
    parameter, ``None`` where there is no such key."""

    trail: Trail | None
    bucket_problems: tuple[str, ...] = ()
    wanted_key: str | None = ""


class CloudTrail:
    """A trail of all regions logs the account."""

    name: ClassVar[str] = "cloudtrail"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str] = "A CloudTrail trail over all regions, into a bucket that keeps it."
    parameters_model: type[CloudTrailParameters] = CloudTrailParameters

    def bills_for(self, parameters: CloudTrailParameters) -> str:
        if parameters.organization:
            return ""
        key = ", and requests to the key" if parameters.kms_key_id else ""
        return f"a trail beside the first one, and the bucket it writes to{key}"

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id, "home_region": account.home_region}

    def read(
        self, inputs: SettingInputs[CloudTrailParameters], session: AccountSession
    ) -> ObservedTrail:
        wanted = inputs.parameters
        client = session.client("cloudtrail")
        trails = client.describe_trails(includeShadowTrails=True)["trailList"]
        if wanted.organization:
            found = next((item for item in trails if item.get("IsOrganizationTrail")), None)
            return ObservedTrail(trail=_trail(client, found) if found else None)
        found = next(
            (
                item
                for item in trails
                if item["Name"] == wanted.name and not item.get("IsOrganizationTrail")
            ),
            None,
        )
        bucket = _bucket(inputs)
        return ObservedTrail(
            trail=_trail(client, found) if found else None,
            bucket_problems=read_problems(bucket, session) if bucket.is_own(session) else (),
            wanted_key=_key(wanted.kms_key_id, session) if wanted.kms_key_id else "",
        )

    def compare(
        self, inputs: SettingInputs[CloudTrailParameters], observed: ObservedTrail
    ) -> tuple[SettingDifference, ...]:
        if inputs.parameters.organization:
            return _compare_organizations(observed.trail)
        found = [
            SettingDifference(description=problem, before=None, after=None)
            for problem in observed.bucket_problems
        ]
        label = f"trail {inputs.parameters.name}"
        if observed.trail is None:
            words = f"{label} is missing, should log to {_bucket(inputs).name}"
            return (*found, SettingDifference(description=words, before=None, after=label))
        found += [
            SettingDifference(
                description=f"{label}: {what} is {before}, should be {after}",
                before=before,
                after=after,
            )
            for what, before, after in _fields(inputs, observed)
            if before != after
        ]
        return tuple(found)

    def refuse(self, inputs: SettingInputs[CloudTrailParameters], observed: ObservedTrail) -> None:
        if inputs.parameters.organization:
            raise Terminal(
                "the organization has no trail of all regions that logs; this setting only "
                "checks it",
                hint="create one in the management account with --is-organization-trail "
                "--is-multi-region-trail and start it, or take `organization: true` out",
            )
        _refuse(inputs, observed)

    def change(
        self,
        inputs: SettingInputs[CloudTrailParameters],
        observed: ObservedTrail,
        session: AccountSession,
    ) -> None:
        if not self.compare(inputs, observed):
            return
        wanted = inputs.parameters
        self.refuse(inputs, observed)
        bucket = _bucket(inputs)
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
        elif observed.trail is not None and observed.trail.key:
            settings["KmsKeyId"] = ""  # AWS: an empty text takes the key away
        try:
            if observed.trail is None:
                client.create_trail(Name=wanted.name, **settings)
            else:
                client.update_trail(Name=wanted.name, **settings)
        except (Terminal, NotFound) as error:
            raise _explained(error, bucket, session) from error
        if observed.trail is None or not observed.trail.is_logging:
            client.start_logging(Name=wanted.name)


def _bucket(inputs: SettingInputs[CloudTrailParameters]) -> LogBucket:
    return log_bucket(
        account=inputs.account,
        log_archive=inputs.parameters.log_archive,
        name=inputs.parameters.bucket,
        principal=PRINCIPAL,
    )


def _trail(client: CloudTrailClient, found: Any) -> Trail:
    status = client.get_trail_status(Name=found["TrailARN"])
    return Trail(
        arn=found["TrailARN"],
        home_region=found.get("HomeRegion", ""),
        bucket=found.get("S3BucketName", ""),
        key=found.get("KmsKeyId") or "",
        multi_region=bool(found.get("IsMultiRegionTrail")),
        global_events=bool(found.get("IncludeGlobalServiceEvents")),
        validation=bool(found.get("LogFileValidationEnabled")),
        is_logging=bool(status.get("IsLogging")),
    )


def _key(key: str, session: AccountSession) -> str | None:
    if key.startswith("arn:") and ":key/" in key:
        return key
    try:
        return str(session.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])
    except NotFound:
        return None


def _fields(
    inputs: SettingInputs[CloudTrailParameters], observed: ObservedTrail
) -> list[tuple[str, str, str]]:
    trail, wanted = observed.trail, inputs.parameters
    if trail is None:
        return []
    key = observed.wanted_key if observed.wanted_key is not None else str(wanted.kms_key_id)
    return [
        ("home region", trail.home_region, inputs.account.home_region),
        ("bucket", trail.bucket, _bucket(inputs).name),
        ("all regions", on_or_off(trail.multi_region), "on"),
        ("global services", on_or_off(trail.global_events), "on"),
        ("log file validation", on_or_off(trail.validation), on_or_off(wanted.log_file_validation)),
        ("KMS key", trail.key or "none", key or "none"),
        ("logging", on_or_off(trail.is_logging), "on"),
    ]


def _compare_organizations(trail: Trail | None) -> tuple[SettingDifference, ...]:
    if trail is None:
        words = "the organization's trail is missing, should log every region"
        return (SettingDifference(description=words, before=None, after="logging"),)
    return tuple(
        SettingDifference(
            description=f"the organization's trail {trail.arn}: {what} is off, should be on",
            before="off",
            after="on",
        )
        for what, is_on in (("all regions", trail.multi_region), ("logging", trail.is_logging))
        if not is_on
    )


def _refuse(inputs: SettingInputs[CloudTrailParameters], observed: ObservedTrail) -> None:
    """What would hurt, or cannot work."""
    home = inputs.account.home_region
    if observed.trail is not None and observed.trail.home_region != home:
        raise Terminal(
            f"trail {inputs.parameters.name} lives in {observed.trail.home_region}, not in the "
            f"home region {home}, and a trail cannot move",
            hint="give `name` another name in the baseline, or delete the old trail first",
        )
    if observed.wanted_key is None:
        raise Terminal(
            f"there is no KMS key {inputs.parameters.kms_key_id!r} in {home}",
            hint="create the key or its alias first, give the ARN of another account's key, or "
            "leave `kms_key_id` out",
        )


def _explained(error: Terminal | NotFound, bucket: LogBucket, session: AccountSession) -> Terminal:
    """AWS's words about a bucket, with what to do where it is somebody else's."""
    code = error.code if isinstance(error, Terminal) else ""
    hint = error.hint
    if "S3Bucket" in code and not bucket.is_own(session):
        hint = (
            f"the bucket is account {bucket.owner}'s: give that account a baseline with the same "
            "`cloudtrail` setting (it comes first), or a bucket whose policy lets CloudTrail in"
        )
    return Terminal(error.message, hint=hint, code=code)
