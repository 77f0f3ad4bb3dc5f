"""CloudFormation templates: parsing, format checks, references and their order.

Says what AWS says before it creates anything. Pure but for moto's YAML reader; knows no stack.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from moto.cloudformation.models import Stack as MotoStack

from aft.sandbox.services.moto_seams import Refusal

MAX_TEMPLATE_BODY = 51_200  # bytes, in a request; 1 MB through S3
MAX_RESOURCES = 500
_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)
_RESOURCE_KEYS = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    }
)
_TYPE = re.compile(r"(AWS|Alexa|Custom|[A-Z][A-Za-z0-9]+)::[A-Za-z0-9:@_-]+")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]+")
_SUBSTITUTION = re.compile(r"\$\{([^!][^}]*)\}")
# moto reads templates with PyYAML's unrestricted loader: tags that make Python objects, however
# they are spelt, must never reach it.
_DANGEROUS_TAG = re.compile(r"^%TAG|!\S*python/|!\S*%[0-9A-Fa-f]{2}", re.MULTILINE)

Template = Mapping[str, Any]


def invalid(message: str) -> Refusal:
    """What CloudFormation answers to most mistakes."""
    return Refusal("ValidationError", message)


def check_body_size(body: str) -> None:
    """Raise what AWS answers to a template that should have gone through S3."""
    if len(body.encode()) > MAX_TEMPLATE_BODY:
        raise invalid(
            f"1 validation error detected: Value '{body[:60]}…' at 'templateBody' failed to "
            "satisfy constraint: Member must have length less than or equal to "
            f"{MAX_TEMPLATE_BODY}"
        )


def parse(text: str) -> dict[str, Any]:
    """The template as plain data, its format checked. Raises ValidationError."""
    if _DANGEROUS_TAG.search(text):
        raise invalid("Template format error: YAML not well-formed. (unsupported tag)")
    try:
        loaded = _read(text)
    except Exception as broken:
        mark = getattr(broken.__context__ or broken, "problem_mark", None)  # JSON is tried last
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{place}") from broken
    template = _plain(loaded)
    if not isinstance(template, dict):
        raise invalid("Template format error: unsupported structure.")
    _check_format(template)
    return template


@lru_cache(maxsize=64)
def _read(text: str) -> Any:
    """As moto reads it, slowly, and a template is asked for again and again; ``_plain`` copies."""
    return MotoStack.parse_template(text)


def _plain(value: Any) -> Any:
    """YAML dates are strings to CloudFormation (``Version: 2012-10-17``)."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _check_format(template: Template) -> None:
    unknown = sorted(set(template) - _SECTIONS)
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    if template.get("Transform"):
        raise invalid(
            f"No transform named {template['Transform']} found. "
            "(aft's sandbox runs no macros; real AWS may.)"
        )
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    if len(resources) > MAX_RESOURCES:
        raise invalid(
            f"Template format error: Number of resources, {len(resources)}, is greater than "
            f"maximum allowed, {MAX_RESOURCES}"
        )
    for name, resource in resources.items():
        _check_resource(name, resource)
    _check_types(resources)
    _check_references(template)
    for name, output in (template.get("Outputs") or {}).items():
        if not isinstance(output, dict) or output.get("Value") is None:
            raise invalid(
                f"Template format error: Every Outputs member must contain a Value object ({name})"
            )


def _check_resource(name: str, resource: Any) -> None:
    if not _LOGICAL_ID.fullmatch(name):
        raise invalid(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(resource, dict):
        raise invalid("Template format error: Any Resources member must be an object.")
    if not isinstance(resource.get("Type"), str):
        raise invalid(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a "
            "Type member."
        )
    unknown = sorted(set(resource) - _RESOURCE_KEYS)
    if unknown:
        raise invalid(f"Invalid template resource property '{unknown[0]}'")
    if not isinstance(resource.get("Properties") or {}, dict):
        raise invalid(f"Template format error: [/Resources/{name}/Properties] must be an object.")


def _check_types(resources: Mapping[str, Any]) -> None:
    wrong = sorted({r["Type"] for r in resources.values() if not _TYPE.fullmatch(r["Type"])})
    if wrong:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(wrong)}]")


def _check_references(template: Template) -> None:
    resources = template["Resources"]
    known = set(resources) | set(template.get("Parameters") or {})
    conditions = set(template.get("Conditions") or {})
    for block in ("Resources", "Outputs"):
        section = template.get(block) or {}
        missing = {
            name
            for name in references(section)
            if name not in known and not name.startswith("AWS::")
        }
        if missing:
            raise invalid(
                "Template format error: Unresolved resource dependencies "
                f"[{', '.join(sorted(missing))}] in the {block} block of the template"
            )
        for name, item in section.items():
            condition = item.get("Condition") if isinstance(item, dict) else None
            if isinstance(condition, str) and condition not in conditions:
                raise invalid(
                    f"Template format error: Unresolved condition dependency {condition} "
                    f"in the {block} block of the template ({name})"
                )
    creation_order(resources)


def references(value: Any) -> Iterator[str]:
    """Logical names that ``Ref``, ``Fn::GetAtt``, ``Fn::Sub`` and ``DependsOn`` mention."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
        return
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "Ref" and isinstance(item, str):
            yield item
        elif key == "Fn::GetAtt":
            yield item.split(".")[0] if isinstance(item, str) else str(item[0])
        elif key == "Fn::Sub":
            yield from _substituted(item)
        elif key == "DependsOn":
            yield from [item] if isinstance(item, str) else item
        else:
            yield from references(item)


def _substituted(item: Any) -> Iterator[str]:
    text, given = (item[0], item[1]) if isinstance(item, list) else (item, {})
    for name in _SUBSTITUTION.findall(str(text)):
        if name not in given:
            yield name.strip().split(".")[0]
    yield from references(given)


def creation_order(resources: Mapping[str, Any]) -> Sequence[str]:
    """Logical names, dependencies first, otherwise as written. Raises on a cycle."""
    order: list[str] = []
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in trail:
            cycle = sorted(trail[trail.index(name) :])
            raise invalid(f"Circular dependency between resources: [{', '.join(cycle)}]")
        for needed in references(resources[name]):
            if needed in resources:
                visit(needed, (*trail, name))
        done.add(name)
        order.append(name)

    for name in resources:
        visit(name, ())
    return order


def same_template(old: Template, new: Template) -> bool:
    """True when an update would find nothing to do: descriptions and metadata alone do not
    count (user guide, "Description")."""
    ignored = {"AWSTemplateFormatVersion", "Description", "Metadata"}

    def essence(template: Template) -> str:
        kept = {key: item for key, item in template.items() if key not in ignored}
        return json.dumps(kept, sort_keys=True, default=str)

    return essence(old) == essence(new)
