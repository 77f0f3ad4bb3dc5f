"""Which regions an account of the sandbox may use now. Values and one pure rule."""

from __future__ import annotations

from collections.abc import Mapping

from aft.values.regions import ENABLED_BY_DEFAULT, OPT_IN


def region_status(changes: Mapping[str, tuple[str, float]], region: str, *, now: float) -> str:
    """``RegionOptStatus`` of a region, given the changes an account has asked for."""
    if region in ENABLED_BY_DEFAULT:
        return "ENABLED_BY_DEFAULT"
    status, ready_at = changes.get(region, ("DISABLED", 0.0))
    if now >= ready_at:
        return {"ENABLING": "ENABLED", "DISABLING": "DISABLED"}.get(status, status)
    return status


def is_usable(changes: Mapping[str, tuple[str, float]], region: str, *, now: float) -> bool:
    """May an account call services in ``region``? Names AWS does not have are let through."""
    if region not in OPT_IN:
        return True
    return region_status(changes, region, now=now) in ("ENABLED", "DISABLING")
