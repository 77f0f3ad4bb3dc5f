"""Text made small enough to be kept in an event of the ledger, and read back within bounds."""

from __future__ import annotations

import base64
import zlib

MAX_PACKED = 64 * 1024
"""Bytes of the packed form; text that needs more is not kept."""
_MAX_TEXT = 64 * MAX_PACKED


def packed(text: str) -> str | None:
    """``text`` compressed, in letters; ``None`` when that is more than ``MAX_PACKED`` bytes."""
    found = base64.b64encode(zlib.compress(text.encode(errors="surrogatepass"), 9)).decode()
    return found if len(found) <= MAX_PACKED else None


def unpacked(text: str) -> str:
    """What ``packed`` was given. Raises ``ValueError`` for what it did not make."""
    unpack = zlib.decompressobj()
    try:
        found = unpack.decompress(base64.b64decode(text, validate=True), _MAX_TEXT)
    except zlib.error:
        raise ValueError("not what was packed") from None
    if not unpack.eof:
        raise ValueError("cut off, or too large")
    return found.decode(errors="surrogatepass")
