"""Strict YAML with positions.

One pass over parser events builds plain JSON-like values (mappings with text keys, lists, text,
numbers, booleans, null) under YAML 1.2's rules; no Python object can be constructed. What
makes a file ambiguous is a finding at its place: duplicate keys, anchors and aliases, tags, tabs
in the indentation, a second document. Positions come from a second pass, made only when one is
asked for, so that a repository without findings does not pay for them.

Knows no file's fields: that is ``aft.findings.validation``'s business.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from aft.findings.model import Finding, SourceRef, sorted_findings
from aft.yamldoc.build import MAX_DEPTH, Build
from aft.yamldoc.events import DEFAULT_PARSER, Loc, NewParser, Place, places_of
from aft.yamldoc.text import MAX_BYTES, decode, source_at, too_large

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Loc", "YamlDocument", "parse_yaml", "too_large"]


class YamlDocument:
    """The one document of a file. ``data`` is a mapping; it must not be changed."""

    def __init__(
        self, *, data: dict[str, Any], path: str, text: str, parser: NewParser = DEFAULT_PARSER
    ) -> None:
        self.data = data
        self.path = path
        self._text = text
        self._parser = parser

    def at(self, loc: Loc, *, key: bool = False) -> SourceRef:
        """Where the value at ``loc`` (or its key) begins; the nearest place above when absent."""
        while loc and loc not in self._places:
            loc, key = loc[:-1], False
        place = self._places.get(loc, Place((0, 0), (0, 0)))
        line, column = place.key if key else place.value
        return source_at(self.path, self._text, line, column)

    @cached_property
    def _places(self) -> dict[Loc, Place]:
        return dict(places_of(self._text, self._parser))


def parse_yaml(
    content: bytes, path: str, *, parser: NewParser = DEFAULT_PARSER
) -> tuple[YamlDocument | None, tuple[Finding, ...]]:
    """Read one file. The document is ``None`` when its values cannot be relied on. Findings may
    come with a document: report these with what validation says. Never raises."""
    large = too_large(path, len(content))
    if large is not None:
        return None, (large,)
    text = decode(content, path)
    if isinstance(text, Finding):
        return None, (text,)
    build = Build(path, text, parser)
    data = build.run()
    findings = sorted_findings(build.findings) if build.findings else ()
    if data is None:
        return None, findings
    return YamlDocument(data=data, path=path, text=text, parser=parser), findings
