"""The real clock. The sandbox brings its own, on which waiting costs nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """``aft.ports.Clock`` on this machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
