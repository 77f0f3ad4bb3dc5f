"""What a pydantic model expects at a place, in words for people. No findings, no files."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Loc = tuple[str | int, ...]

_WORDS: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "date_type": "a date such as 2027-06-30",
    "none_required": "nothing",
}


def type_words(error_type: str) -> str | None:
    """What was expected, when the error is that the value is of another type."""
    return _WORDS.get(error_type)


def shown(value: object) -> str:
    """A value as people see it in the file, shortened."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "...")
        case int() | float():
            return f"the number {value}"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return type(value).__name__


class Expected:
    """The annotation at one place of a model; several where the model leaves a choice."""

    def __init__(self, model: type[BaseModel], loc: Loc) -> None:
        places: list[Any] = [model]
        for step in loc:
            places = [inner for place in places for inner in _step(place, step)]
        self._options = [option for place in places for option in _options(place)]

    def keys(self) -> tuple[str, ...]:
        """The keys a mapping may have here; empty when any key may be."""
        return tuple(
            info.alias or name
            for option in self._options
            if _is_model(option)
            for name, info in option.model_fields.items()
        )

    def choices(self) -> tuple[str, ...]:
        """The only values allowed here; empty when they cannot be listed."""
        found: list[str] = []
        for option in self._options:
            if get_origin(option) is Literal:
                found.extend(str(value) for value in get_args(option))
            elif isinstance(option, type) and issubclass(option, enum.Enum):
                found.extend(str(member.value) for member in option)
        return tuple(found)

    def examples(self) -> tuple[str, ...]:
        """Values that would do, from the field's own documentation."""
        return tuple(
            str(example)
            for option in self._options
            if get_origin(option) is Annotated
            for info in option.__metadata__
            if isinstance(info, FieldInfo)
            for example in info.examples or ()
        )


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _options(annotation: Any) -> Iterator[Any]:
    """The members of a union, each also without its ``Annotated``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield annotation
        yield from _options(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for member in get_args(annotation):
            yield from _options(member)
    else:
        yield annotation


def _step(annotation: Any, step: str | int) -> Iterator[Any]:
    """Annotations one key or index further in."""
    for option in _options(annotation):
        if _is_model(option):
            for name, info in option.model_fields.items():
                if step in (info.alias, name):
                    yield Annotated[info.annotation, info]
            continue
        origin, args = get_origin(option), get_args(option)
        if not isinstance(origin, type):
            continue
        if issubclass(origin, Mapping) and len(args) == 2:
            yield args[1]
        elif issubclass(origin, tuple) and args and args[-1] is not Ellipsis:
            if isinstance(step, int) and step < len(args):
                yield args[step]
        elif args and isinstance(step, int):
            yield args[0]
