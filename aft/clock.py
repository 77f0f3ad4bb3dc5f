"""The real clock. The sandbox brings its own, on which waiting costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

_COUNT_SUSPENSION: tuple[int | None, ...] = (
    getattr(time, "CLOCK_BOOTTIME", None),  # Linux
    getattr(time, "CLOCK_MONOTONIC", None),  # macOS, where ``time.monotonic`` is another one
)


def counting_suspension(clocks: Iterable[int | None] = _COUNT_SUSPENSION) -> Callable[[], float]:
    """Reads the first of ``clocks`` that this system has; ``time.monotonic`` where it has none, as
    on Windows, where that one goes on while the machine is suspended."""
    for clock in clocks:
        if clock is not None:
            try:
                time.clock_gettime(clock)
            except OSError:  # known to Python, but not to this kernel
                continue
            return partial(time.clock_gettime, clock)
    return time.monotonic


class SystemClock:
    """``aft.ports.Clock`` on this machine's time."""

    def __init__(self) -> None:
        self._boottime = counting_suspension()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        return self._boottime()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
