"""One file out of a zip file that anyone may have made; nothing is written to disk."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from aft.errors import Terminal

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # of which NotImplementedError is one: a version zipfile does not know
)
"""What ``zipfile`` raises for files that are damaged, or made to be."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def member_of(content: bytes, name: str, *, limit: int, where: str) -> bytes | None:
    """The bytes of the one member called exactly ``name``; ``None`` when there is none. Every other
    member is left alone, at any path. What the directory says of the size is checked first,
    and what really comes out while it does. Raises ``Terminal``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [item for item in archive.infolist() if item.filename == name]
            if not found:
                return None
            if len(found) > 1:
                raise Terminal(f"{where} contains {name} {len(found)} times")
            info = found[0]
            if info.compress_type not in _METHODS or info.flag_bits & 0x1:
                raise Terminal(f"{where}: {name} is compressed in a way that aft does not read")
            if info.file_size > limit:
                raise _too_large(where, name, limit)
            with archive.open(info) as member:
                data = member.read(limit + 1)
    except _BROKEN as error:
        why = type(error).__name__
        raise Terminal(f"{where} is not a zip file that can be read ({why})") from error
    if len(data) > limit:
        raise _too_large(where, name, limit)
    return data


def _too_large(where: str, name: str, limit: int) -> Terminal:
    return Terminal(f"{where}: {name} is larger than {limit:,} bytes")
