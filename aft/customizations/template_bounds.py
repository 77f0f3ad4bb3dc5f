"""Limits on what a template may spend: loop turns, calls, characters, numbers.

A template is text someone proposed; rendering it must not eat the machine. Knows no template
engine; ``aft.customizations.render`` puts these in its way.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

MAX_OUTPUT = 1024 * 1024
"""Characters a template, or one text in it, may have."""
MAX_RANGE = 10_000
"""Numbers ``range()`` may give."""
MAX_TURNS = 100_000
"""Loop turns and calls in one rendering."""
MAX_BITS = 4096
"""Size of a number."""

_FILTER_NAMES = """
    abs batch capitalize count d default dictsort first float groupby indent int items join last
    length list lower map max min reject rejectattr replace reverse round select selectattr sort
    string sum title trim truncate unique upper urlencode wordcount
"""
FILTERS = frozenset(_FILTER_NAMES.split())
"""The engine's filters a template may use: those that give equal text for equal inputs, cheaply."""

_METHOD_NAMES = """
    capitalize casefold count endswith find format index isalnum isalpha isdigit islower isupper
    join lower lstrip partition removeprefix removesuffix replace rpartition rsplit rstrip split
    splitlines startswith strip title upper
"""
TEXT_METHODS = frozenset(_METHOD_NAMES.split())
"""The methods of a text that a template may call."""

_WIDE_FORMAT = re.compile(r"\{[^{}]*:[^{}]*(?:[0-9]{4}|\{)")
_WIDE_PERCENT = re.compile(r"%[^a-zA-Z%]*(?:[0-9]{4}|\*)")


class TemplateRefusal(Exception):
    """A template asked for what it may not have."""


class Budget:
    """What one rendering may still spend."""

    def __init__(self) -> None:
        self._turns = MAX_TURNS
        self._characters = 4 * MAX_OUTPUT  # text captured in a block is counted again outside

    def turn(self, count: int = 1) -> None:
        self._turns -= count
        if self._turns < 0:
            raise TemplateRefusal(f"the template takes over {MAX_TURNS:,} loop turns and calls")

    def each(self, items: Iterable[Any]) -> list[Any]:
        """The items to loop over, paid for."""
        found = list(islice(iter(items), self._turns + 1))
        self.turn(len(found))
        return found

    def out(self, value: Any) -> str:
        """The text of a value, paid for. Null has no text: it would read ``None``."""
        if value is None:
            raise TemplateRefusal("an expression is null here; use default(…, true) to allow it")
        text = str(value)
        self._characters -= len(text)
        if self._characters < 0:
            raise TemplateRefusal(f"the template's output is over {MAX_OUTPUT:,} characters")
        return text

    def joined(self, values: Iterable[Any]) -> str:
        """The texts of several values, one after the other, paid for."""
        return "".join(self.out(value) for value in values)


def bounded_range(*arguments: int) -> range:
    """``range`` with at most ``MAX_RANGE`` numbers."""
    numbers = range(*arguments)
    if len(numbers) > MAX_RANGE:
        raise TemplateRefusal(f"range() of over {MAX_RANGE:,} numbers")
    return numbers


def check_operation(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result would be very large."""
    match operator, left, right:
        case ("*", str() | list() | tuple(), int()) | ("*", int(), str() | list() | tuple()):
            sequence, times = (left, right) if isinstance(right, int) else (right, left)
            _check_size(len(sequence) * max(times, 0))
        case "+", str() | list() | tuple(), str() | list() | tuple():
            _check_size(len(left) + len(right))
        case "%", str(), _:
            if _WIDE_PERCENT.search(left):
                raise TemplateRefusal("a computed or very large width in a '%' format")
        case "**", int(), int():
            if abs(left) > 1 and abs(left).bit_length() * max(right, 0) > MAX_BITS:
                raise TemplateRefusal("a power too large to compute")
        case "*", int(), int():
            if abs(left).bit_length() + abs(right).bit_length() > MAX_BITS:
                raise TemplateRefusal("a product too large to compute")


def check_text_call(text: str, method: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a call of a text's own method whose result would be very large."""
    match method, arguments:
        case "replace", (str() as old, str() as new, *_):
            _check_size(len(text) + text.count(old) * len(new))
        case "join", (list() | tuple() as items,):
            _check_size(sum(len(str(item)) + len(text) for item in items))


def check_format(text: str) -> None:
    """Refuse a ``format()`` whose fields may be of any width."""
    if _WIDE_FORMAT.search(text):
        raise TemplateRefusal("format() with a computed or very large width")


def bounded_replace(original: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's filter, its first argument being the engine's own."""

    @functools.wraps(original)
    def replace(own: Any, text: Any, old: str, new: str, count: int | None = None) -> Any:
        check_text_call(str(text), "replace", (old, new))
        return original(own, text, old, new, count)

    return replace


def bounded_join(original: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's filter, its first argument being the engine's own."""

    @functools.wraps(original)
    def join(own: Any, items: Iterable[Any], between: str = "", attribute: Any = None) -> Any:
        found = list(islice(iter(items), MAX_TURNS))
        check_text_call(str(between), "join", (found,))
        return original(own, found, between, attribute)

    return join


def bounded_number(original: Callable[..., Any], largest: int) -> Callable[..., Any]:
    """The engine's filter, refusing whole numbers above ``largest`` among its arguments."""

    @functools.wraps(original)
    def bounded(value: Any, *arguments: Any, **named: Any) -> Any:
        for argument in (*arguments, *named.values()):
            if isinstance(argument, int) and abs(argument) > largest:
                raise TemplateRefusal(f"{argument} where at most {largest} is allowed")
        return original(value, *arguments, **named)

    return bounded


def to_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON, keys sorted. Unlike the engine's own it escapes nothing for HTML."""
    if indent is not None and not 0 <= indent <= 16:
        raise TemplateRefusal("tojson indents by 0 to 16")
    if not isinstance(value, (str, int, float, Mapping, list, tuple, type(None))):
        value = list(value)
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False)


def _check_size(size: int) -> None:
    if size > MAX_OUTPUT:
        raise TemplateRefusal(f"a text or list of {size:,} where {MAX_OUTPUT:,} is the most")
