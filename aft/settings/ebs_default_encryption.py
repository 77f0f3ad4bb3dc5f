"""Baseline setting ``ebs-default-encryption``: new EBS volumes are encrypted. Regional.

AWS (EC2 API ``EnableEbsEncryptionByDefault``, ``ModifyEbsDefaultKmsKeyId``): one switch and one key
per account *and region*; existing volumes and snapshots are not changed. The key must be symmetric
and in the same region; AWS accepts a wrong key here and fails later, when a volume is created.
Without a customer key, AWS uses ``alias/aws/ebs``. AWS reports a key by its ARN, so a key given by
id or alias is resolved with ``kms:DescribeKey`` before comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.kms import key_arn
from aft.settings.shapes.setting import Differences, Setting, should_be


class EbsDefaultEncryptionParameters(SettingParameters):
    """Parameters of ``ebs-default-encryption``."""

    kms_key_id: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="The KMS key to use: an alias (`alias/…`) or a key id that exists in every "
        "governed region, or an ARN if only one region is governed. Without it, the "
        "key is not changed (AWS's own key, unless someone has selected another).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEncryption:
    """``wanted_key`` is the ARN behind the parameter, ``None`` where there is no such key."""

    enabled: bool
    key: str | None
    wanted_key: str | None


Inputs = SettingInputs[EbsDefaultEncryptionParameters]


class EbsDefaultEncryption(Setting[EbsDefaultEncryptionParameters, ObservedEncryption]):
    """EBS encryption by default is on, with the key wanted."""

    name = "ebs-default-encryption"
    regional = True
    description = "Encryption of new EBS volumes, in every governed region."
    parameters_model = EbsDefaultEncryptionParameters

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
