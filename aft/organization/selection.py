"""Which accounts a file selects, read from a file with errors."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from aft.values.ids import OrgUnitPath

SELECT = "select"


class Selection(BaseModel):
    """The criteria that baselines and customizations share."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    organizational_units: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
    requests: tuple[str, ...] = ()

    @property
    def units(self) -> tuple[OrgUnitPath, ...]:
        return tuple(map(OrgUnitPath.parse, self.organizational_units))


def selection_in(
    sections: tuple[Any, ...], *, units: Collection[OrgUnitPath], requests: Collection[str]
) -> Selection | None:
    """What a file selects by its key ``select``; ``sections`` is what it has there, if that is
    known. ``None`` where that cannot be known, and where it names one of the ``units`` or
    ``requests`` that there are in a wrong way: it is unknown which is meant. Without ``units``
    every OU counts as one."""
    for section in sections:
        try:
            found = Selection.model_validate_json(json.dumps(section or {}))
            strangers = {unit for unit in found.units if not unit.is_root} - set(units)
        except ValueError:
            return None
        is_sound = not (units and strangers) and set(requests).issuperset(found.requests)
        return found if is_sound else None
    return None
