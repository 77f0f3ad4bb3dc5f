"""Cost allocation tags: the part of Cost Explorer that activates tag keys.

Facts: botocore's ``ce`` model and the Cost Management user guide, "Activating user-defined cost
allocation tags": the management account's alone; billing knows the keys it has seen on something,
here on accounts. The rest of Cost Explorer is moto's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler
from aft.sandbox.organization_services.account_service import Call, Result, guarded, paged
from aft.sandbox.organizations_backend.rules import Context

_MOST_AT_ONCE = 20


@dataclass(slots=True, kw_only=True)
class CostTags:
    """The organization's: keys with the moment they were first seen, and which are active."""

    seen: dict[str, float] = field(default_factory=dict)
    active: dict[str, float] = field(default_factory=dict)


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "ce", _OPERATIONS, invalid="ValidationException")


def _known(at: Call) -> tuple[CostTags, dict[str, float]]:
    """The state, and the keys billing knows by now."""
    if not at.is_management:
        raise ApiError(
            "AccessDeniedException",
            "Failed to access the cost allocation tags: linked accounts have no access to them.",
            status=400,
        )
    tags = at.state(CostTags, everywhere=True)
    now = at.context.now()
    for account in at.context.organization.accounts.values():
        for key in account.tags:
            tags.seen.setdefault(key, now)
    lag = at.context.world.behaviour.billing_lag_seconds
    return tags, {key: seen for key, seen in tags.seen.items() if seen + lag <= now}


def _list(at: Call) -> Result:
    tags, known = _known(at)
    keys, status = at.params.get("TagKeys"), at.params.get("Status")
    if at.params.get("Type") == "AWSGenerated":
        return {"CostAllocationTags": []}
    found: list[dict[str, Any]] = []
    for key, seen in sorted(known.items()):
        is_now = "Active" if key in tags.active else "Inactive"
        if (keys and key not in keys) or (status and status != is_now):
            continue
        found.append(
            {
                "TagKey": key,
                "Type": "UserDefined",
                "Status": is_now,
                "LastUpdatedDate": _date(tags.active.get(key, seen)),
                "LastUsedDate": _date(at.context.now()),
            }
        )
    return paged(found, at.params, name="CostAllocationTags", size=100)


def _update(at: Call) -> Result:
    tags, known = _known(at)
    entries = at.params["CostAllocationTagsStatus"]
    if not 1 <= len(entries) <= _MOST_AT_ONCE:
        raise ApiError("ValidationException", "1 to 20 tag keys may be given.", status=400)
    errors = []
    for entry in entries:
        key = entry["TagKey"]
        if key not in known:
            errors.append(
                {
                    "TagKey": key,
                    "Code": "TagKeysNotFoundException",
                    "Message": "Tag keys not found",
                }
            )
        elif entry["Status"] == "Active":
            tags.active.setdefault(key, at.context.now())
        else:
            tags.active.pop(key, None)
    return {"Errors": errors}


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_OPERATIONS = {"ListCostAllocationTags": _list, "UpdateCostAllocationTagsStatus": _update}
