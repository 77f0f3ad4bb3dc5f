"""YAML whose tags mean something, as plain data: CloudFormation's short form of its functions.

``!Sub text`` becomes ``{"Fn::Sub": "text"}``: what a tag means is the caller's business.
Scalars stay the text they are written as, because such readers take ``1`` and ``"1"`` for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from aft.yamldoc.build import MAX_DEPTH
from aft.yamldoc.events import DEFAULT_PARSER

Tagged = Callable[[str, Any], Any]
"""Takes a tag (``!Sub``) and the plain value behind it; gives the value to keep."""


class NotPlain(ValueError):
    """The text is not YAML, or says something that has no single meaning; ``str`` says what."""


def parse_tagged(text: str, tagged: Tagged) -> Any:
    """The first document of ``text``. Raises ``NotPlain``: syntax, depth, aliases, doubled keys."""
    try:
        return _value(_events(text), tagged, depth=0)
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark is not None else ""
        raise NotPlain(f"not YAML{place}") from error


def _events(text: str) -> Iterator[Any]:
    next_event = DEFAULT_PARSER(text).get_event
    while True:
        event = next_event()
        yield event
        if type(event) is StreamEndEvent:
            return


def _value(events: Iterator[Any], tagged: Tagged, *, depth: int, event: Any = None) -> Any:
    """The value that begins with ``event``, or with the next that begins one."""
    if depth > 2 * MAX_DEPTH:
        raise NotPlain(f"values are nested more than {2 * MAX_DEPTH} deep")
    starts = (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent, StreamEndEvent)
    while type(event) not in starts:
        event = next(events)
    kind = type(event)
    if kind is StreamEndEvent:
        return None
    if kind is AliasEvent or event.anchor is not None:
        raise NotPlain(f"line {event.start_mark.line + 1} uses an anchor or alias")
    if kind is ScalarEvent:
        value: Any = _scalar(event)
    elif kind is MappingStartEvent:
        value = _mapping(events, tagged, depth=depth)
    else:
        value = []
        while type(item := next(events)) is not SequenceEndEvent:
            value.append(_value(events, tagged, depth=depth + 1, event=item))
    return value if event.tag is None else tagged(event.tag, value)


def _mapping(events: Iterator[Any], tagged: Tagged, *, depth: int) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    while type(key := next(events)) is not MappingEndEvent:
        line = key.start_mark.line + 1
        if type(key) is not ScalarEvent:
            raise NotPlain(f"line {line} has a key that is not text")
        if key.value in mapping:
            raise NotPlain(f"line {line} has the key {key.value!r} twice")
        mapping[key.value] = _value(events, tagged, depth=depth + 1)
    return mapping


def _scalar(event: Any) -> str | None:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    return text.lower() if text in {"True", "TRUE", "False", "FALSE"} else text
