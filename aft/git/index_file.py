"""Git's index file, for what pygit2 does not show of it: which files on disk are unchanged.

Git and this module trust the same figures (times, size, inode), so that ten thousand files need
not be hashed again. Every doubt, such as a figure that differs or a file as young as the index
itself, means "not known", and the caller hashes. Reads one file and writes nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# gitformat-index(5). Of an entry: times in seconds and nanoseconds (changed, modified), inode,
# mode, size, id and flags; device, user and group are looked past.
_HEADER = struct.Struct(">4sII")
_ENTRY = struct.Struct(">IIII4xII8xI20sH")
_EXTENSION = struct.Struct(">4sI")
_CHECKSUM_BYTES = 20
_EXTENDED, _STAGES = 0x4000, 0x3000  # flags
_INTENT_TO_ADD = 0x20  # in the first byte of the extended flags
_LOW_BITS = 0xFFFF_FFFF  # inode and size are kept in 32 bits

SUBMODULE = 0o160000


class IndexEntry(NamedTuple):
    """One tracked path. ``figures`` are those of the file whose blob id is ``id``; ``None``
    where the index does not vouch for any."""

    mode: int
    id: bytes
    figures: tuple[int, int, int, int, int] | None


class IndexFile:
    """The tracked paths, and whether what lies at one of them is what ``git add`` saw there."""

    def __init__(self, entries: dict[bytes, IndexEntry], *, written_ns: int) -> None:
        self.entries = entries
        self._written_ns = written_ns

    def blob_id(self, path: bytes, status: os.stat_result) -> str | None:
        """The blob id of the file or link with this ``status``, or ``None``: look for yourself.

        A file modified at or after the index was written may have changed again within the same
        tick of the clock ("racily clean" in git's words), so it is not vouched for.
        """
        entry = self.entries.get(path)
        if entry is None or entry.figures != _figures(status):
            return None
        return entry.id.hex() if status.st_mtime_ns < self._written_ns else None


def read_index(path: Path) -> IndexFile | None:
    """The index at ``path``; an absent one tracks nothing.

    ``None`` for one that is damaged or in a form that only git itself should read: split, sparse,
    or of a later version.
    """
    try:
        with path.open("rb") as file:
            written_ns = os.fstat(file.fileno()).st_mtime_ns
            content = file.read()
    except FileNotFoundError:
        return IndexFile({}, written_ns=0)
    except OSError:
        return None
    try:
        return IndexFile(dict(_entries(content)), written_ns=written_ns)
    except (_UnknownForm, struct.error, ValueError, IndexError):
        return None


class _UnknownForm(Exception):
    """Not an index that this module reads."""


def _entries(content: bytes) -> Iterator[tuple[bytes, IndexEntry]]:
    magic, version, count = _HEADER.unpack_from(content)
    if magic != b"DIRC" or version not in (2, 3, 4) or not _is_whole(content):
        raise _UnknownForm
    at, path = _HEADER.size, b""
    for _ in range(count):
        changed, changed_ns, modified, modified_ns, inode, mode, size, oid, flags = (
            _ENTRY.unpack_from(content, at)
        )
        name_at = at + _ENTRY.size
        # Of racily clean files git keeps no size, so that it looks again; so do we.
        is_vouched_for = size > 0 and not flags & _STAGES
        if flags & _EXTENDED:
            is_vouched_for = is_vouched_for and not content[name_at] & _INTENT_TO_ADD
            name_at += 2
        if version == 4:
            shared, name_at = _shared(content, name_at, len(path))
            end = content.index(b"\0", name_at)
            path = path[:shared] + content[name_at:end]
            at = end + 1
        else:
            end = content.index(b"\0", name_at)
            path = content[name_at:end]
            at = end + 8 - (end - at) % 8  # padded with one to eight zeros
        figures = (
            changed * 1_000_000_000 + changed_ns,
            modified * 1_000_000_000 + modified_ns,
            inode,
            stat.S_IFMT(mode),
            size,
        )
        yield path, IndexEntry(mode, oid, figures if is_vouched_for else None)
    _refuse_required_extensions(content, at)


def _shared(content: bytes, at: int, previous: int) -> tuple[int, int]:
    """Version 4: how much of the ``previous`` path's length is kept, and where the rest begins.

    The number of bytes to drop is written as offsets are in packs.
    """
    byte = content[at]
    drop = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = content[at]
        drop = ((drop + 1) << 7) | (byte & 0x7F)
    if drop > previous:
        raise _UnknownForm
    return previous - drop, at + 1


def _refuse_required_extensions(content: bytes, at: int) -> None:
    """Extensions in small letters change what the entries mean: split and sparse indexes."""
    while at < len(content) - _CHECKSUM_BYTES:
        name, size = _EXTENSION.unpack_from(content, at)
        if not name[:1].isupper():
            raise _UnknownForm
        at += _EXTENSION.size + size


def _is_whole(content: bytes) -> bool:
    """The checksum fits, or there is none (``index.skipHash``)."""
    body, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
    if checksum == bytes(_CHECKSUM_BYTES):
        return True
    return hashlib.sha1(body, usedforsecurity=False).digest() == checksum


def _figures(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return (
        status.st_ctime_ns,
        status.st_mtime_ns,
        status.st_ino & _LOW_BITS,
        stat.S_IFMT(status.st_mode),
        status.st_size & _LOW_BITS,
    )
