"""A CloudFormation template as plain data, its functions in their long form.

Every scalar is text: CloudFormation takes ``1`` and ``"1"``, ``true`` and ``"true"`` for the same
("Template anatomy"; properties are converted to what the resource wants).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SSM_PARAMETER = "AWS::SSM::Parameter::"
"""The types of parameters whose value is read from Parameter Store when the stack is changed."""


MAX_DEPTH = 64
"""Mappings and lists nested deeper than this are not compared."""


class TemplateError(ValueError):
    """The text is no template; ``str`` says why, in words that follow "the template …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The sections of a template, by CloudFormation's names."""

    resources: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    transforms: tuple[str, ...] = ()
    """Macros that rewrite the whole template before CloudFormation reads it."""

    @property
    def secrets(self) -> frozenset[str]:
        """The names of parameters that are not to be shown (``NoEcho``)."""
        return frozenset(
            name
            for name, item in self.parameters.items()
            if str(item.get("NoEcho") or "false").lower() not in {"false", "no", "off", "n"}
        )


EMPTY = Template(resources={})


def template_of(data: Any) -> Template:
    """The template that plain JSON or YAML data says. Raises ``TemplateError``."""
    data = _texts(data)
    if not isinstance(data, dict):
        raise TemplateError("is not a mapping")
    sections = {
        name: _section(data, name)
        for name in ("Resources", "Parameters", "Mappings", "Conditions", "Outputs")
    }
    for section in ("Resources", "Parameters", "Outputs"):
        for name, item in sections[section].items():
            if not isinstance(item, dict):
                raise TemplateError(f"has {section}/{name}, which is not a mapping")
    transforms = data.get("Transform") or ()
    return Template(
        resources=sections["Resources"],
        parameters=sections["Parameters"],
        mappings=sections["Mappings"],
        conditions=sections["Conditions"],
        outputs=sections["Outputs"],
        transforms=tuple(
            item if isinstance(item, str) else _macro_name(item)
            for item in ([transforms] if isinstance(transforms, (str, dict)) else transforms)
        ),
    )


def _texts(value: Any, depth: int = 0) -> Any:
    """Plain data whose scalars are text, or ``None``."""
    if depth > MAX_DEPTH:
        raise TemplateError(f"has values nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        return {str(key): _texts(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item, depth + 1) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise TemplateError(f"has {name} that are not a mapping")
    return section


def _macro_name(item: Any) -> str:
    return str(item.get("Name", "a macro")) if isinstance(item, dict) else "a macro"
