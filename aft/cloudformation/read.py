"""Read a template's text: JSON, or YAML with the short form of functions (``!Sub``)."""

from __future__ import annotations

import json
from typing import Any

from aft.cloudformation.template import Template, TemplateError, template_of
from aft.yamldoc.tagged import NotPlain, parse_tagged


def parse_template(text: str) -> Template:
    """The template that a rendered text says. Raises ``TemplateError``."""
    try:
        if text.lstrip().startswith("{"):
            data = json.loads(text, parse_float=str, parse_int=str)
        else:
            data = parse_tagged(text, _long_form)
        return template_of(data)
    except NotPlain as error:
        raise TemplateError(f"cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise TemplateError(f"cannot be read: not JSON at {place}") from error
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
