"""The sandbox's clock: time passes as on the wall, and waiting costs nothing.

``now`` is the wall clock plus an offset that only grows. ``sleep`` takes a millisecond and moves
the offset so that the sleeper's own deadline is reached; thirty threads sleeping 60 s each
therefore move time by 60 s, not by half an hour. With ``real_time`` sleeping really sleeps. Knows
nothing of AWS.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

_GATHER = 0.001  # real seconds


class VirtualClock:
    """Implements ``aft.ports.Clock``. Safe to use from several threads."""

    def __init__(self, *, start: datetime | None = None, real_time: bool = False) -> None:
        """``start`` is the least the clock may show (a snapshot's last moment)."""
        self.real_time = real_time
        self._lock = threading.Lock()
        wall = datetime.now(UTC)
        self._wall_zero = wall
        self._monotonic_zero = time.monotonic()
        self._offset = max(0.0, (start - wall).total_seconds()) if start else 0.0

    def monotonic(self) -> float:
        with self._lock:
            return time.monotonic() - self._monotonic_zero + self._offset

    def now(self) -> datetime:
        return self._wall_zero + timedelta(seconds=self.monotonic())

    def timestamp(self) -> float:
        """``now`` as seconds since 1970, as AWS's JSON protocols write it."""
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self.real_time:
            time.sleep(seconds)
            return
        with self._lock:
            elapsed = time.monotonic() - self._monotonic_zero
            wake_at = elapsed + self._offset + seconds
        # Let other threads that begin to wait at the same moment measure their start first, and
        # those that work get on; else every sleeper would begin where the one before has ended.
        time.sleep(_GATHER)
        with self._lock:
            elapsed = time.monotonic() - self._monotonic_zero
            self._offset = max(self._offset, wake_at - elapsed)

    def advance(self, seconds: float) -> None:
        """Move time forward (tests, ``aft sandbox``), also with ``real_time``."""
        with self._lock:
            self._offset += max(0.0, seconds)
