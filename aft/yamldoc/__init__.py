"""Strict YAML with positions.

One pass over parser events builds plain JSON-like values (mappings with text keys, lists, text,
numbers, booleans, null) under YAML 1.2's rules; no Python object can be constructed. What
makes a file ambiguous is a finding at its place: duplicate keys, anchors and aliases, tags, tabs
in the indentation, a second document. Size, depth, and the number of values and of findings are
bounded in that pass, which also remembers where each value begins: nothing is read a second time.

Knows no file's fields: that is ``aft.findings.validation``'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from aft.findings.bounds import parsed_by
from aft.findings.model import Finding, SourceRef, few
from aft.yamldoc.build import MAX_DEPTH, MAX_VALUES, Build
from aft.yamldoc.events import DEFAULT_PARSER, Loc, NewParser, Place
from aft.yamldoc.text import MAX_BYTES, decode, too_large

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_VALUES",
    "Loc",
    "Place",
    "YamlDocument",
    "parse_yaml",
    "too_large",
]


class YamlDocument:
    """The one document of a file. ``data`` is a mapping; it must not be changed. ``places`` is
    called once, when the first place is asked for."""

    def __init__(
        self, *, data: dict[str, Any], path: str, places: Callable[[], Mapping[Loc, Place]]
    ) -> None:
        self.data = data
        self.path = path
        self._find_places = places

    def at(self, loc: Loc, *, key: bool = False) -> SourceRef:
        """Where the value at ``loc`` (or its key) begins; the nearest place above when absent."""
        while loc and loc not in self.places:
            loc, key = loc[:-1], False
        place = self.places.get(loc, Place((0, 0), (0, 0)))
        line, column = place.key if key else place.value
        return SourceRef(self.path, line + 1, column + 1)

    @cached_property
    def places(self) -> Mapping[Loc, Place]:
        """Where every value begins."""
        return self._find_places()


def parse_yaml(
    content: bytes, path: str, *, parser: NewParser = DEFAULT_PARSER
) -> tuple[YamlDocument | None, tuple[Finding, ...]]:
    """Read one file. The document is ``None`` when its values cannot be relied on. Findings may
    come with a document: report these with what validation says. Never raises."""
    large = too_large(path, len(content))
    if large is not None:
        return None, (large,)
    found = parsed_by(lambda: _read(content, path, parser), path)
    return (None, (found,)) if isinstance(found, Finding) else found


def _read(
    content: bytes, path: str, parser: NewParser
) -> tuple[YamlDocument | None, tuple[Finding, ...]]:
    text = decode(content, path)
    if isinstance(text, Finding):
        return None, (text,)
    build = Build(path, text, parser)
    data = build.run()
    findings = few(build.findings, path) if build.findings else ()
    if data is None:
        return None, findings
    return YamlDocument(data=data, path=path, places=build.places), findings
