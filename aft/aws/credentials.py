"""Temporary credentials, cached per identity and renewed before they expire.

Asks nobody itself: it is given a function that assumes the role. Secrets never show in a repr.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aft.ports import Clock

RENEW_BEFORE = timedelta(minutes=5)
"""Long enough for the calls of one step to end with the credentials they began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Keys of one role session. ``expires_at`` is aware."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: datetime


class CredentialCache:
    """At most ``size`` identities; one request at a time per identity. Thread-safe."""

    def __init__(
        self, assume: Callable[[str], Credentials], *, clock: Clock, size: int = 1024
    ) -> None:
        self._assume = assume
        self._clock = clock
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Credentials] = OrderedDict()
        self._busy: dict[str, threading.Lock] = {}

    def get(self, identity: str, *, at_least: timedelta = RENEW_BEFORE) -> Credentials:
        """Credentials good for ``at_least`` so long. Raises what assuming the role raises."""
        found = self._fresh(identity, at_least)
        if found is not None:
            return found
        with self._lock:
            busy = self._busy.setdefault(identity, threading.Lock())
        with busy:
            found = self._fresh(identity, at_least)
            if found is not None:
                return found
            try:
                renewed = self._assume(identity)
                with self._lock:
                    self._known[identity] = renewed
                    self._known.move_to_end(identity)
                    while len(self._known) > self._size:
                        self._known.popitem(last=False)
            finally:
                with self._lock:
                    self._busy.pop(identity, None)
            return renewed

    def forget(self, identity: str) -> None:
        """Ask again next time (AWS refused them)."""
        with self._lock:
            self._known.pop(identity, None)

    def _fresh(self, identity: str, at_least: timedelta) -> Credentials | None:
        with self._lock:
            found = self._known.get(identity)
            if found is None or found.expires_at - self._clock.now() <= at_least:
                return None
            self._known.move_to_end(identity)
            return found
