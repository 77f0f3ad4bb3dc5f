"""JSON Schemas of the files people write, for editors: generated from the models ``validate`` uses.
A schema never refuses what ``validate`` accepts. The other way round it may be kinder: what hangs
on other files, and limits that a schema cannot say, are left to ``validate``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from pydantic import BaseModel

from aft.baselines.parse import BaselineFile
from aft.config.model import Config
from aft.customizations.customization_file import CustomizationFile
from aft.desired.raw import DefaultsFile, RequestFile
from aft.organization.raw import OrganizationFile

SchemaName = Literal["request", "defaults", "config", "organization", "baseline", "customization"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MODELS: Mapping[SchemaName, tuple[type[BaseModel], str]] = {
    "request": (RequestFile, "Account request"),
    "defaults": (DefaultsFile, "Defaults for account requests"),
    "config": (Config, "aft configuration"),
    "organization": (OrganizationFile, "Organization"),
    "baseline": (BaselineFile, "Baseline"),
    "customization": (CustomizationFile, "Customization"),
}

# Mappings that merge with those of defaults: no file needs to hold all of their keys.
_MERGED = ("OwnerEntry", "ContactEntry", "BudgetEntry")

# What placeholders may mean is only known once they are filled in.
NO_SECTIONS: Mapping[str, Mapping[str, Any]] = {}

_LIMITS_OF_TEXT = ("pattern", "minLength", "maxLength", "format")


def json_schema(
    name: SchemaName,
    *,
    providers: Collection[str],
    sections: Mapping[str, Mapping[str, Any]] = NO_SECTIONS,
) -> Mapping[str, Any]:
    """The schema of one kind of file, draft 2020-12, as plain JSON values. ``providers`` are the
    names of the installed account providers, ``sections`` the keys that installed kinds have at
    the top of ``organization.yaml``, with their schemas."""
    model, title = _MODELS[name]
    schema = model.model_json_schema(mode="validation")
    if name in ("request", "defaults"):
        for part in _MERGED:
            schema["$defs"][part].pop("required", None)
    if name == "config":
        schema["properties"]["provider"]["enum"] = sorted(providers)
    if name == "organization":
        schema["properties"] |= sections
    tidy = _tidy(schema, is_limited=name != "defaults")
    return {"$schema": DIALECT, **tidy, "title": title}


def _tidy(value: Any, *, is_limited: bool) -> Any:
    """Without pydantic's made-up titles, the defaults that say nothing and, unless the text
    ``is_limited``, the limits of text."""
    if isinstance(value, list):
        return [_tidy(item, is_limited=is_limited) for item in value]
    if not isinstance(value, dict):
        return value
    unlimited = not is_limited and value.get("type") == "string"
    tidy: dict[str, Any] = {}
    for key, inner in value.items():
        if key in ("properties", "$defs", "patternProperties"):
            tidy[key] = {name: _tidy(item, is_limited=is_limited) for name, item in inner.items()}
        elif (
            (key == "title" and isinstance(inner, str))
            or (key == "default" and inner is None)
            or (unlimited and key in _LIMITS_OF_TEXT)
        ):
            continue
        else:
            tidy[key] = _tidy(inner, is_limited=is_limited)
    return tidy
