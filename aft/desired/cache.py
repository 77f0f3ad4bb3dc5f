"""Values of request files kept from earlier runs, by content.

What is kept is plain JSON of requests that had no finding, under a key of the file's blob id and
everything else that its values depend on; so a hit means the same file under the same defaults.
Bytes in, bytes out: where they are stored is the caller's business. Damaged or older bytes are
an empty cache, and nothing in them can be executed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from aft import __version__
from aft.values.canonical_json import whole_characters

FORMAT = f"aft-requests-4 {__version__} ".encode()
"""How the bytes begin. Another version of aft may accept other requests, so it starts empty."""

KEEP = 20_000
"""Entries of other revisions that are kept next to those in use."""


class ParseCache:
    """A mapping from key to values; ``dirty`` once it holds more than was loaded. Each is kept with
    the environment in which it last passed its further checks."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}
        self._used: dict[str, list[Any]] = {}
        self.dirty = False

    @classmethod
    def loads(cls, content: bytes) -> ParseCache:
        """Read what ``dumps`` wrote; anything else gives an empty cache."""
        cache = cls()
        header, _, body = content.partition(b"\n")
        if header != FORMAT + _checksum(body):
            return cache
        try:
            rows = json.loads(body)
        except (ValueError, RecursionError):
            return cache
        cache._loaded = rows if isinstance(rows, dict) else {}
        return cache

    def dumps(self) -> bytes:
        """The entries used since loading, and some of the others."""
        others = [item for item in self._loaded.items() if item[0] not in self._used][-KEEP:]
        rows = dict(others) | self._used
        text = json.dumps(rows, separators=(",", ":"), ensure_ascii=False)
        body = whole_characters(text).encode()
        return FORMAT + _checksum(body) + b"\n" + body

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The values under ``key``, if they are there and have the shape of values."""
        match self._loaded.get(key):
            case [str(), dict() as values] as row:
                self._used[key] = row
                return values
        return None

    def put(self, key: str, values: Mapping[str, Any]) -> None:
        """Keep ``values``, which must be plain JSON and must not be changed afterwards."""
        self._used[key] = ["", values]
        self.dirty = True

    def has_passed(self, key: str, environment: str) -> bool:
        """True when what is kept under ``key`` passed its further checks in ``environment``."""
        return key in self._used and self._used[key][0] == environment

    def note_passed(self, key: str, environment: str) -> None:
        """Remember that; the last environment alone is kept."""
        if key in self._used:
            self._used[key][0] = environment
            self.dirty = True


def _checksum(body: bytes) -> bytes:
    """Against damage only: those who may write here may change aft itself."""
    return b"%08x" % zlib.crc32(body)
