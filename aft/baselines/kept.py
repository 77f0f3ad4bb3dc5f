"""What the ledger keeps of a setting as it was applied: its parameters, to compare later ones with.
Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aft.baselines.directions import can_weaken
from aft.baselines.select import ResolvedSetting
from aft.values.packed import packed, unpacked


def kept_parameters(resolved: ResolvedSetting) -> str:
    """The parameters, packed; empty where none needs a look, or they are too much to keep."""
    parameters = resolved.parameters
    if not can_weaken(type(parameters)):
        return ""
    text = json.dumps(parameters.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return packed(text) or ""


def parameters_of(kept: str) -> Mapping[str, Any] | None:
    """What ``kept_parameters`` was given, as JSON; ``None`` for anything else."""
    try:
        found = json.loads(unpacked(kept))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
