"""Public keys as people write them: base64 of DER, as AWS answers, or PEM. NIST P-256 only."""

from __future__ import annotations

import base64
import binascii
import re

_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""How each uncompressed public key of the curve begins (RFC 5480); 64 bytes follow."""
_ARMOUR = re.compile(r"-----(?:BEGIN|END) PUBLIC KEY-----")


def public_key_bytes(text: str) -> bytes:
    """The key as DER. Raises ``ValueError`` for anything but a public key of the curve."""
    try:
        found = base64.b64decode("".join(_ARMOUR.sub("", text).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("it is not base64") from error
    if not found.startswith(_P256) or len(found) != len(_P256) + 64:
        raise ValueError("it is not a public key of the curve NIST P-256")
    return found
