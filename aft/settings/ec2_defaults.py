"""Baseline settings that are EC2's defaults per account *and region*. Regional, each a setting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Ranked, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.kms import key_arn
from aft.settings.shapes.setting import Differences, P, Setting, should_be
from aft.settings.shapes.values import Observed, Value, Values

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


class _Ec2Values(Values[P]):
    regional = True

    @abstractmethod
    def answer(self, ec2: EC2Client) -> Mapping[str, Any]:
        """AWS's answer with the values, and who decides about them."""

    def read(self, inputs: SettingInputs[P], session: AccountSession) -> Observed:
        answer = self.answer(session.client("ec2", inputs.region))
        return Observed(values=self.named(answer), managed_by=answer.get("ManagedBy", "account"))

    @abstractmethod
    def put(self, ec2: EC2Client, values: Mapping[str, Any]) -> None:
        """Set the values, by AWS's names."""

    def fix(self, inputs: SettingInputs[P], observed: Observed, session: AccountSession) -> None:
        ec2 = session.client("ec2", inputs.region)
        self.put(ec2, self.as_aws(self.differing(inputs, observed)))


class SnapshotPublicAccessParameters(SettingParameters):
    """Parameters of ``snapshot-public-access``."""

    weakens: ClassVar[Directions] = {"mode": Ranked("block-new-sharing", "block-all-sharing")}

    mode: Literal["block-all-sharing", "block-new-sharing"] = Field(
        default="block-all-sharing",
        description="`block-all-sharing` also hides snapshots that are already public; "
        "`block-new-sharing` leaves them public.",
    )


class SnapshotPublicAccess(_Ec2Values[SnapshotPublicAccessParameters]):
    """Public sharing of EBS snapshots is blocked.

    AWS (EBS User Guide, "Block public access for Amazon EBS snapshots"; API
    ``EnableSnapshotBlockPublicAccess``): one switch per account *and region* with two modes.
    ``block-all-sharing`` also hides snapshots that are already public (they stay marked as public,
    and are public again if the mode is removed); ``block-new-sharing`` does not affect those. It
    takes effect at once, and does not affect snapshots shared with specific accounts. If a
    declarative policy of the organization controls it (``ManagedBy: declarative-policy``), the
    account cannot change it.
    """

    name = "snapshot-public-access"
    description = "The block of public EBS snapshots, in every governed region."
    subject = "public EBS snapshots"
    fields: ClassVar = {"": Value("mode", "State")}

    def answer(self, ec2: EC2Client) -> Mapping[str, Any]:
        return ec2.get_snapshot_block_public_access_state()

    def put(self, ec2: EC2Client, values: Mapping[str, Any]) -> None:
        ec2.enable_snapshot_block_public_access(**values)


SECONDS_BETWEEN_LOOKS = 15.0
LOOKS = 60
"""Fifteen minutes: half again as long as AWS says."""


class ImagePublicAccessParameters(SettingParameters):
    """``image-public-access`` takes no parameters."""


_Images = SettingInputs[ImagePublicAccessParameters]


class ImagePublicAccess(_Ec2Values[ImagePublicAccessParameters]):
    """Public sharing of AMIs is blocked.

    AWS (EC2 User Guide, "Block public access to your AMIs"; API ``EnableImageBlockPublicAccess``):
    one switch per account *and region* with one mode, ``block-new-sharing``. AMIs that are already
    public stay public. It is asynchronous: the state can remain ``unblocked`` for up to ten
    minutes, so the change waits for it. It is enabled in many regions of new accounts, but not in
    accounts with public AMIs. If a declarative policy of the organization controls it, the account
    cannot change it.
    """

    name = "image-public-access"
    description = "The block of public AMIs, in every governed region."
    protects = True  # it has no parameters that could be made weaker
    subject = "public AMIs"
    fields: ClassVar = {"": Value("", "ImageBlockPublicAccessState")}

    def desired(self, parameters: ImagePublicAccessParameters) -> Mapping[str, str]:
        return {"": "block-new-sharing"}

    def answer(self, ec2: EC2Client) -> Mapping[str, Any]:
        return ec2.get_image_block_public_access_state()

    def put(self, ec2: EC2Client, values: Mapping[str, Any]) -> None:
        ec2.enable_image_block_public_access(**values)

    def fix(self, inputs: _Images, observed: Observed, session: AccountSession) -> None:
        super().fix(inputs, observed, session)
        for _ in range(LOOKS):
            if not self.differing(inputs, self.read(inputs, session)):
                return
            session.sleep(SECONDS_BETWEEN_LOOKS)
        raise Terminal(
            f"AWS accepted the block of public AMIs in {inputs.region}, but after "
            f"{LOOKS * SECONDS_BETWEEN_LOOKS / 60:.0f} minutes it is not in force",
            hint="run again; AWS says that it takes up to ten minutes",
        )


_Switch = Literal["enabled", "disabled"] | None


class Imdsv2DefaultsParameters(SettingParameters):
    """Parameters of ``imdsv2-defaults``; what is null is left as it is."""

    weakens: ClassVar[Directions] = {
        "http_tokens": Ranked("optional", None, "required"),
        "hop_limit": Weaker.HIGHER,
        "endpoint": Ranked("enabled", None, "disabled"),
        "metadata_tags": Ranked("enabled", None, "disabled"),
        "enforce": Ranked("disabled", None, "enabled"),
    }

    http_tokens: Literal["required", "optional"] | None = Field(
        default="required",
        description="`required` allows only IMDSv2; `optional` also allows IMDSv1.",
    )
    hop_limit: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=2, description="How many network hops a response can travel; containers need 2."
    )
    endpoint: _Switch = Field(
        default=None, description="Whether instances have a metadata endpoint."
    )
    metadata_tags: _Switch = Field(
        default=None, description="Whether an instance can read its own tags from its metadata."
    )
    enforce: _Switch = Field(
        default=None, description="`enabled` makes launches that request IMDSv1 fail."
    )


