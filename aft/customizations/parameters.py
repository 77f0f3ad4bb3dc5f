"""The parameters of a customization: what a request gives, compared with what is needed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aft.customizations.model import Customization, Parameter
from aft.values.suggestions import did_you_mean

_TYPES: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "text": ("text", (str,)),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", (bool,)),
    "list": ("a list", (list, tuple)),
    "mapping": ("a mapping", (Mapping,)),
}


def name_of_type(wanted: str) -> str:
    """A type of parameters in the words of messages."""
    return _TYPES[wanted][0]


class ParameterProblem(NamedTuple):
    """What is wrong with the values a request gives; ``name`` is "" where one is missing."""

    name: str
    message: str
    hint: str = ""


def is_of_type(value: Any, wanted: str) -> bool:
    """Whether a value of a YAML file is of a parameter's type."""
    if isinstance(value, bool) and wanted == "number":
        return False
    return isinstance(value, _TYPES[wanted][1])


def parameter_values(customization: Customization, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every parameter with a value: the given one, else the default. Unknown ones are left out."""
    return {
        name: parameter.default if given.get(name) is None else given[name]
        for name, parameter in customization.parameters.items()
        if given.get(name) is not None or not parameter.required
    }


def check_given(
    customization: Customization, given: Mapping[str, Any]
) -> Iterator[ParameterProblem]:
    """What is wrong with the values given, for any account."""
    for name, value in given.items():
        parameter = customization.parameters.get(name)
        if parameter is None:
            known = ", ".join(sorted(customization.parameters)) or "none"
            message = f"customization {customization.name!r} has no parameter {name!r}"
            hint = did_you_mean(name, customization.parameters) or f"it has {known}"
            yield ParameterProblem(name, message, hint)
        elif value is not None or not parameter.required:
            yield from _check_value(parameter, value)


def missing(customization: Customization, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Parameters that must be given and are not."""
    known = customization.parameters.values()
    return tuple(item.name for item in known if item.required and given.get(item.name) is None)


def _check_value(parameter: Parameter, value: Any) -> Iterator[ParameterProblem]:
    if value is None and parameter.default is None:
        return
    if not is_of_type(value, parameter.type):
        message = f"expected {name_of_type(parameter.type)}, found {value!r}"
        yield ParameterProblem(parameter.name, message, parameter.description)
    elif parameter.choices and value not in parameter.choices:
        message = f"{value!r} is none of {', '.join(map(repr, parameter.choices))}"
        hint = did_you_mean(str(value), map(str, parameter.choices))
        yield ParameterProblem(parameter.name, message, hint)
