"""Request rates: token buckets on the virtual clock, per account and API family.

Sources: the Account Management quota page (exact) and, for Organizations, ListRoots from AWS's
documentation and common experience for the rest. Services without a row are not limited.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_second`` calls over time, ``burst`` at once."""

    per_second: float
    burst: float


_EXACT: Mapping[tuple[str, str], Rate] = {
    ("organizations", "ListRoots"): Rate(1, 2),
    ("organizations", "CreateAccount"): Rate(1, 5),
    ("organizations", "CloseAccount"): Rate(1, 5),
    ("account", "EnableRegion"): Rate(1, 1),
    ("account", "DisableRegion"): Rate(1, 1),
    ("account", "GetAlternateContact"): Rate(10, 15),
    ("account", "PutAlternateContact"): Rate(5, 8),
    ("account", "DeleteAlternateContact"): Rate(1, 6),
    ("account", "ListRegions"): Rate(5, 5),
    ("account", "GetRegionOptStatus"): Rate(5, 5),
}
_ORGANIZATIONS_READS = Rate(10, 20)
_ORGANIZATIONS_WRITES = Rate(5, 10)


def _rate(service: str, operation: str) -> Rate | None:
    exact = _EXACT.get((service, operation))
    if exact is not None:
        return exact
    if service != "organizations":
        return None
    reads = operation.startswith(("List", "Describe"))
    return _ORGANIZATIONS_READS if reads else _ORGANIZATIONS_WRITES


def admit(
    buckets: MutableMapping[tuple[str, str], tuple[float, float]],
    account_id: str,
    service: str,
    operation: str,
    *,
    now: float,
) -> bool:
    """Take a token; ``False`` when there is none and the call must be throttled."""
    rate = _rate(service, operation)
    if rate is None:
        return True
    key = (account_id, f"{service}:{operation}")
    tokens, last = buckets.get(key, (rate.burst, now))
    tokens = min(rate.burst, tokens + max(0.0, now - last) * rate.per_second)
    if tokens < 1.0:
        buckets[key] = (tokens, now)
        return False
    buckets[key] = (tokens - 1.0, now)
    return True
