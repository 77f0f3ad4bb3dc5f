"""The section ``grants`` of ``aft.yaml``: what customizations get that declare a need for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aft.config.section import Section
from aft.values.secret_arns import ARN_PATTERN

Secret = Annotated[
    str,
    Field(
        pattern=ARN_PATTERN,
        examples=["arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta-AbCdEf"],
    ),
]


class CustomizationGrant(Section):
    """What one customization is given, next to its own account's credentials."""

    secrets: tuple[Secret, ...] = Field(
        default=(),
        description="Whole ARNs of secrets (Secrets Manager) and of parameters (SSM, "
        "SecureString) that the `secrets` of its customization.yaml may name. Its steps get "
        "them in every account that the customization runs in.",
    )
