"""Baseline setting ``ebs-default-encryption``: new EBS volumes are encrypted. Regional.

AWS (EC2 API ``EnableEbsEncryptionByDefault``, ``ModifyEbsDefaultKmsKeyId``): a switch and a key
per account *and region*; volumes and snapshots there are already stay as they are. The key must
be symmetric and live in the same region; a wrong one is accepted here and fails later, when a
volume is created. Without a key of one's own AWS uses ``alias/aws/ebs``. AWS reports a key by
its ARN, so a key given by id or alias is resolved with ``kms:DescribeKey`` before comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession


class EbsDefaultEncryptionParameters(SettingParameters):
    """Parameters of ``ebs-default-encryption``."""

    kms_key_id: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="The KMS key to use: an alias (`alias/…`) or a key id that exists in every "
        "governed region, or an ARN where one region is governed. Without it the key is left as "
        "it is (AWS's own key, unless somebody chose another).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEncryption:
    """``wanted_key`` is the ARN behind the parameter, ``None`` where there is no such key."""

    enabled: bool
    key: str | None
    wanted_key: str | None


class EbsDefaultEncryption:
    """EBS encryption by default is on, with the key wanted."""

    name: ClassVar[str] = "ebs-default-encryption"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "Encryption of new EBS volumes, in every governed region."
    parameters_model: type[EbsDefaultEncryptionParameters] = EbsDefaultEncryptionParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[EbsDefaultEncryptionParameters], session: AccountSession
    ) -> ObservedEncryption:
        ec2 = session.client("ec2", inputs.region)
        enabled = bool(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        if inputs.parameters.kms_key_id is None:
            return ObservedEncryption(enabled=enabled, key=None, wanted_key=None)
        return ObservedEncryption(
            enabled=enabled,
            key=ec2.get_ebs_default_kms_key_id()["KmsKeyId"],
            wanted_key=_arn(inputs.parameters.kms_key_id, inputs.region, session),
        )

    def compare(
        self, inputs: SettingInputs[EbsDefaultEncryptionParameters], observed: ObservedEncryption
    ) -> tuple[SettingDifference, ...]:
        differences = []
        if not observed.enabled:
            differences.append(
                SettingDifference(
                    description=f"EBS encryption by default in {inputs.region} is off, "
                    "should be on",
                    before="off",
                    after="on",
                )
            )
        wanted = inputs.parameters.kms_key_id
        if wanted is not None and observed.key not in {wanted, observed.wanted_key}:
            differences.append(
                SettingDifference(
                    description=f"EBS default key in {inputs.region} is {observed.key}, "
                    f"should be {wanted}",
                    before=observed.key,
                    after=wanted,
                )
            )
        return tuple(differences)

    def change(
        self,
        inputs: SettingInputs[EbsDefaultEncryptionParameters],
        observed: ObservedEncryption,
        session: AccountSession,
    ) -> None:
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


def _arn(key: str, region: str | None, session: AccountSession) -> str | None:
    if key.startswith("arn:") and ":key/" in key:
        return key
    try:
        described = session.client("kms", region).describe_key(KeyId=key)
    except NotFound:
        return None
    return str(described["KeyMetadata"]["Arn"])
