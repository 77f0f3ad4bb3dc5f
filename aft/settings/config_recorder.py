"""Baseline setting ``config-recorder``: AWS Config records the account. Regional.

AWS (Config Developer Guide, "Working with the Configuration Recorder", "Working with the Delivery
Channel"; API ``PutConfigurationRecorder``): one recorder of one's own and one delivery channel a
region and account, neither of which can be renamed. The recorder comes first, then the channel,
then recording can start. The role is the service-linked ``AWSServiceRoleForConfig``, made once for
the account. Global resources (IAM) are recorded where asked: everywhere would bill and count them
once for each region, so only the home region does. The bucket may be another account's; Config
tries to write to it when the channel is made. Recorders of other AWS services (service-linked ones)
are beside ours and do not count.

``log_archive`` absent: the account has a bucket of its own. Given: the log archive's own baseline
makes the bucket, and the other accounts deliver there. Somebody else's recorder is refused: which
one there is to be must be settled by people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.baselines.references import AccountReference
from aft.errors import NotFound, Terminal, Transient
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.log_bucket import LogBucket, log_bucket, put_right, read_problems
from aft.settings.wording import on_or_off

if TYPE_CHECKING:
    from types_boto3_config import ConfigServiceClient

PRINCIPAL = "config.amazonaws.com"
ROLE = "AWSServiceRoleForConfig"
_ROLE_IS_THERE = frozenset({"InvalidInput", "EntityAlreadyExists"})
_NOT_THERE_YET = frozenset({"InvalidRoleException"})
_BUCKET_ERRORS = frozenset({"NoSuchBucketException", "InsufficientDeliveryPolicyException"})


class ConfigRecorderParameters(SettingParameters):
    """Parameters of ``config-recorder``."""

    name: Annotated[str, Field(min_length=1, max_length=256)] = Field(
        default="default", description="Name of the recorder and of the delivery channel."
    )
    log_archive: AccountReference | None = Field(
        default=None,
        description="The account that owns the bucket: an account id in quotes, or the id of its "
        "request. Without it the account's own.",
    )
    bucket: Annotated[str, Field(min_length=3, max_length=63)] | None = Field(
        default=None,
        description="The bucket's name; `aft-config-<owner's account id>-<home region>` unless "
        "set.",
    )
    snapshots_every: Literal[
        "One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"
    ] = Field(default="TwentyFour_Hours", description="How often a whole snapshot is delivered.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """The account's own recorder in a region."""

    name: str
    role: str
    all_supported: bool
    global_types: bool
    is_recording: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The delivery channel in a region."""

    name: str
    bucket: str
    frequency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRecorder:
    """``bucket_problems`` are read by the bucket's owner, in its home region."""

    recorder: Recorder | None
    channel: Channel | None
    bucket_problems: tuple[str, ...] = ()


class ConfigRecorder:
    """AWS Config records every supported resource and delivers it."""

    name: ClassVar[str] = "config-recorder"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "AWS Config's recorder and delivery, in every governed region."
    parameters_model: type[ConfigRecorderParameters] = ConfigRecorderParameters

    def bills_for(self, parameters: ConfigRecorderParameters) -> str:  # noqa: ARG002 (the port's signature)
        return "configuration items recorded, and the bucket they are kept in"

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id, "home_region": account.home_region}

    def read(
        self, inputs: SettingInputs[ConfigRecorderParameters], session: AccountSession
    ) -> ObservedRecorder:
        client = session.client("config", inputs.region)
        channels = client.describe_delivery_channels()["DeliveryChannels"]
        bucket = _bucket(inputs)
        looks_after = bucket.is_own(session) and inputs.region == inputs.account.home_region
        return ObservedRecorder(
            recorder=_recorder(client),
            channel=_channel(channels[0]) if channels else None,
            bucket_problems=read_problems(bucket, session) if looks_after else (),
        )

    def compare(
        self, inputs: SettingInputs[ConfigRecorderParameters], observed: ObservedRecorder
    ) -> tuple[SettingDifference, ...]:
        found = [
            SettingDifference(description=problem, before=None, after=None)
            for problem in observed.bucket_problems
        ]
        if observed.recorder is None:
            found.append(_missing(inputs, "recorder"))
        if observed.channel is None:
            found.append(_missing(inputs, "delivery channel"))
        found += [
            SettingDifference(
                description=f"AWS Config {what} in {inputs.region} is {before}, should be {after}",
                before=before,
                after=after,
            )
            for what, before, after in _fields(inputs, observed)
            if before != after
        ]
        return tuple(found)

    def refuse(
        self, inputs: SettingInputs[ConfigRecorderParameters], observed: ObservedRecorder
    ) -> None:
        """Neither can be renamed, and AWS has room for one: whose it is must be settled first."""
        for what, there in (
            ("recorder", observed.recorder),
            ("delivery channel", observed.channel),
        ):
            if there is not None and there.name != inputs.parameters.name:
                raise Terminal(
                    f"AWS Config in {inputs.region} has somebody else's {what}, {there.name!r}, "
                    "and there can be only one",
                    hint=f"give `name: {there.name}` in the baseline to take it over, or delete "
                    "it and its delivery channel first",
                )

    def change(
        self,
        inputs: SettingInputs[ConfigRecorderParameters],
        observed: ObservedRecorder,
        session: AccountSession,
    ) -> None:
        if not self.compare(inputs, observed):
            return
        self.refuse(inputs, observed)
        bucket = _bucket(inputs)
        client = session.client("config", inputs.region)
        if observed.bucket_problems or (observed.channel is None and bucket.is_own(session)):
            put_right(bucket, session)  # regions go side by side: each makes sure of it
        if observed.recorder is None or _differs(inputs, observed, "recorder"):
            _ensure_role(session)
            _put_recorder(client, inputs, session)
        if observed.channel is None or _differs(inputs, observed, "channel"):
            _put_channel(client, inputs, bucket, session)
        if observed.recorder is None or not observed.recorder.is_recording:
            client.start_configuration_recorder(ConfigurationRecorderName=inputs.parameters.name)


