"""Limits on what a template may spend: loop turns, calls, characters, numbers.

A template is text someone proposed; rendering it must not eat the machine. Knows no template
engine; ``aft.customizations.render`` puts these in its way.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from string import Formatter
from typing import Any

MAX_OUTPUT = 1024 * 1024
"""Characters a template, or one text in it, may have."""
MAX_RANGE = 10_000
"""Numbers ``range()`` may give."""
MAX_TURNS = 100_000
"""Loop turns and calls in one rendering."""
MAX_BITS = 4096
"""Size of a number."""
MAX_BUILT = 32 * 1024 * 1024
"""Characters and list entries that one rendering may make on its way, in all."""
_ENTRY = 32
"""What an entry of a list counts for; one of a text that is split has its own text as well."""
_PIECE = 64
_ITERATING_NAMES = """
    dictsort groupby map max min reject rejectattr select selectattr sort sum unique
"""
_ITERATING = frozenset(_ITERATING_NAMES.split())
"""Filters whose price is their input's length."""

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

_SEARCHING = frozenset({"lstrip", "rpartition", "rsplit", "rstrip", "strip"})
_WIDTH = 1000  # of a field whose width is within bounds
_FOUR_DIGITS = re.compile(r"\d{4}")  # Python takes those of every script for a width
_WIDE_PERCENT = re.compile(r"%(?:\([^()]*\))?[^a-zA-Z%(]*(?:\d{4}|\*)|%\([^()]*\(")


class TemplateRefusal(Exception):
    """A template asked for what it may not have."""


