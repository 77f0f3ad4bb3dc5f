"""Keeps secrets out of the ledger, which everyone who can read the repository can read.

Applies to the ``outputs`` of steps. A value is masked when its key names a secret (``password``,
``token``, ``secret``, ``private_key``, ``secretAccessKey``, ...) or when the value is a private
key itself. A key that names where a secret is (``SecretArn``, ``TokenUrl``, ``AccessKeyId``) keeps
its value, since later steps need it. A masked output is not available to later steps once the
step that made it is skipped: store such values in Secrets Manager and output the ARN.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

MASK = "***"
"""What the ledger has in place of a secret."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset(
    {
        *("secret", "secrets", "password", "passwords", "passwd", "passphrase", "pwd"),
        *("token", "tokens", "credential", "credentials"),
    }
)
_SECRET_KEYS = frozenset({"private", "api", "access", "signing", "encryption", "ssh", "shared"})
_POINTERS = frozenset(
    {
        *("arn", "arns", "id", "ids", "name", "names", "url", "urls", "uri", "uris", "path"),
        *("region", "version", "alias", "endpoint", "issuer", "policy", "rotation", "expiry"),
    }
)


def is_secret(key: str, value: str) -> bool:
    """True when an output may not be written down."""
    if "PRIVATE KEY-----" in value:
        return True
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _POINTERS:
        return False
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    joined = "".join(words)
    if any(joined.endswith(word) for word in ("password", "secret", "token", "passphrase")):
        return True
    pairs = itertools.pairwise(words)
    if any(first in _SECRET_KEYS and second == "key" for first, second in pairs):
        return True
    return joined.endswith(("privatekey", "apikey", "accesskey"))


def masked(outputs: Mapping[str, str]) -> Mapping[str, str]:
    """``outputs`` with the secrets' values replaced by ``MASK``."""
    return {key: MASK if is_secret(key, value) else value for key, value in outputs.items()}
