"""The section ``ledger`` of ``aft.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from aft.config.section import Section
from aft.values.public_keys import public_key_bytes


def _checked_key(text: str) -> str:
    public_key_bytes(text)
    return text


KMS_KEY = r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"
PublicKey = Annotated[str, AfterValidator(_checked_key)]


class LedgerConfig(Section):
    """Where aft records every step."""

    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$")] = Field(
        default="aft/ledger", description="The git branch of the ledger."
    )
    remote: str | None = Field(
        default="origin",
        description="The remote that the ledger is pushed to, if it exists; null keeps the "
        "ledger local.",
    )
    signing_key: Annotated[str, Field(pattern=KMS_KEY)] | None = Field(
        default=None,
        description="ARN of a KMS key (ECC_NIST_P256, SIGN_VERIFY). Each pushed head of the ledger "
        "is signed with it, and a head without a valid signature is refused.",
    )
    public_keys: list[PublicKey] = Field(
        default=[],
        description="Public keys that heads of the ledger are checked with, as base64 or PEM: that "
        "of `signing_key`, and while keys are exchanged the former one.",
    )

    @model_validator(mode="after")
    def _has_both(self) -> LedgerConfig:
        if bool(self.signing_key) != bool(self.public_keys):
            raise ValueError("signing_key and public_keys belong together: set both or neither")
        return self
