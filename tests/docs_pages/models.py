"""Tables of fields from pydantic models: the models are the reference, this only lays it out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]


def fields_table(
    model: type[BaseModel], *, anchors: str = "", skip: Sequence[str] = (), needed: str = ""
) -> str:
    """One row per field. ``anchors`` is put before a field's name to make its anchor;
    ``needed`` names fields that are required although the model does not say so."""
    schema = _schema_of(model)
    required = {*schema.get("required", ()), *needed.split()}
    rows = [
        (
            f'<a id="{anchors}{name}"></a>`{name}`' if anchors else f"`{name}`",
            type_words(part, schema),
            default_words(part, is_required=name in required),
            part.get("description", "") or description_of(part, schema),
        )
        for name, part in schema.get("properties", {}).items()
        if name not in skip
    ]
    if not rows:
        return "No fields."
    return table(("field", "type", "default", "meaning"), rows)


def parts_of(model: type[BaseModel]) -> Iterator[str]:
    """A heading and a table for every mapping inside ``model``, in the order of mention."""
    for part in _models_inside(model):
        yield f"### {heading_of(part.__name__)}\n\n{one_paragraph(part.__doc__ or '')}\n"
        yield f"{fields_table(part)}\n"


def _schema_of(model: type[BaseModel]) -> Schema:
    schema = model.model_json_schema(mode="validation")
    if "$ref" in schema:  # a model that holds itself
        name = schema["$ref"].rsplit("/", 1)[-1]
        return {**schema["$defs"][name], "$defs": schema["$defs"]}
    return schema


def _models_inside(model: type[BaseModel]) -> list[type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}

    def visit(kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind.__name__ not in found:
                found[kind.__name__] = kind
                for inner in kind.model_fields.values():
                    visit(inner.annotation)
            return
        for argument in getattr(kind, "__args__", ()):
            visit(argument)

    for field in model.model_fields.values():
        visit(field.annotation)
    return list(found.values())


def heading_of(name: str) -> str:
    """``ContactsEntry`` as people call it: ``Contacts``."""
    text = name.removesuffix("Entry").removesuffix("Config").removesuffix("Parameters")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in text).strip(
        " "
    )


def anchor_of(name: str) -> str:
    return heading_of(name).lower().replace(" ", "-")


def one_paragraph(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def description_of(part: Schema, schema: Schema) -> str:
    """The description of the mapping a field holds, where the field has none of its own."""
    inner = _resolved(part, schema)
    return one_paragraph(str(inner.get("description", "")))


def type_words(part: Schema, schema: Schema) -> str:
    """The type and its limits, in words."""
    if "anyOf" in part:
        choices = [item for item in part["anyOf"] if item.get("type") != "null"]
        words = " or ".join(type_words(item, schema) for item in choices)
        may_be_null = len(choices) < len(part["anyOf"]) and part.get("default", ...) is not None
        return f"{words}, or null" if may_be_null else words
    if "$ref" in part or "allOf" in part:
        name = (part.get("$ref") or part["allOf"][0]["$ref"]).rsplit("/", 1)[-1]
        return f"[{heading_of(name)}](#{anchor_of(name)})"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`".replace('"', "")
    if "enum" in part:
        return "one of " + ", ".join(f"`{item}`" for item in part["enum"])
    match part.get("type"):
        case "string":
            return _text_words(part)
        case "integer" | "number" as kind:
            return ("whole number" if kind == "integer" else "number") + _range_words(part)
        case "boolean":
            return "true or false"
        case "array":
            most = f", at most {part['maxItems']}" if "maxItems" in part else ""
            item = type_words(part["items"], schema)
            return f"list of {f'({item})' if ',' in item else item}{most}"
        case "object":
            inner = part.get("additionalProperties")
            inner = inner or next(iter(part.get("patternProperties", {}).values()), None)
            values = type_words(inner, schema) if isinstance(inner, Mapping) and inner else "any"
            return f"map of text to {values}"
    return "any"


def _text_words(part: Schema) -> str:
    if part.get("format") == "date":
        return "date"
    low, high = part.get("minLength"), part.get("maxLength")
    words = "text"
    if low is not None and high is not None:
        words += f", {low} to {high:,} characters"
    elif high is not None:
        words += f", at most {high:,} characters"
    elif low is not None and low > 1:
        words += f", at least {low} characters"
    return words


def _range_words(part: Schema) -> str:
    if "minimum" in part and "maximum" in part:
        return f", {part['minimum']:,} to {part['maximum']:,}"
    if "minimum" in part:
        return f", at least {part['minimum']}"
    if "exclusiveMinimum" in part:
        most = f", at most {part['maximum']:,g}" if "maximum" in part else ""
        return f", more than {part['exclusiveMinimum']:g}{most}"
    return ""


def default_words(part: Schema, *, is_required: bool) -> str:
    if is_required:
        return "**required**"
    default = part.get("default")
    if isinstance(default, Mapping) or default is None or default in ([], {}, ""):
        return ""
    return f"`{json.dumps(default)}`" if not isinstance(default, str) else f"`{default}`"


def _resolved(part: Schema, schema: Schema) -> Schema:
    for item in (part, *part.get("anyOf", ()), *part.get("allOf", ())):
        if "$ref" in item:
            found: Schema = schema["$defs"][item["$ref"].rsplit("/", 1)[-1]]
            return found
    return {}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table without the columns that are empty in every row."""
    shown = [index for index in range(len(head)) if any(row[index] for row in rows)]
    lines = [
        "| " + " | ".join(head[index] for index in shown) + " |",
        "|" + "---|" * len(shown),
    ]
    for row in rows:
        cells = (row[index].replace("|", "\\|").replace("\n", " ") for index in shown)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
