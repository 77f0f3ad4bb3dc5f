"""Read a template's text: JSON, or YAML with the short form of functions (``!Sub``)."""

from __future__ import annotations

from typing import Any

from aft.cloudformation.template import Template, TemplateError, template_of
from aft.values.bounded_json import BadJson, read_json
from aft.yamldoc.tagged import NotPlain, parse_tagged


def parse_template(text: str) -> Template:
    """The template that a rendered text says. Raises ``TemplateError``."""
    try:
        if text.lstrip().startswith("{"):
            data = read_json(text, number=str)
        else:
            data = parse_tagged(text, _long_form)
        return template_of(data)
    except NotPlain as error:
        raise TemplateError(f"cannot be read: {error}") from error
    except BadJson as error:
        raise TemplateError(f"cannot be read: not JSON: {error}") from error
    except RecursionError as error:
        raise TemplateError("cannot be read: values are nested too deep") from error


def _long_form(tag: str, value: Any) -> Any:
    """``!Ref``, ``!Condition`` and ``!<Function>`` as the mapping they are short for."""
    name = tag.removeprefix("!")
    if tag.startswith("tag:yaml.org,2002:"):
        return value
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}
