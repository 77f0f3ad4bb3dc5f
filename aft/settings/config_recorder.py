"""Baseline setting ``config-recorder``: AWS Config records the account. Regional.

AWS (Config Developer Guide, "Working with the Configuration Recorder", "Working with the Delivery
Channel"; API ``PutConfigurationRecorder``): an account can have one customer-managed recorder and
one delivery channel per region, neither of which can be renamed. The recorder is created first,
then the channel, then recording can start. The role is the service-linked
``AWSServiceRoleForConfig``, created once per account. Global resources (IAM) are recorded only in
the home region, because they would be billed and counted once for each region that records them.
The bucket can be in another account; Config tries to write to it when the channel is created.
Recorders of other AWS services (service-linked ones) do not count.

Another recorder is refused: people must decide which one to keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Ranked, Weaker
from aft.baselines.model import SettingInputs
from aft.errors import NotFound, Terminal, Transient
from aft.sessions import AccountSession
from aft.settings.shapes.log_bucket import Delivery, DeliveryParameters, put_right, read_problems
from aft.settings.shapes.setting import (
    Compared,
    Differences,
    differs,
    should_be,
    tolerated,
    unequal,
)

if TYPE_CHECKING:
    from types_boto3_config import ConfigServiceClient
    from types_boto3_config.type_defs import DeliveryChannelTypeDef

PRINCIPAL = "config.amazonaws.com"
ROLE = "AWSServiceRoleForConfig"
_ROLE_IS_THERE = ("InvalidInput", "EntityAlreadyExists")
_NOT_THERE_YET = frozenset({"InvalidRoleException"})


class ConfigRecorderParameters(DeliveryParameters):
    """Parameters of ``config-recorder``."""

    weakens: ClassVar[Directions] = {
        "name": Weaker.ANY,
        "bucket": Weaker.ANY,
        "snapshots_every": Ranked(
            "TwentyFour_Hours", "Twelve_Hours", "Six_Hours", "Three_Hours", "One_Hour"
        ),
    }

    name: Annotated[str, Field(min_length=1, max_length=256)] = Field(
        default="default", description="Name of the recorder and of the delivery channel."
    )
    bucket: Annotated[str, Field(min_length=3, max_length=63)] | None = Field(
        default=None,
        description="The bucket's name; `aft-config-<owner's account id>-<home region>` by "
        "default.",
    )
    snapshots_every: Literal[
        "One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"
    ] = Field(default="TwentyFour_Hours", description="How often a complete snapshot is delivered.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRecorder:
    """The account's own, as AWS answers; ``bucket_problems`` are read by the bucket's owner, in
    its home region."""

    recorder: Mapping[str, Any] | None
    is_recording: bool
    channel: Mapping[str, Any] | None
    bucket_problems: tuple[str, ...] = ()


Inputs = SettingInputs[ConfigRecorderParameters]


class ConfigRecorder(Delivery[ConfigRecorderParameters, ObservedRecorder]):
    """AWS Config records every supported resource and delivers it."""

    name = "config-recorder"
    regional = True
    description = "AWS Config's recorder and delivery, in every governed region."
    stays = "the recorder and its delivery stay"
    principal = PRINCIPAL
    service = "AWS Config"

    def bills_for(self, parameters: ConfigRecorderParameters) -> str:
        return "configuration items recorded, and the bucket they are kept in"

    def read(self, inputs: Inputs, session: AccountSession) -> ObservedRecorder:
        client = session.client("config", inputs.region)
        channels = client.describe_delivery_channels()["DeliveryChannels"]
        recorders = client.describe_configuration_recorders()["ConfigurationRecorders"]
        recorder = next((item for item in recorders if not item.get("servicePrincipal")), None)
        is_recording = False
        if recorder is not None:
            answer = client.describe_configuration_recorder_status(
                ConfigurationRecorderNames=[recorder["name"]]
            )
            statuses = answer["ConfigurationRecordersStatus"]
            is_recording = any(item.get("recording") for item in statuses)
        bucket, is_home = self.bucket(inputs), inputs.region == inputs.account.home_region
        return ObservedRecorder(
            recorder=recorder,
            is_recording=is_recording,
            channel=channels[0] if channels else None,
            bucket_problems=read_problems(bucket, session) if is_home else (),
        )

    def differences(self, inputs: Inputs, observed: ObservedRecorder) -> Differences:
        for problem in observed.bucket_problems:
            yield differs(problem, None, None)
        yield from self._of_recorder(inputs, observed.recorder)
        if observed.recorder is not None and not observed.is_recording:
            yield should_be(f"AWS Config recording in {inputs.region}", "off", "on")
        yield from self._of_channel(inputs, observed.channel)

    def refuse(self, inputs: Inputs, observed: ObservedRecorder) -> None:
        """Neither can be renamed, and AWS has room for one: whose it is must be settled first."""
        both = ("recorder", observed.recorder), ("delivery channel", observed.channel)
        for what, there in both:
            if there is not None and (name := there["name"]) != inputs.parameters.name:
                raise Terminal(
                    f"AWS Config in {inputs.region} already has a {what}, {name!r}, and "
                    "there can be only one",
                    hint=f"give `name: {name}` in the baseline to take it over, or delete it and "
                    "its delivery channel first",
                )

    def fix(self, inputs: Inputs, observed: ObservedRecorder, session: AccountSession) -> None:
        bucket, recorder, channel = self.bucket(inputs), observed.recorder, observed.channel
        client = session.client("config", inputs.region)
        if observed.bucket_problems or (channel is None and bucket.is_own(session)):
            put_right(bucket, session)  # regions go side by side: each makes sure of it
        if any(self._of_recorder(inputs, recorder)):
            _ensure_role(session)
            _put_recorder(client, inputs, session)
        if any(self._of_channel(inputs, channel)):
            self._put_channel(inputs, session)
        if recorder is None or not observed.is_recording:
            client.start_configuration_recorder(ConfigurationRecorderName=inputs.parameters.name)

    def _of_recorder(self, inputs: Inputs, found: Mapping[str, Any] | None) -> Differences:
        if found is None:
            return _unequal(inputs, ("recorder", None, "recording"))
        group = found.get("recordingGroup") or {}
        is_home = inputs.region == inputs.account.home_region
        return _unequal(
            inputs,
            ("recorder's name", found["name"], inputs.parameters.name),
            ("recorder's role", found.get("roleARN", "").rsplit("/", 1)[-1], ROLE),
            ("recorder for all supported types", group.get("allSupported"), True),
            ("recorder for global types", group.get("includeGlobalResourceTypes"), is_home),
        )

    def _of_channel(self, inputs: Inputs, found: Mapping[str, Any] | None) -> Differences:
        bucket = self.bucket(inputs).name
        if found is None:
            return _unequal(inputs, ("delivery channel", None, f"to {bucket}"))
        properties = found.get("configSnapshotDeliveryProperties") or {}
        frequency = properties.get("deliveryFrequency", "TwentyFour_Hours")
        return _unequal(
            inputs,
            ("channel's name", found["name"], inputs.parameters.name),
            ("channel's bucket", found["s3BucketName"], bucket),
            ("channel's snapshots", frequency, inputs.parameters.snapshots_every),
        )

    def _put_channel(self, inputs: Inputs, session: AccountSession) -> None:
        channel: DeliveryChannelTypeDef = {
            "name": inputs.parameters.name,
            "s3BucketName": self.bucket(inputs).name,
            "configSnapshotDeliveryProperties": {
                "deliveryFrequency": inputs.parameters.snapshots_every
            },
        }
        with self.delivering(inputs, session):
            session.client("config", inputs.region).put_delivery_channel(DeliveryChannel=channel)


def _unequal(inputs: Inputs, *fields: Compared) -> Differences:
    return unequal(fields, prefix="AWS Config ", suffix=f" in {inputs.region}")


def _ensure_role(session: AccountSession) -> None:
    iam = session.client("iam")
    try:
        iam.get_role(RoleName=ROLE)
    except NotFound:
        with tolerated(*_ROLE_IS_THERE):  # made meanwhile, from another region
            iam.create_service_linked_role(AWSServiceName=PRINCIPAL)


def _put_recorder(client: ConfigServiceClient, inputs: Inputs, session: AccountSession) -> None:
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
