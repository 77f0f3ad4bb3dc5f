"""Failed targets and when to try each again: the wait doubles with every failure in a row.

Pure bookkeeping; times are a clock's monotonic seconds, handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Entry:
    wait: float
    due: float


class BackoffQueue:
    """Targets by name. ``first`` and ``most`` are seconds."""

    def __init__(self, *, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def failed(self, target: str, *, now: float) -> float:
        """Note a failure; returns the seconds until the next try."""
        before = self._entries.get(target)
        wait = self._first if before is None else min(self._most, before.wait * 2)
        self._entries[target] = _Entry(wait=wait, due=now + wait)
        return wait

    def succeeded(self, target: str) -> None:
        """Its next failure starts from the shortest wait again."""
        self._entries.pop(target, None)

    def keep_only(self, targets: Iterable[str]) -> None:
        """Drop all others: a whole pass has shown that nothing is wrong with them."""
        wanted = frozenset(targets)
        self._entries = {key: item for key, item in self._entries.items() if key in wanted}

    def clear(self) -> None:
        """Forget all: the revision has moved, so the failures may be fixed."""
        self._entries.clear()

    def due(self, *, now: float) -> frozenset[str]:
        """The targets whose wait is over."""
        return frozenset(key for key, item in self._entries.items() if item.due <= now)

    def next_due(self) -> float | None:
        """When the next one is due; ``None`` while the queue is empty."""
        return min((item.due for item in self._entries.values()), default=None)
