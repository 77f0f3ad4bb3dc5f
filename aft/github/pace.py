"""How long to wait before asking again, and when to give up.

GitHub: after a secondary limit wait ``Retry-After`` seconds, or at least a minute, longer each
time; after the primary one until ``x-ratelimit-reset`` (UTC seconds). Asking sooner may get a
token banned.
"""

from __future__ import annotations

from aft.errors import Throttled, Transient
from aft.github.wire import Response
from aft.ports import Clock

FAILURES = 5
"""Tries of one call against failures that pass."""

_FIRST_SECONDS = 1.0
_LIMITED_SECONDS = 60.0


class Pace:
    """Waiting for one client, until ``patience`` seconds after its beginning."""

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._deadline = clock.monotonic() + patience

    def after_failure(self, error: Transient, failures: int) -> None:
        """Wait before the next try. Raises ``error`` when there is none."""
        if failures >= FAILURES:
            raise error
        self._wait(_FIRST_SECONDS * 2 ** (failures - 1), error)

    def after_limit(self, response: Response, error: Throttled, times: int) -> None:
        """Wait for what a rate limit says. Raises ``error`` when that is past the deadline."""
        self._wait(self._asked(response, times), error)

    def pause(self, seconds: float) -> bool:
        """Wait for something else; false, without waiting, when it would be past the deadline."""
        if self._clock.monotonic() + seconds > self._deadline:
            return False
        self._clock.sleep(seconds)
        return True

    def _asked(self, response: Response, times: int) -> float:
        after = response.headers.get("retry-after", "")
        if after.isdigit():
            return max(1.0, float(after))
        reset = response.headers.get("x-ratelimit-reset", "")
        if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            # One second more: clocks differ, and the reset is a whole second.
            return max(1.0, float(reset) + 1.0 - self._clock.now().timestamp())
        return float(_LIMITED_SECONDS * 2 ** (times - 1))

    def _wait(self, seconds: float, error: Transient) -> None:
        if not self.pause(seconds):
            error.retry_after = seconds
            raise error
