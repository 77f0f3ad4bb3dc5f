"""Which properties of a resource type cannot be changed without replacing the resource.

Source: the resource types' own schemas (``createOnlyProperties`` and
``conditionalCreateOnlyProperties``), as cfn-lint ships them; ``resource_types.json`` says of which
day. `python -m tests.resource_types` writes the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aft.values.parts import Replacement

Path = tuple[str, ...]
"""Names of properties from the top; ``*`` is any item of a list or mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """The properties that cannot simply be changed, by path."""

    create_only: frozenset[Path]
    conditional: frozenset[Path]

    def replacement(self, path: Path) -> Replacement:
        """What a change of the leaf at ``path`` (or of all below it) does."""
        for paths, effect in (
            (self.create_only, Replacement.ALWAYS),
            (self.conditional, Replacement.CONDITIONAL),
        ):
            if any(_matches(rule, path) for rule in paths):
                return effect
        return Replacement.NEVER


def resource_type(name: str) -> ResourceType | None:
    """The type ``name``, or ``None`` when its schema is not known here."""
    found = _table()["types"].get(name)
    if found is None:
        return None
    create_only, conditional = (
        frozenset(tuple(path.split("/")) for path in paths) for paths in found
    )
    return ResourceType(create_only=create_only, conditional=conditional)


def table_date() -> str:
    """The day the schemas are of, as ``YYYY-MM-DD``."""
    return str(_table()["date"])


@cache
def _table() -> Mapping[str, Any]:
    text = files("aft.cloudformation").joinpath("resource_types.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _matches(rule: Path, path: Path) -> bool:
    """One of the two is above the other, or they are the same."""
    return all(
        part in {"*", found} or found == "*" for part, found in zip(rule, path, strict=False)
    )
