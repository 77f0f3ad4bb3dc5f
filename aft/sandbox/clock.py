"""The sandbox's clock: time passes as on the wall, and waiting costs nothing.

``now`` is the wall clock plus an offset that only grows. ``sleep`` takes a millisecond and moves
the offset so that the sleeper's own deadline is reached; thirty threads sleeping 60 s each
therefore move time by 60 s, not by half an hour. With ``real_time`` sleeping really sleeps. Knows
nothing of AWS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_GATHER = 0.001  # real seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """The time outside, in seconds; a test puts its own in its place."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class VirtualClock:
    """Implements ``aft.ports.Clock``. Safe to use from several threads."""

    def __init__(
        self, *, start: datetime | None = None, real_time: bool = False, wall: Wall | None = None
    ) -> None:
        """``start`` is the least the clock may show (a snapshot's last moment)."""
        self.real_time = real_time
        self.wall = wall or Wall()
        self._lock = threading.Lock()
        now = datetime.now(UTC)
        self._wall_zero = now
        self._monotonic_zero = self.wall.monotonic()
        self._offset = max(0.0, (start - now).total_seconds()) if start else 0.0

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed() + self._offset

    def boottime(self) -> float:
        return self.monotonic()

    def now(self) -> datetime:
        return self._wall_zero + timedelta(seconds=self.monotonic())

    def timestamp(self) -> float:
        """``now`` as seconds since 1970, as AWS's JSON protocols write it."""
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self.real_time:
            self.wall.sleep(seconds)
            return
        with self._lock:
            wake_at = self._elapsed() + self._offset + seconds
        # Let other threads that begin to wait at the same moment measure their start first, and
        # those that work get on; else every sleeper would begin where the one before has ended.
        self.wall.sleep(_GATHER)
        with self._lock:
            self._offset = max(self._offset, wake_at - self._elapsed())

    def advance(self, seconds: float) -> None:
        """Move time forward (tests, ``aft sandbox``), also with ``real_time``."""
        with self._lock:
            self._offset += max(0.0, seconds)

    def _elapsed(self) -> float:
        return self.wall.monotonic() - self._monotonic_zero
