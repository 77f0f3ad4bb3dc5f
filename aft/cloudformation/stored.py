"""A template in the form that is kept of what was last applied: small, and without secrets."""

from __future__ import annotations

import json

from aft.cloudformation.read import parse_template
from aft.cloudformation.template import Template, TemplateError
from aft.values.packed import packed, unpacked

MASK = "****"


def stored_form(text: str) -> str | None:
    """What to keep of a rendered template, or ``None`` when it cannot be kept.

    Defaults of ``NoEcho`` parameters are masked; comments, descriptions and metadata are left out,
    since nothing is compared with them.
    """
    try:
        template = parse_template(text)
    except TemplateError:
        return None
    parameters = {
        name: {**item, "Default": MASK} if name in template.secrets and "Default" in item else item
        for name, item in template.parameters.items()
    }
    sections = {
        "Transform": list(template.transforms),
        "Parameters": parameters,
        "Mappings": template.mappings,
        "Conditions": template.conditions,
        "Resources": {
            name: {key: item for key, item in resource.items() if key != "Metadata"}
            for name, resource in template.resources.items()
        },
        "Outputs": template.outputs,
    }
    plain = json.dumps(
        {name: section for name, section in sections.items() if section},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return packed(plain)


def from_stored(stored: str) -> Template:
    """The template that ``stored_form`` kept. Raises ``TemplateError``."""
    try:
        text = unpacked(stored)
    except ValueError as error:
        raise TemplateError("that was kept is damaged") from error
    return parse_template(text)
