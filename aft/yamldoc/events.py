"""YAML text as a stream of PyYAML's parser events, and where each value of it begins.

``DEFAULT_PARSER`` is libyaml's, ten times faster than the pure one; both give the same events. No
loader, constructor or resolver of PyYAML is ever run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

NewParser = Callable[[str], Any]
"""Makes an object whose ``get_event()`` gives the next event, or raises ``YamlError``."""

PURE_PARSER: NewParser = yaml.SafeLoader
DEFAULT_PARSER: NewParser = getattr(yaml, "CSafeLoader", PURE_PARSER)

Loc = tuple[str | int, ...]
"""Where a value is: keys and list indexes from the top; ``()`` is the whole."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key and its value begin; lines and columns count from 0."""

    key: tuple[int, int]
    value: tuple[int, int]


def scalars_of(events: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Every scalar's event, with the key whose value it is; without one for keys and in lists."""
    waiting: list[list[str] | None] = []  # of open mappings the key without a value; lists: None
    for event in events:
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            waiting.pop()
        elif kind in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
            keys = waiting[-1] if waiting else None
            key = keys.pop() if keys else ""
            if keys is not None and not key:
                keys.append(getattr(event, "value", "") or " ")  # no key's value is an empty key
            if kind is ScalarEvent:
                yield key, event
            elif kind is not AliasEvent:
                waiting.append([] if kind is MappingStartEvent else None)


def places_of(events: Iterable[Any]) -> Iterator[tuple[Loc, Place]]:
    """Every value's place, in order; a duplicate key's value comes twice. ``events`` are those that
    one reading has found sound so far: no key among them is a mapping or a list, and their depth is
    bounded."""
    loc: list[str | int] = []  # of the value to come; in a list it ends with the index
    open_kinds: list[type] = []
    key_mark: tuple[int, int] | None = None
    for event in events:
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            open_kinds.pop()
            if kind is SequenceEndEvent:
                loc.pop()
        elif kind in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
            mark = (event.start_mark.line, event.start_mark.column)
            if open_kinds and open_kinds[-1] is MappingStartEvent and key_mark is None:
                loc.append(getattr(event, "value", ""))
                key_mark = mark
                continue
            yield tuple(loc), Place(key_mark or mark, mark)
            key_mark = None
            if kind in (MappingStartEvent, SequenceStartEvent):
                open_kinds.append(kind)
                if kind is SequenceStartEvent:
                    loc.append(0)
                continue
        else:
            continue
        if open_kinds and open_kinds[-1] is SequenceStartEvent:
            loc[-1] = int(loc[-1]) + 1
        elif open_kinds:
            loc.pop()


def open_bracket(events: Iterable[Any]) -> tuple[int, int] | None:
    """Where the innermost bracket begins that is still open after these events."""
    starts: list[Any] = []
    for event in events:
        if type(event) in (MappingStartEvent, SequenceStartEvent):
            starts.append(event)
        elif type(event) in (MappingEndEvent, SequenceEndEvent):
            starts.pop()
    brackets = [event.start_mark for event in starts if event.flow_style]
    return (brackets[-1].line, brackets[-1].column) if brackets else None
