"""Tags, as services of AWS's take and give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWNER_TAG = "aft:setting"
"""Names the setting that made a thing."""


def tags_of(item: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a thing in an answer."""
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}


def tag_list(tags: Mapping[str, str]) -> list[Any]:
    """Tags for a call; each service's stubs have a type for them."""
    return [{"Key": key, "Value": tag} for key, tag in sorted(tags.items())]
