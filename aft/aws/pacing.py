"""Keeps management-account calls below AWS's request rates, by family of operations.

A token bucket per family complements botocore's adaptive mode, which only slows down after AWS
has already refused. Waiting goes through the injected clock and never holds a lock.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aft.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At most ``burst`` calls at once and ``per_second`` in the long run for one family.
    ``operations`` is a regular expression over the whole operation name."""

    service: str
    operations: str
    per_second: float
    burst: int


# [D] AWS's documentation: Account Management quotas; ListRoots: Organizations quotas; Identity
# Center 20/s together. [R] recalled, not verified: the other Organizations rates. They are
# cautious; where AWS allows less, adaptive retries find the true rate.
DEFAULT_PACES: tuple[Pace, ...] = (
    Pace(service="organizations", operations="ListRoots", per_second=1, burst=2),  # [D]
    Pace(service="organizations", operations="CreateAccount", per_second=1, burst=5),  # [R]
    Pace(service="organizations", operations="(List|Describe).*", per_second=10, burst=20),  # [R]
    Pace(service="organizations", operations=".*", per_second=5, burst=10),  # [R]
    Pace(service="account", operations="(Enable|Disable)Region", per_second=1, burst=1),  # [D]
    Pace(service="account", operations="PutAlternateContact", per_second=5, burst=8),  # [D]
    Pace(service="account", operations="DeleteAlternateContact", per_second=1, burst=6),  # [D]
    Pace(service="account", operations="Get.*Contact.*", per_second=10, burst=15),  # [D]
    Pace(service="account", operations=".*", per_second=3, burst=3),  # [D] GetAccountInformation
    Pace(service="sso-admin", operations=".*", per_second=20, burst=20),  # [D]
    Pace(service="resourcegroupstaggingapi", operations=".*", per_second=5, burst=10),  # [R]
)

UNPACED: tuple[Pace, ...] = ()


class TokenBucket:
    """Hands out places in a queue; the caller waits for its own, outside the lock."""

    def __init__(self, *, per_second: float, burst: int, clock: Clock) -> None:
        self._interval = 1.0 / per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = float("-inf")

    def reserve(self) -> float:
        """Take the next place and return the seconds to wait for it."""
        with self._lock:
            now = self._clock.monotonic()
            # The next place becomes free one interval after the last; idle time saves up to burst.
            earliest = now - (self._burst - 1) * self._interval
            place = max(self._free_at, earliest)
            self._free_at = place + self._interval
        return max(0.0, place - now)

    def wait(self) -> None:
        """Sleep until a call may be sent."""
        seconds = self.reserve()
        if seconds > 0:
            self._clock.sleep(seconds)


class Pacing:
    """The buckets of one set of credentials."""

    def __init__(self, paces: Sequence[Pace], *, clock: Clock) -> None:
        self._families = [
            (
                pace.service,
                re.compile(pace.operations),
                TokenBucket(per_second=pace.per_second, burst=pace.burst, clock=clock),
            )
            for pace in paces
        ]

    def bucket(self, service: str, operation: str) -> TokenBucket | None:
        """The first family that names the operation; ``None`` when it is not paced."""
        for name, operations, bucket in self._families:
            if name == service and operations.fullmatch(operation):
                return bucket
        return None

    def watch(self, client: Any) -> None:
        """Make every call of ``client``, pages of a paginator included, wait for its place."""
        service = client.meta.service_model.service_name

        def about_to_call(model: Any, **_: Any) -> None:
            bucket = self.bucket(service, model.name)
            if bucket is not None:
                bucket.wait()

        client.meta.events.register("before-call", about_to_call)
