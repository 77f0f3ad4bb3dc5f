"""Regions: which exist, which need opting in, and which one account may use now.

Opting in itself is the account API's (``aft.sandbox.account``); this module only reads what it
left on moto's account backend. Calls to a region that is not enabled fail as on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.account.models import account_backends

DEFAULT_REGIONS = frozenset(
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
"""Enabled in every account, for ever (AWS account management guide, "Regions")."""

_USABLE = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})


def is_enabled(account_id: str, region: str) -> bool:
    """May ``account_id`` make calls in ``region``? Other partitions are always usable."""
    if region in DEFAULT_REGIONS or region.startswith(("cn-", "us-gov-")):
        return True
    if account_id not in account_backends:
        return False
    backend: Any = account_backends[account_id]["aws"]
    read = getattr(backend, "region_status", None)
    if read is not None:
        return str(read(region)) in _USABLE
    states: Mapping[str, str] = getattr(backend, "region_states", {})
    return states.get(region, "DISABLED") in _USABLE


def opt_in_status(account_id: str, region: str) -> str:
    """EC2's word for it."""
    if region in DEFAULT_REGIONS:
        return "opt-in-not-required"
    return "opted-in" if is_enabled(account_id, region) else "not-opted-in"
