"""The parameters of a customization: what a request gives, held against what is asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aft.customizations.model import Customization, Parameter
from aft.values.suggestions import did_you_mean

NAME_OF_TYPE: Mapping[str, str] = {
    "text": "text",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "mapping": "a mapping",
}
"""The types of parameters, in the words of messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterProblem:
    """What is wrong with the values a request gives; ``name`` is "" where one is missing."""

    name: str
    message: str
    hint: str = ""


def is_of_type(value: Any, wanted: str) -> bool:
    """Whether a value of a YAML file is of a parameter's type."""
    match wanted:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list | tuple)
    return isinstance(value, Mapping)


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
    """What is wrong with the values given, whoever gets the customization."""
    for name, value in given.items():
        parameter = customization.parameters.get(name)
        if parameter is None:
            known = ", ".join(sorted(customization.parameters)) or "none"
            yield ParameterProblem(
                name=name,
                message=f"customization {customization.name!r} has no parameter {name!r}",
                hint=did_you_mean(name, customization.parameters) or f"it has {known}",
            )
        elif value is not None or not parameter.required:
            yield from _check_value(parameter, value)


def missing(customization: Customization, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Parameters that must be given and are not."""
    return tuple(
        name
        for name, parameter in customization.parameters.items()
        if parameter.required and given.get(name) is None
    )


def _check_value(parameter: Parameter, value: Any) -> Iterator[ParameterProblem]:
    if value is None and parameter.default is None:
        return
    if not is_of_type(value, parameter.type):
        yield ParameterProblem(
            name=parameter.name,
            message=f"expected {NAME_OF_TYPE[parameter.type]}, found {value!r}",
            hint=parameter.description,
        )
    elif parameter.choices and value not in parameter.choices:
        yield ParameterProblem(
            name=parameter.name,
            message=f"{value!r} is none of {', '.join(map(repr, parameter.choices))}",
            hint=did_you_mean(str(value), map(str, parameter.choices)),
        )
