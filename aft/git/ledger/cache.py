"""Records of the ledger kept outside the repository, by the tree id of the shard they are in.

Reading ten thousand small objects out of a pack costs a second; reading one file a tenth of it. A
hit means the same bytes in git. Those who may write the file may change aft itself, so its checksum
is against damage only; anything that cannot be read is an empty cache.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aft import __version__
from aft.ledger.codec import VERSION, record_from
from aft.ledger.events import AccountRecord

_FORMAT = f"aft-ledger-1 {VERSION} {__version__} ".encode()
_WRITE_FROM = 16
"""One in so many shards must be new before the file is written again."""


class ShardCache:
    """Shards at ``path`` (``None``: kept nowhere). Not safe to share between threads."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._loaded: Mapping[str, Any] | None = None
        self._kept: dict[bytes, bytes] = {}
        self._new = 0

    def get(self, shard: bytes) -> Mapping[str, AccountRecord] | None:
        """The records of this shard, if they are kept."""
        if self._path is None:
            return None
        if self._loaded is None:
            self._loaded = _load(self._path)
        rows = self._loaded.get(shard.hex())
        if rows is None:
            return None
        try:
            found = {row["subject"]: record_from(row, is_known=True) for row in rows}
        except (KeyError, TypeError, ValueError):
            return None
        return {subject: record for subject, record in found.items() if record is not None}

    def put(self, shard: bytes, states: Sequence[bytes]) -> None:
        """Keep a shard's ``state.json`` files, as they were read."""
        if self._path is not None:
            self._kept[shard] = b"[" + b",".join(item.strip() for item in states) + b"]"
            self._new += 1

    def save(self, shards: Sequence[bytes]) -> None:
        """Write what is kept of these shards, when enough of it is new. Never raises."""
        if self._path is None or self._new * _WRITE_FROM <= len(shards):
            return
        loaded = self._loaded or {}
        rows: list[bytes] = []
        for shard in shards:
            kept, name = self._kept.get(shard), shard.hex()
            if kept is None and name in loaded:
                kept = json.dumps(loaded[name], separators=(",", ":")).encode()
            if kept is not None:
                rows.append(b'"%s":%s' % (name.encode(), kept))
        body = b"{" + b",\n".join(rows) + b"}"
        with contextlib.suppress(OSError):
            _replace(self._path, _FORMAT + _checksum(body) + b"\n" + body)
            self._new = 0


def _load(path: Path) -> Mapping[str, Any]:
    try:
        header, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if header != _FORMAT + _checksum(body):
        return {}
    try:
        loaded = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _checksum(body: bytes) -> bytes:
    return b"%08x" % zlib.crc32(body)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
