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
from functools import cached_property
from typing import Any

from aft import __version__

FORMAT = f"aft-requests-2 {__version__} ".encode()
"""How the bytes begin. Another version of aft may accept other requests, so it begins anew."""

KEEP = 20_000
"""Entries of other revisions that are kept beside those in use."""

Row = list[Any]
"""An entry: the environment it passed in, the number of its field names, then its values."""


class ParseCache:
    """A mapping from key to values; ``dirty`` once it holds more than was loaded."""

    def __init__(self) -> None:
        self._common = _CommonValues([])
        self._loaded: dict[str, Row] = {}
        self._used: dict[str, Row] = {}
        self.dirty = False

    @classmethod
    def loads(cls, content: bytes) -> ParseCache:
        """Read what ``dumps`` wrote; anything else gives an empty cache."""
        cache = cls()
        header, _, body = content.partition(b"\n")
        if header != FORMAT + _checksum(body):
            return cache
        try:
            match json.loads(body):
                case {"common": list() as common, "rows": dict() as rows}:
                    cache._common, cache._loaded = _CommonValues(common), rows
        except (ValueError, RecursionError):
            pass
        return cache

    def dumps(self) -> bytes:
        """The entries used since loading, and some of the others."""
        others = {key: row for key, row in self._loaded.items() if key not in self._used}
        if len(others) > KEEP:
            kept = dict(list(others.items())[-KEEP:])
            return self._only({**kept, **self._used}).dumps()
        rows = {**others, **self._used}
        document = {"common": self._common.values, "rows": rows}
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        return FORMAT + _checksum(body) + b"\n" + body

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The values under ``key``, if they are there and have the shape of values."""
        row = self._loaded.get(key)
        values = None if row is None else self._values(row)
        if row is not None and values is not None:
            self._used[key] = row
        return values

    def put(self, key: str, values: Mapping[str, Any]) -> None:
        """Keep ``values``, which must be plain JSON and must not be changed afterwards."""
        number = self._common.number
        self._used[key] = ["", number(list(values)), *map(self._common.short, values.values())]
        self.dirty = True

    def has_passed(self, key: str, environment: str) -> bool:
        """True when what is kept under ``key`` passed its further checks in ``environment``."""
        row = self._used.get(key)
        return row is not None and row[0] == environment

    def note_passed(self, key: str, environment: str) -> None:
        """Remember that; the last environment alone is kept."""
        row = self._used.get(key)
        if row is not None:
            row[0] = environment
            self.dirty = True

    def _values(self, row: Row) -> Mapping[str, Any] | None:
        common = self._common.values
        try:
            values = [common[value] if type(value) is int else value for value in row[2:]]
            return dict(zip(common[row[1]], values, strict=True))
        except (LookupError, TypeError, ValueError):
            return None

    def _only(self, rows: Mapping[str, Row]) -> ParseCache:
        """A cache of ``rows`` alone, without the common values that only others had."""
        fewer = ParseCache()
        for key, row in rows.items():
            values = self._values(row)
            if values is not None:
                fewer.put(key, values)
                fewer.note_passed(key, row[0])
        return fewer


class _CommonValues:
    """Values that several entries share, such as an OU or a contact: each is kept, read and held
    in memory once, and stands in the entries as its number."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def short(self, value: Any) -> Any:
        """The number of ``value`` from its second time on; before, the value itself."""
        if value is None or type(value) in (bool, float):
            return value
        shown = repr(value)
        # An integer itself would be taken for the number of another value.
        if type(value) is int or shown in self._numbers:
            return self.number(value)
        self._numbers[shown] = None
        return value

    def number(self, value: Any) -> int:
        """The number of ``value``, which gets one if it has none."""
        shown = repr(value)
        number = self._numbers.get(shown)
        if number is None:
            number = self._numbers[shown] = len(self.values)
            self.values.append(value)
        return number

    @cached_property
    def _numbers(self) -> dict[str, int | None]:
        """By ``repr``, which is equal for equal JSON; ``None`` for what was seen once."""
        return {repr(value): at for at, value in enumerate(self.values)}


def _checksum(body: bytes) -> bytes:
    """Against damage only: whoever may write here may change aft itself."""
    return b"%08x" % zlib.crc32(body)
