"""What a pydantic model expects at a place, in words for people. No findings, no files."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Loc = tuple[str | int, ...]

_KINDS: Mapping[str, str] = {
    "text": "string_type",
    "a whole number": "int_type int_from_float int_parsing",
    "a number": "float_type",
    "true or false": "bool_type bool_parsing",
    "a mapping": "dict_type mapping_type model_type model_attributes_type",
    "a list": "list_type tuple_type set_type frozen_set_type",
    "a date such as 2027-06-30": "date_type",
    "nothing": "none_required",
}
_WORDS = {kind: words for words, kinds in _KINDS.items() for kind in kinds.split()}


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