class Budget:
    """What one rendering may still spend."""

    def __init__(self) -> None:
        self._turns = MAX_TURNS
        self._characters = 4 * MAX_OUTPUT  # text captured in a block is counted again outside
        self._built = MAX_BUILT

    def turn(self, count: int = 1) -> None:
        self._turns -= count
        if self._turns < 0:
            raise TemplateRefusal(f"the template takes over {MAX_TURNS:,} loop turns and calls")

    def build(self, size: int) -> None:
        """Pay for ``size`` characters before they are made, or walked through."""
        self._built -= size
        if self._built < 0:
            raise TemplateRefusal(f"the template makes over {MAX_BUILT:,} characters on its way")

    def each(self, items: Iterable[Any], weight: int = 1) -> list[Any]:
        """The items to loop over, paid for; ``weight`` is the price of one turn."""
        found = list(islice(iter(items), self._turns // weight + 1))
        self.turn(len(found) * weight)
        return found

    def read(self, value: Any) -> Any:
        """A value that is compared, cut or listed, paid for."""
        self.build(size_of(value))
        return value

    def weigh(self, weight: int) -> str:
        """No text; the price of a body that is about to be gone through."""
        self.turn(weight)
        return ""

    def out(self, value: Any) -> str:
        """The text of a value, paid for. Null has no text: it would read ``None``."""
        if value is None:
            raise TemplateRefusal("an expression is null here; use default(…, true) to allow it")
        if not isinstance(value, str):
            _check_size(size_of(value))
        text = str(value)
        self._characters -= len(text)
        if self._characters < 0:
            raise TemplateRefusal(f"the template's output is over {MAX_OUTPUT:,} characters")
        return text

    def joined(self, values: Iterable[Any]) -> str:
        """The texts of several values, one after the other, paid for."""
        return "".join(self.out(value) for value in values)


def size_of(value: Any) -> int:
    """About the characters of a value's text, counted without making it; what is more than any
    text may have is not counted further."""
    if isinstance(value, str):
        return len(value)
    size, todo = 0, [value]
    while todo and size <= MAX_BUILT:
        match todo.pop():
            case str() as text:
                size += len(text)
            case int() as number:
                size += number.bit_length() // 3 + 1
            case Mapping() as mapping:
                size += 2 * _ENTRY * len(mapping)
                todo += (*mapping.keys(), *mapping.values())
            case list() | tuple() | set() | frozenset() as items:
                size += _ENTRY * len(items)
                todo += items
            case _:
                size += _ENTRY
    return size


def bounded_range(*arguments: int) -> range:
    """``range`` with at most ``MAX_RANGE`` numbers."""
    numbers = range(*arguments)
    if len(numbers) > MAX_RANGE:
        raise TemplateRefusal(f"range() of over {MAX_RANGE:,} numbers")
    return numbers


def check_operation(budget: Budget, operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result would be very large."""
    match operator, left, right:
        case ("*", str() | list() | tuple(), int()) | ("*", int(), str() | list() | tuple()):
            sequence, times = (left, right) if isinstance(right, int) else (right, left)
            _check_made(budget, sequence, len(sequence) * max(times, 0))
        case "+", str() | list() | tuple(), str() | list() | tuple():
            _check_made(budget, left, len(left) + len(right))
        case "%", str(), _:
            if _WIDE_PERCENT.search(left):
                raise TemplateRefusal("a computed or very large width in a '%' format")
            _check_fields(budget, left, left.count("%"), (right,))
        case "**", int(), int():
            if abs(left) > 1 and abs(left).bit_length() * max(right, 0) > MAX_BITS:
                raise TemplateRefusal("a power too large to compute")
        case "*", int(), int():
            if abs(left).bit_length() + abs(right).bit_length() > MAX_BITS:
                raise TemplateRefusal("a product too large to compute")


def paid_arguments(
    budget: Budget, owner: Any, method: str, arguments: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The arguments of a call of a value's own method, paid for with what they make. Refuses a
    call whose result would be very large."""
    if isinstance(owner, str) and method == "join" and len(arguments) == 1:
        arguments = (budget.each(arguments[0]),)
    for argument in arguments:
        budget.build(size_of(argument))
    if isinstance(owner, str):
        budget.build(len(owner))
        if method in _SEARCHING:  # in the worst case each sign is compared with each
            budget.build(len(owner) * max(map(size_of, arguments), default=0))
        check_text_call(owner, method, arguments)
        if method in ("split", "rsplit", "splitlines"):
            separator = next((item for item in arguments if item and isinstance(item, str)), " ")
            pieces = len(owner) if separator.isspace() else owner.count(separator) + 1
            budget.build(_PIECE * min(pieces, len(owner)))
    elif isinstance(owner, list | tuple | Mapping):
        budget.build(_ENTRY * len(owner))
    return arguments


def check_text_call(text: str, method: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a call of a text's own method whose result would be very large."""
    match method, arguments:
        case "replace", (str() as old, str() as new, *_):
            _check_size(len(text) + text.count(old) * len(new))
        case "join", (list() | tuple() as items,):
            _check_size(size_of(items) + len(text) * len(items))


def check_format(budget: Budget, text: str, arguments: Iterable[Any]) -> None:
    """Refuse a ``format()`` whose fields may be of any width, or whose result would be very
    large."""
    count = 0
    with suppress(ValueError):  # which format() will raise as well
        for _, name, spec, _ in Formatter().parse(text):
            count += name is not None
            if spec and ("{" in spec or _FOUR_DIGITS.search(spec)):
                raise TemplateRefusal("format() with a computed or very large width")
    _check_fields(budget, text, count, arguments)


def _check_fields(budget: Budget, text: str, count: int, arguments: Iterable[Any]) -> None:
    """Pay for a text of ``count`` fields, each of which may hold any of the arguments."""
    longest = max(map(size_of, arguments), default=0)
    width = _WIDTH if any(letter.isdigit() for letter in text) else 0
    size = len(text) + count * (longest + width)
    if size > 4 * MAX_OUTPUT:
        raise TemplateRefusal(f"format() could make a text of {size:,} characters")
    budget.build(size)


def paid_filter(budget: Budget, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's filter, paying for what it is given and for the text it makes."""
    first = int(hasattr(original, "jinja_pass_arg"))  # before it, something of the engine's own

    @functools.wraps(original)
    def paid(*arguments: Any, **named: Any) -> Any:
        own, values = arguments[:first], list(arguments[first:])
        is_list = bool(values) and isinstance(values[0], Iterable)
        if is_list and name in _ITERATING and not isinstance(values[0], str | Mapping):
            values[0] = budget.each(values[0])
        for value in (*values, *named.values()):
            budget.build(size_of(value))
        _check_filter(budget, name, values, named)
        made = original(*own, *values, **named)
        if isinstance(made, str):
            budget.build(len(made))
        elif isinstance(made, int) and made.bit_length() > MAX_BITS:
            raise TemplateRefusal("a number too large to compute with")
        return made

    return paid


def _check_filter(
    budget: Budget, name: str, values: Sequence[Any], named: Mapping[str, Any]
) -> None:
    """What is special about the price of single filters."""
    if name == "sum":
        start = named.get("start", values[2] if len(values) > 2 else 0)
        if not isinstance(start, int | float):
            raise TemplateRefusal("sum() of anything but numbers")
    elif name == "indent":
        width = named.get("width", values[1] if len(values) > 1 else 4)
        width = len(width) if isinstance(width, str) else width
        lines = str(values[0]).count("\n") + 1 if isinstance(values[0], str) else 1
        _check_size(lines * int(width or 0))
    elif name == "batch":
        budget.build(_ENTRY * int(named.get("linecount", values[1] if len(values) > 1 else 0)))
    elif name == "tojson":
        deep = 4 * _ENTRY * int(named.get("indent") or (values[1] if len(values) > 1 else 0) or 0)
        _check_size(size_of(values[0]) * (1 + deep // _ENTRY))


def bounded_replace(original: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's filter, its first argument being the engine's own."""

    @functools.wraps(original)
    def replace(own: Any, text: Any, old: str, new: str, count: int | None = None) -> Any:
        _check_size(size_of(text))
        check_text_call(str(text), "replace", (old, new))
        return original(own, text, old, new, count)

    return replace


def bounded_join(original: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's filter, its first argument being the engine's own."""

    @functools.wraps(original)
    def join(own: Any, items: Iterable[Any], between: str = "", attribute: Any = None) -> Any:
        found = list(islice(iter(items), MAX_TURNS))
        _check_size(size_of(between))
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
        value = list(islice(iter(value), MAX_TURNS))
        _check_size(size_of(value))
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False)


def _check_made(budget: Budget, sequence: Any, length: int) -> None:
    _check_size(length)
    budget.build(length if isinstance(sequence, str) else _ENTRY * length)


def _check_size(size: int) -> None:
    if size > MAX_OUTPUT:
        raise TemplateRefusal(f"a text or list of {size:,} where {MAX_OUTPUT:,} is the most")
