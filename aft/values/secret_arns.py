"""ARNs of secrets: in Secrets Manager, or a SecureString in Parameter Store. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

SECRETS_MANAGER, PARAMETER_STORE = "secretsmanager", "ssm"
ARN_PATTERN = (
    r"^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:"
    r"[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}"
    r"|ssm:[a-z0-9-]+:[0-9]{12}:parameter(/[A-Za-z0-9_.-]+){1,15})$"
)
"""Whole ARNs, with the six characters that Secrets Manager adds: part of one would also mean other
secrets. No version of a parameter: what is current is given."""
_WHOLE = re.compile(ARN_PATTERN)


class SecretArn(NamedTuple):
    """The parts of an ARN; ``text`` is all of it."""

    text: str
    partition: str
    service: str
    region: str
    account_id: str

    @classmethod
    def parse(cls, text: str) -> SecretArn:
        """Raises ``ValueError`` for what is no ARN of a secret."""
        if not _WHOLE.fullmatch(text):
            raise ValueError(f"{text!r} is not the ARN of a secret")
        _, partition, service, region, account_id, _ = text.split(":", 5)
        return cls(text, partition, service, region, account_id)
