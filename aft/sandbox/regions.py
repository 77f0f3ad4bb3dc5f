"""AWS's regions: which every account has, and which it must opt in to.

Source: the "Specify which AWS Regions your account can use" page of the Account Management
guide. Values and one pure rule.
"""

from __future__ import annotations

from collections.abc import Mapping

BY_DEFAULT = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)


def region_status(changes: Mapping[str, tuple[str, float]], region: str, *, now: float) -> str:
    """``RegionOptStatus`` of a region, given the changes an account has asked for."""
    if region in BY_DEFAULT:
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
