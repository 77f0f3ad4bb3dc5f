"""What the ledger keeps of a setting as it was applied: its parameters and regions, with which
later ones are compared. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from aft.baselines.directions import can_weaken
from aft.baselines.model import Publishes, SettingParameters
from aft.baselines.select import ResolvedSetting
from aft.values.packed import packed, unpacked

_REGIONS = "@regions"
"""No parameter is called that."""


class Kept(NamedTuple):
    """``parameters`` as JSON, empty where none needs a look; ``regions`` is ``None`` for a setting
    without regions, and for what earlier versions kept."""

    parameters: Mapping[str, Any]
    regions: frozenset[str] | None


def pack_kept(resolved: ResolvedSetting) -> str:
    """What will be compared, packed; empty where nothing needs a look, or it is too much."""
    kept: dict[str, Any] = {}
    if can_weaken(type(resolved.parameters)):
        kept |= effective(resolved).model_dump(mode="json")
    if resolved.plugin.regional:
        kept[_REGIONS] = sorted(resolved.account.regions)
    elif not can_weaken(type(resolved.parameters)):
        return ""
    return packed(json.dumps(kept, sort_keys=True, ensure_ascii=False)) or ""


def unpack_kept(kept: str) -> Kept | None:
    """What ``pack_kept`` made; ``None`` for anything else."""
    try:
        found = json.loads(unpacked(kept))
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    regions = found.pop(_REGIONS, None)
    return Kept(found, frozenset(map(str, regions)) if isinstance(regions, list) else None)


def effective(resolved: ResolvedSetting) -> SettingParameters:
    """The parameters with the values of the request that go before them, such as its ``budget``."""
    plugin, parameters = resolved.plugin, resolved.parameters
    if not isinstance(plugin, Publishes):
        return parameters
    model = type(parameters)
    taken = {
        item.name: item.value
        for item in plugin.published(resolved.account, parameters)
        if item.field and item.name in model.model_fields
    }
    try:
        values = parameters.model_dump(mode="json") | taken
        return model.model_validate_json(json.dumps(values)) if taken else parameters
    except ValidationError:  # the request may say what a baseline may not
        return parameters
