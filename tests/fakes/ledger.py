"""A ledger in memory, as strict as the one in git: several may share one ``SharedLedger``."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aft.errors import Conflict
from aft.ledger.codec import decode_event, encode_event
from aft.ledger.events import EventKind, LedgerEvent, LedgerState
from aft.ledger.replay import replay

_decoded = functools.lru_cache(maxsize=4096)(decode_event)
"""Each line is read many times over and is the same event each time."""

_CLAIMING = (EventKind.INTENT, EventKind.CREATING, EventKind.BOUND)
_GUARDED = (EventKind.INTENT, EventKind.INTENT_SETTLED)


@dataclass
class SharedLedger:
    """What a remote would hold."""

    lines: list[bytes] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryLedger:
    """``aft.ports.LedgerStore``; everything goes through the codec, as it does in git."""

    def __init__(self, shared: SharedLedger | None = None) -> None:
        self._shared = shared or SharedLedger()
        self._unpublished: list[bytes] = []
        self._seen: frozenset[bytes] | None = None

    def read(self) -> LedgerState:
        with self._shared.lock:
            stories: dict[str, list[LedgerEvent]] = {}
            lines = self._lines()
            for event in map(_decoded, lines):
                assert event is not None
                stories.setdefault(event.subject, []).append(event)
            self._seen = frozenset(lines)
            records = {subject: replay(events) for subject, events in stories.items()}
            return LedgerState(
                commit=f"{len(lines):040x}" if lines else "",
                records={key: record for key, record in records.items() if record is not None},
            )

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        with self._shared.lock:
            for event in events:
                if event.kind in _GUARDED:
                    self._check(event)
            for event in events:
                self._unpublished.append(encode_event(self._naming_its_intent(event)))
            if durable:
                self.publish()
            return f"{len(self._lines()):040x}" if self._lines() else ""

    def publish(self) -> None:
        with self._shared.lock:
            self._shared.lines += self._unpublished
            self._unpublished = []

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        with self._shared.lock:
            found = [event for event in map(_decoded, self._lines()) if event is not None]
            return tuple(event for event in found if event.subject == subject)

    def _lines(self) -> list[bytes]:
        return self._shared.lines + self._unpublished

    def _naming_its_intent(self, event: LedgerEvent) -> LedgerEvent:
        if event.kind is not EventKind.INTENT_SETTLED:
            return event
        record = replay(self.events(event.subject))
        if record is None or record.intent is None:
            return event
        return replace(event, data={"intent_run": record.intent.run, **event.data})

    def _check(self, event: LedgerEvent) -> None:
        story = self.events(event.subject)
        if self._seen is not None:
            for other in story:
                is_new = encode_event(other) not in self._seen
                if is_new and other.kind in _CLAIMING and other.run != event.run:
                    raise Conflict(f"run {other.run} claimed {event.subject} meanwhile")
        record = replay(story)
        held = record.intent if record is not None else None
        if event.kind is EventKind.INTENT and held is not None and held.run != event.run:
            raise Conflict(f"run {held.run} has an open intent for {event.subject}")
