"""From parser events to plain values, refusing on the way what makes a file ambiguous."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from yaml import YAMLError
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

from aft.findings.model import MAX_FINDINGS, Finding, SourceRef
from aft.text.lookalikes import lookalikes
from aft.text.policy import JOINERS, PROSE_FIELDS, Refusal, Use, refused
from aft.yamldoc.events import Loc, NewParser, Place, open_bracket, places_of, scalars_of
from aft.yamldoc.text import (
    end_of,
    leading_tab,
    plain_scalar,
    refused_at,
    source_at,
    syntax_finding,
)

MAX_DEPTH = 32
"""Mappings and lists nested deeper than this are refused."""
MAX_VALUES = 50_000
"""Keys, values, and beginnings and ends of mappings and lists that a file may have."""

MOST_CHARACTERS = 10
"""Characters of a file that are reported, of those in its values."""

_LEADING_TAB = re.compile(r" *\t[ \t]*(?=[^\s#])")
_ZERO_PADDED = re.compile(r"0[0-9]+")


class _Stop(Exception):
    """Nothing after this place can be read sensibly."""


class Build:
    """One pass over the events of a text. ``findings`` fill up as it goes."""

    def __init__(self, path: str, text: str, new_parser: NewParser) -> None:
        self.path = path
        self.text = text
        self._new_parser = new_parser
        self.findings: list[Finding] = []
        self._events: list[Any] = []  # all that were read, and found sound
        self._end = end_of(text)
        self._top: Any = None
        self._usable = True
        self._has_duplicates = False

    def run(self) -> dict[str, Any] | None:
        """The document's mapping, or ``None`` when it cannot be relied on."""
        try:
            self._read()
        except YAMLError as error:
            opened = open_bracket(self._events)
            self.findings.append(syntax_finding(error, self.path, self.text, opened=opened))
            self._usable = False
        except _Stop:
            self._events.pop()
            self._usable = False
        for finding in self._afterthoughts():
            self.findings.append(finding)
            if len(self.findings) > MAX_FINDINGS:
                return None
        return self._top if self._usable else None

    def places(self) -> dict[Loc, Place]:
        """Where each value begins; what is past the end of the text is at its end."""
        return {
            loc: place if place.value[0] <= self._end[0] else Place(self._end, self._end)
            for loc, place in places_of(self._events)
        }

    def _afterthoughts(self) -> Iterator[Finding]:
        """What only the whole shows."""
        if self._has_duplicates:
            yield from self._duplicates()
        if "\t" in self.text:
            yield from self._leading_tabs()
        if "\\" in self.text or not self.text.isascii():
            yield from self._characters()
            yield from self._alike_keys()

    def _read(self) -> None:  # noqa: C901, PLR0912 - flat, for speed: 60 turns per request file
        """Build ``_top``. One loop on purpose: it runs for every line of every file."""
        next_event = self._new_parser(self.text).get_event
        container: Any = None
        key: str | None = None  # set while a mapping waits for this key's value
        stack: list[Any] = []
        remember = self._events.append
        for _ in range(MAX_VALUES):
            event = next_event()
            remember(event)
            kind = type(event)
            if kind is ScalarEvent:
                if event.tag is not None or event.anchor is not None:
                    self._report_decoration(event)
                if key is None and type(container) is dict:
                    key = self._read_key(event, container)
                    continue
                value = self._plain(event) if event.implicit[0] else event.value
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                container = stack.pop()
                continue
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._check_start(
                    event, depth=len(stack), is_key=key is None and type(container) is dict
                )
                value = {} if kind is MappingStartEvent else []
            elif kind is AliasEvent:
                self._report_alias(event)
                if key is None and type(container) is dict:
                    raise _Stop
                value = None
            elif kind is StreamEndEvent:
                break
            else:
                if kind is DocumentStartEvent:
                    self._check_document(event)
                continue
            if type(container) is dict:
                container[key] = value
            elif container is not None:
                container.append(value)
            else:
                self._take_top(event, value)
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append(container)
                container = value
            key = None
        else:
            message = f"the file has more than {MAX_VALUES:,} keys, values and brackets"
            self._add("AFT113", event.start_mark, message, "split the file")
            raise _Stop
        if self._top is None:
            self._add_empty()

    def _finding(self, code: str, mark: Any, message: str, hint: str = "") -> Finding:
        source = source_at(self.path, self._end, mark.line, mark.column)
        return Finding(code=code, source=source, message=message, hint=hint)

    def _add(self, code: str, mark: Any, message: str, hint: str = "") -> None:
        self.findings.append(self._finding(code, mark, message, hint))
        if len(self.findings) > MAX_FINDINGS:
            raise _Stop

    def _add_empty(self) -> None:
        message = "the file is empty; expected fields as 'key: value' lines"
        hint = "write the fields, or delete the file"
        source = SourceRef(self.path)
        self.findings.append(Finding(code="AFT107", source=source, message=message, hint=hint))
        raise _Stop

    def _take_top(self, event: Any, value: Any) -> None:
        if type(value) is dict:
            self._top = value
            return
        if value is None:
            self._add_empty()
        found = "a list" if type(value) is list else "a single value"
        message = f"the file contains {found}; expected fields as 'key: value' lines"
        self._add("AFT107", event.start_mark, message)
        raise _Stop

    def _check_document(self, event: Any) -> None:
        if self._top is not None:
            message = "a second document begins here; expected one per file"
            hint = "move it to a separate file, or delete the '---' line"
            self._add("AFT106", event.start_mark, message, hint)
            raise _Stop
        if event.version or event.tags:
            message = "directives such as %YAML or %TAG are refused"
            self._add("AFT108", event.start_mark, message, "delete the lines that begin with '%'")

    def _check_start(self, event: Any, *, depth: int, is_key: bool) -> None:
        if event.tag is not None or event.anchor is not None:
            self._report_decoration(event)
        if is_key:
            message = "a mapping or list is used as a key; expected text"
            self._add(
                "AFT104", event.start_mark, message, "put text that begins with { or [ in quotes"
            )
            raise _Stop
        if depth >= MAX_DEPTH:
            message = f"values are nested more than {MAX_DEPTH} deep here"
            self._add("AFT111", event.start_mark, message, "flatten the structure")
            raise _Stop

    def _report_alias(self, event: Any) -> None:
        message = f"alias *{_short(event.anchor)} is refused: it repeats another part of the file"
        hint = "write the value out; values that requests share belong in _defaults.yaml"
        self._add("AFT105", event.start_mark, message, hint)
        self._usable = False

    def _report_decoration(self, event: Any) -> None:
        if event.anchor is not None:
            message = f"anchor &{_short(event.anchor)} is refused"
            hint = "delete it; values that requests share belong in _defaults.yaml"
            self._add("AFT105", event.start_mark, message, hint)
        if event.tag is not None:
            tag = _short(event.tag.replace("tag:yaml.org,2002:", "!!"))
            hint = "delete it; put text that looks like a number in quotes"
            self._add("AFT108", event.start_mark, f"tag {tag} is refused", hint)

    def _read_key(self, event: Any, container: dict[str, Any]) -> str:
        key: str = event.value
        if event.implicit[0]:
            self._check_plain_key(event)
        if key in container:
            self._has_duplicates = True
        return key

    def _check_plain_key(self, event: Any) -> None:
        key: str = event.value
        if key == "<<":
            hint = "write the values out; values that requests share belong in _defaults.yaml"
            self._add("AFT105", event.start_mark, "the merge key '<<' is refused", hint)
            self._usable = False
            return
        try:
            is_text = type(plain_scalar(key)) is str
        except ValueError:
            is_text = False
        if not is_text:
            shown = _short(key)
            message = f"key {shown} is not text" if key else "the key is missing"
            self._add("AFT104", event.start_mark, message, f'put it in quotes: "{shown}"')

    def _plain(self, event: Any) -> Any:
        """The value of an unquoted scalar; its text where a number would lose something."""
        text: str = event.value
        try:
            value = plain_scalar(text)
        except ValueError:
            shown = _short(text)
            message = f"{shown} is not a number that can be kept exactly"
            hint = f'if text is meant, put it in quotes: "{shown}"'
            self._add("AFT110", event.start_mark, message, hint)
            return text
        if type(value) is int and _ZERO_PADDED.fullmatch(text):
            message = f"{text} is not in quotes, so its leading zero would be lost; expected text"
            self._add("AFT205", event.start_mark, message, f'write "{text}"')
            return text
        return value

    def _duplicates(self) -> Iterator[Finding]:
        first: dict[Loc, int] = {}
        repeated: set[Loc] = set()
        for loc, place in places_of(self._events):
            if loc[:-1] in repeated:  # below a repeated key everything comes twice
                repeated.add(loc)
            elif loc in first:
                repeated.add(loc)
                source = SourceRef(self.path, place.key[0] + 1, place.key[1] + 1)
                shown = _short(str(loc[-1]))
                message = f"key {shown!r} appears twice in one mapping; first at line {first[loc]}"
                hint = "keep one of the two"
                yield Finding(code="AFT103", source=source, message=message, hint=hint)
            else:
                first[loc] = place.key[0] + 1

    def _leading_tabs(self) -> Iterator[Finding]:
        """Tabs in the indentation that the parser let pass, as it does inside brackets; as far as
        the text was read."""
        in_scalar: set[int] = set()
        for event in self._events:
            begin, end = event.start_mark, event.end_mark
            if type(event) is ScalarEvent and end.line > begin.line:
                in_scalar.update(range(begin.line + 1, end.line + 1))
        last = self._events[-1].end_mark.line if self._events else -1
        for line, text in enumerate(self.text.split("\n")):
            if line > last:
                return
            if line not in in_scalar and (match := _LEADING_TAB.match(text)):
                yield leading_tab(self.path, line, match[0].index("\t"))

    def _characters(self) -> Iterator[Finding]:
        """Those that only prose may have, and those that are refused in the file: they come no
        better as escapes."""
        if "\\" not in self.text and refused(self.text, Use.VALUE) is None:
            return  # nearly always
        problems: list[Refusal] = []
        outside = {at for at, letter in enumerate(self.text) if letter in JOINERS}
        for key, event in scalars_of(self._events):
            begin, end = event.start_mark.index, event.end_mark.index
            if outside:
                outside.difference_update(range(begin, end))
            problem = refused(event.value, Use.PROSE if key in PROSE_FIELDS else Use.VALUE)
            if problem is not None:
                at = self.text.find(event.value[problem.offset], begin, end)
                problems.append(problem._replace(offset=max(at, begin)))
        if self._usable:  # else the text was not read to its end
            for at in sorted(outside):
                problem = refused(self.text[at], Use.VALUE)
                problems += [problem._replace(offset=at)] if problem is not None else []
        self._usable = self._usable and not problems
        for problem in problems[:MOST_CHARACTERS]:
            yield refused_at(self.path, self.text, problem)

    def _alike_keys(self) -> Iterator[Finding]:
        """Keys of one mapping that people take for each other."""
        todo: list[tuple[Loc, Any]] = [((), self._top)] if not self.text.isascii() else []
        found: list[tuple[Loc, str, str]] = []
        while todo:
            loc, value = todo.pop()
            if type(value) is dict:
                found += [(loc, *pair) for pair in lookalikes(value)]
                todo += [((*loc, key), inner) for key, inner in value.items()]
            elif type(value) is list:
                todo += [((*loc, at), inner) for at, inner in enumerate(value)]
        places = self.places() if found else {}
        for loc, key, other in found[:MOST_CHARACTERS]:
            line, column = places[(*loc, key)].key
            message = f"key {_short(key)!r} looks like {_short(other)!r}, and its characters differ"
            hint = "give them names that people can tell apart"
            source = SourceRef(self.path, line + 1, column + 1)
            yield Finding(code="AFT808", source=source, message=message, hint=hint)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