class Imdsv2Defaults(_Ec2Values[Imdsv2DefaultsParameters]):
    """New instances offer their metadata as in the baseline.

    AWS (EC2 User Guide, "Configure instance metadata options for new instances"; API
    ``ModifyInstanceMetadataDefaults``): defaults per account *and region* for new instances, unless
    the launch call or the AMI sets other values; existing instances are not changed. Options that
    were never set are absent from the response, and ``no-preference`` (``-1`` for the hop limit,
    otherwise 1 to 64) removes a default. A hop limit of 1 prevents containers from getting the
    credentials of their host, and also their own if they use the metadata service: AWS recommends 2
    for containers. ``HttpTokensEnforced`` makes launches that request IMDSv1 fail. If a declarative
    policy of the organization controls the defaults, the account cannot change them.
    """

    name = "imdsv2-defaults"
    description = "Metadata options of new EC2 instances, in every governed region."
    subject = "instance metadata"
    fields: ClassVar = {
        "tokens are": Value("http_tokens", "HttpTokens"),
        "hop limit is": Value("hop_limit", "HttpPutResponseHopLimit"),
        "endpoint is": Value("endpoint", "HttpEndpoint"),
        "tags are": Value("metadata_tags", "InstanceMetadataTags"),
        "enforcement is": Value("enforce", "HttpTokensEnforced"),
    }

    def desired(self, parameters: Imdsv2DefaultsParameters) -> Mapping[str, Any]:
        found = super().desired(parameters)
        return {words: value for words, value in found.items() if value is not None}

    def answer(self, ec2: EC2Client) -> Mapping[str, Any]:
        return ec2.get_instance_metadata_defaults().get("AccountLevel") or {}

    def put(self, ec2: EC2Client, values: Mapping[str, Any]) -> None:
        ec2.modify_instance_metadata_defaults(**values)


class EbsDefaultEncryptionParameters(SettingParameters):
    """Parameters of ``ebs-default-encryption``."""

    weakens: ClassVar[Directions] = {"kms_key_id": Weaker.ANY}

    kms_key_id: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="The KMS key to use: an alias (`alias/…`) or a key id that exists in every "
        "governed region, or an ARN if only one region is governed. Without it, the key is not "
        "changed (AWS's own key, unless someone has selected another).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEncryption:
    """``wanted_key`` is the ARN behind the parameter, ``None`` where there is no such key."""

    enabled: bool
    key: str | None
    wanted_key: str | None


Inputs = SettingInputs[EbsDefaultEncryptionParameters]


class EbsDefaultEncryption(Setting[EbsDefaultEncryptionParameters, ObservedEncryption]):
    """EBS encryption by default is on, with the key wanted.

    AWS (EC2 API ``EnableEbsEncryptionByDefault``, ``ModifyEbsDefaultKmsKeyId``): one switch and one
    key per account *and region*; existing volumes and snapshots are not changed. The key must be
    symmetric and in the same region; AWS accepts a wrong key here and fails later, when a volume is
    created. Without a customer key, AWS uses ``alias/aws/ebs``. AWS reports a key by its ARN, so a
    key given by id or alias is resolved with ``kms:DescribeKey`` before comparing.
    """

    name = "ebs-default-encryption"
    regional = True
    description = "Encryption of new EBS volumes, in every governed region."

    def read(self, inputs: Inputs, session: AccountSession) -> ObservedEncryption:
        ec2 = session.client("ec2", inputs.region)
        enabled = bool(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        if inputs.parameters.kms_key_id is None:
            return ObservedEncryption(enabled=enabled, key=None, wanted_key=None)
        return ObservedEncryption(
            enabled=enabled,
            key=ec2.get_ebs_default_kms_key_id()["KmsKeyId"],
            wanted_key=key_arn(inputs.parameters.kms_key_id, session, inputs.region),
        )

    def differences(self, inputs: Inputs, observed: ObservedEncryption) -> Differences:
        if not observed.enabled:
            yield should_be(f"EBS encryption by default in {inputs.region}", "off", "on")
        wanted = inputs.parameters.kms_key_id
        if wanted is not None and observed.key not in {wanted, observed.wanted_key}:
            yield should_be(f"EBS default key in {inputs.region}", observed.key, wanted)

    def fix(self, inputs: Inputs, observed: ObservedEncryption, session: AccountSession) -> None:
        ec2 = session.client("ec2", inputs.region)
        wanted = inputs.parameters.kms_key_id
        # The key first: a volume made between the two calls must not get the wrong one.
        if wanted is not None and observed.key not in {wanted, observed.wanted_key}:
            if observed.wanted_key is None:
                raise Terminal(
                    f"there is no KMS key {wanted!r} in {inputs.region}",
                    hint="create the key or its alias in that region first, or leave "
                    "`kms_key_id` out to use AWS's own key",
                )
            ec2.modify_ebs_default_kms_key_id(KmsKeyId=observed.wanted_key)
        if not observed.enabled:
            ec2.enable_ebs_encryption_by_default()
