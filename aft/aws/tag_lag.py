"""Which accounts this process has tagged lately: the bulk answer may still show the old tags."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from aft.ports import Clock
from aft.values.ids import AccountId

SHOWN_WITHIN = timedelta(minutes=15)
"""How long the tagging API is mistrusted. AWS names no figure; minutes are seen at times [R]."""


class RecentlyTagged:
    """Thread-safe; forgets by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at: dict[AccountId, datetime] = {}

    def add(self, account_id: AccountId, *, at: datetime | None = None) -> None:
        """Its tags were written ``at`` (now)."""
        moment = at or self._clock.now()
        with self._lock:
            self._at[account_id] = max(moment, self._at.get(account_id, moment))

    @property
    def accounts(self) -> frozenset[AccountId]:
        oldest = self._clock.now() - SHOWN_WITHIN
        with self._lock:
            self._at = {key: moment for key, moment in self._at.items() if moment > oldest}
            return frozenset(self._at)
