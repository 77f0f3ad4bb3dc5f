"""Keys of KMS that parameters name."""

from __future__ import annotations

from aft.errors import NotFound
from aft.sessions import AccountSession


def key_arn(key: str, session: AccountSession, region: str | None = None) -> str | None:
    """The ARN behind an id, an alias or an ARN; ``None`` where there is no such key."""
    if key.startswith("arn:") and ":key/" in key:
        return key
    try:
        described = session.client("kms", region).describe_key(KeyId=key)
    except NotFound:
        return None
    return str(described["KeyMetadata"]["Arn"])
