"""YAML text as a stream of parser events: the only importer of PyYAML.

``DEFAULT_PARSER`` is libyaml's, ten times faster than the pure one; both give the same events. No
loader, constructor or resolver of PyYAML is ever run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.error import YAMLError as YamlError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

__all__ = [
    "DEFAULT_PARSER",
    "PURE_PARSER",
    "AliasEvent",
    "DocumentStartEvent",
    "MappingEndEvent",
    "MappingStartEvent",
    "NewParser",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "StreamEndEvent",
    "YamlError",
    "events_of",
]

NewParser = Callable[[str], Any]
"""Makes an object whose ``get_event()`` gives the next event, or raises ``YamlError``."""

PURE_PARSER: NewParser = yaml.SafeLoader
DEFAULT_PARSER: NewParser = getattr(yaml, "CSafeLoader", PURE_PARSER)


def events_of(text: str, new_parser: NewParser) -> Iterator[Any]:
    """Events up to the end, or to where the text stops being YAML."""
    parser = new_parser(text)
    try:
        while True:
            event = parser.get_event()
            yield event
            if type(event) is StreamEndEvent:
                return
    except YamlError:
        return
