"""Waiting that a stop ends, and which errors are worth it, how often and how long.

Full jitter: each wait is a random part of a ceiling that doubles, so that many clients refused
at once do not come back at once. Throttling inside one call is already retried at the edge; this
is for what is left, and for conflicts, which no SDK retries. The only place of the engine that
sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aft.engine.model import StopToken
from aft.errors import AftError, Conflict, Stopped, Throttled, Transient, UnknownOutcome
from aft.ports import Clock

T = TypeVar("T")

SLICE_SECONDS = 0.5
"""How long a wait may go on after a stop was asked for."""

TICK_SECONDS = 0.001
"""What is left of a wait below this is over: a simulated clock cannot sleep a rounding error."""


class Pause:
    """``wait`` sleeps through the clock; both methods raise ``Stopped`` when asked to stop."""

    def __init__(self, clock: Clock, stop: StopToken) -> None:
        self._clock = clock
        self._stop = stop

    def check(self) -> None:
        """Raise ``Stopped`` if the run is to end; call it before anything begins."""
        if reason := self._stop.reason:
            raise Stopped(reason, hint="run again to continue from here")

    def wait(self, seconds: float) -> None:
        """Sleep ``seconds``, or less when the run is to end."""
        ends = self._clock.monotonic() + seconds
        self.check()
        while (left := ends - self._clock.monotonic()) > TICK_SECONDS:
            self._clock.sleep(min(left, SLICE_SECONDS))
            self.check()


@dataclass(frozen=True, slots=True)
class Backoff:
    """``tries`` in all; the n-th wait is at most ``first * 2**n`` and never over ``most`` s."""

    first: float
    most: float
    tries: int

    def delay(
        self, attempt: int, random: Callable[[], float], *, at_least: float | None = None
    ) -> float:
        """Seconds to wait after the ``attempt``-th failure (from 0)."""
        ceiling = min(self.most, self.first * 2.0 ** min(attempt, 30))
        return max(at_least or 0.0, random() * ceiling)


THROTTLED = Backoff(first=1.0, most=30.0, tries=8)
CONFLICT = Backoff(first=0.25, most=5.0, tries=6)
TRANSIENT = Backoff(first=0.5, most=15.0, tries=5)


def backoff_for(error: AftError, *, idempotent: bool = True) -> Backoff | None:
    """How to retry after ``error``; ``None`` when another try cannot help. ``UnknownOutcome`` is
    retried for calls that may be repeated, ``idempotent`` ones."""
    match error:
        case Throttled():
            return THROTTLED
        case Transient():
            return TRANSIENT
        case Conflict():
            return CONFLICT
        case UnknownOutcome() if idempotent:
            return TRANSIENT
    return None


class Retry:
    """Calls a function until it succeeds or its error is final. ``wait`` is ``Pause.wait``, so that
    a stop ends the waiting."""

    def __init__(self, wait: Callable[[float], None], random: Callable[[], float]) -> None:
        self._wait = wait
        self._random = random

    def __call__(self, call: Callable[[], T], *, idempotent: bool = True) -> T:
        attempt = 0
        while True:
            try:
                return call()
            except AftError as error:
                backoff = backoff_for(error, idempotent=idempotent)
                if backoff is None or attempt + 1 >= backoff.tries:
                    raise
                after = error.retry_after if isinstance(error, Transient) else None
            self._wait(backoff.delay(attempt, self._random, at_least=after))
            attempt += 1