def _bucket(inputs: SettingInputs[ConfigRecorderParameters]) -> LogBucket:
    return log_bucket(
        account=inputs.account,
        log_archive=inputs.parameters.log_archive,
        name=inputs.parameters.bucket,
        principal=PRINCIPAL,
    )


def _recorder(client: ConfigServiceClient) -> Recorder | None:
    recorders = client.describe_configuration_recorders()["ConfigurationRecorders"]
    own = next((item for item in recorders if not item.get("servicePrincipal")), None)
    if own is None:
        return None
    answer = client.describe_configuration_recorder_status(ConfigurationRecorderNames=[own["name"]])
    group = own.get("recordingGroup") or {}
    return Recorder(
        name=own["name"],
        role=own.get("roleARN", ""),
        all_supported=bool(group.get("allSupported")),
        global_types=bool(group.get("includeGlobalResourceTypes")),
        is_recording=any(item.get("recording") for item in answer["ConfigurationRecordersStatus"]),
    )


def _channel(found: Mapping[str, Any]) -> Channel:
    properties = found.get("configSnapshotDeliveryProperties") or {}
    return Channel(
        name=found["name"],
        bucket=found["s3BucketName"],
        frequency=properties.get("deliveryFrequency", "TwentyFour_Hours"),
    )


def _fields(
    inputs: SettingInputs[ConfigRecorderParameters], observed: ObservedRecorder
) -> list[tuple[str, str, str]]:
    wanted = inputs.parameters
    found = []
    recorder, channel = observed.recorder, observed.channel
    if recorder is not None:
        is_home = inputs.region == inputs.account.home_region
        role = recorder.role.rsplit("/", 1)[-1]
        found += [
            ("recorder's name", recorder.name, wanted.name),
            ("recorder's role", role, ROLE),
            ("recorder for all supported types", on_or_off(recorder.all_supported), "on"),
            ("recorder for global types", on_or_off(recorder.global_types), on_or_off(is_home)),
            ("recording", on_or_off(recorder.is_recording), "on"),
        ]
    if channel is not None:
        found += [
            ("channel's name", channel.name, wanted.name),
            ("channel's bucket", channel.bucket, _bucket(inputs).name),
            ("channel's snapshots", channel.frequency, wanted.snapshots_every),
        ]
    return found


def _differs(
    inputs: SettingInputs[ConfigRecorderParameters], observed: ObservedRecorder, what: str
) -> bool:
    return any(
        before != after
        for label, before, after in _fields(inputs, observed)
        if label.startswith(what)
    )


def _ensure_role(session: AccountSession) -> None:
    iam = session.client("iam")
    try:
        iam.get_role(RoleName=ROLE)
    except NotFound:
        try:
            iam.create_service_linked_role(AWSServiceName=PRINCIPAL)
        except Terminal as error:
            if error.code not in _ROLE_IS_THERE:  # made meanwhile, from another region
                raise


def _put_recorder(
    client: ConfigServiceClient,
    inputs: SettingInputs[ConfigRecorderParameters],
    session: AccountSession,
) -> None:
    role = session.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
    try:
        client.put_configuration_recorder(
            ConfigurationRecorder={
                "name": inputs.parameters.name,
                "roleARN": role,
                "recordingGroup": {
                    "allSupported": True,
                    "includeGlobalResourceTypes": inputs.region == inputs.account.home_region,
                },
            }
        )
    except Terminal as error:
        if error.code in _NOT_THERE_YET:  # IAM needs a moment to show a new role everywhere
            raise Transient(error.message) from error
        raise


def _put_channel(
    client: ConfigServiceClient,
    inputs: SettingInputs[ConfigRecorderParameters],
    bucket: LogBucket,
    session: AccountSession,
) -> None:
    try:
        client.put_delivery_channel(
            DeliveryChannel={
                "name": inputs.parameters.name,
                "s3BucketName": bucket.name,
                "configSnapshotDeliveryProperties": {
                    "deliveryFrequency": inputs.parameters.snapshots_every
                },
            }
        )
    except (Terminal, NotFound) as error:
        code = error.code if isinstance(error, Terminal) else "NoSuchBucketException"
        if code not in _BUCKET_ERRORS or bucket.is_own(session):
            raise
        raise Terminal(
            error.message,
            hint=f"the bucket is account {bucket.owner}'s: give that account a baseline with the "
            "same `config-recorder` setting (it comes first), or a bucket whose policy lets AWS "
            "Config in",
            code=code,
        ) from error


def _missing(inputs: SettingInputs[ConfigRecorderParameters], what: str) -> SettingDifference:
    after = f"to {_bucket(inputs).name}" if what != "recorder" else "recording"
    return SettingDifference(
        description=f"AWS Config {what} in {inputs.region} is missing, should be {after}",
        before=None,
        after=after,
    )
