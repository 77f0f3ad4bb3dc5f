"""Values of request files kept from earlier runs, by content.

What is kept is plain JSON of requests that had no finding, under a key of the file's blob id and
everything else that its values depend on; so a hit means the same file under the same defaults.
Bytes in, bytes out: where they are stored is the caller's business. Damaged or older bytes are
an empty cache, and nothing in them can be executed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aft import __version__

FORMAT = f"aft-requests-1 {__version__} ".encode()
"""How the bytes begin. Another version of aft may accept other requests, so it begins anew."""

KEEP = 20_000
"""Entries of other revisions that are kept beside those in use."""


class ParseCache:
    """A mapping from key to values; ``dirty`` once it holds more than was loaded."""

    def __init__(self, entries: Mapping[str, Any] | None = None) -> None:
        self._loaded = dict(entries or {})
        self._used: dict[str, list[Any]] = {}
        self.dirty = False

    @classmethod
    def loads(cls, content: bytes) -> ParseCache:
        """Read what ``dumps`` wrote; anything else gives an empty cache."""
        header, _, body = content.partition(b"\n")
        if header != FORMAT + _checksum(body):
            return cls()
        try:
            entries = json.loads(body)
        except (ValueError, RecursionError):
            return cls()
        return cls(entries) if isinstance(entries, dict) else cls()

    def dumps(self) -> bytes:
        """The entries used since loading, and some of the others."""
        others = {key: value for key, value in self._loaded.items() if key not in self._used}
        kept = dict(list(others.items())[-KEEP:])
        body = json.dumps({**kept, **self._used}, separators=(",", ":"), ensure_ascii=False)
        content = body.encode()
        return FORMAT + _checksum(content) + b"\n" + content

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The values under ``key``, if they are there and have the shape of values."""
        found = self._loaded.get(key)
        if type(found) is not list or len(found) != 2 or type(found[0]) is not dict:
            return None
        self._used[key] = found
        values: Mapping[str, Any] = found[0]
        return values

    def put(self, key: str, values: Mapping[str, Any]) -> None:
        """Keep ``values``, which must be plain JSON and must not be changed afterwards."""
        self._used[key] = [values, ""]
        self.dirty = True

    def has_passed(self, key: str, environment: str) -> bool:
        """True when what is kept under ``key`` passed its further checks in ``environment``."""
        kept = self._used.get(key)
        return kept is not None and kept[1] == environment

    def note_passed(self, key: str, environment: str) -> None:
        """Remember that; the last environment alone is kept."""
        kept = self._used.get(key)
        if kept is not None:
            kept[1] = environment
            self.dirty = True


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).hexdigest().encode()
