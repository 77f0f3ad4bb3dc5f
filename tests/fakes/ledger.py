"""A ledger in memory, as strict as the one in git: several may share one ``SharedLedger``."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aft.errors import Overtaken
from aft.ledger.codec import decode_event, encode_event
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent, LedgerState
from aft.ledger.replay import binds_again, replay

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

    def look(self, subject: str) -> AccountRecord:
        with self._shared.lock:
            story = self.events(subject)
            self._seen = (self._seen or frozenset()) | {encode_event(event) for event in story}
            return replay(story) or AccountRecord(subject=subject)

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        with self._shared.lock:
            self._check(events)
            for event in events:
                if not binds_again(event, self._since(self._lines(), event)):
                    self._unpublished.append(encode_event(self._naming_its_intent(event)))
            if durable:
                self.publish()
            return f"{len(self._lines()):040x}" if self._lines() else ""

    def publish(self) -> None:
        with self._shared.lock:
            for line in self._unpublished:
                event = _decoded(line)
                assert event is not None
                if not binds_again(event, self._since(self._shared.lines, event)):
                    self._shared.lines.append(line)
            self._unpublished = []

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        with self._shared.lock:
            found = [event for event in map(_decoded, self._lines()) if event is not None]
            return tuple(event for event in found if event.subject == subject)

    def _lines(self) -> list[bytes]:
        return self._shared.lines + self._unpublished

    def _since(self, lines: Sequence[bytes], event: LedgerEvent) -> Sequence[LedgerEvent]:
        """What came to the subject's story since it was last read here."""
        if self._seen is None:
            return ()
        new = [_decoded(line) for line in lines if line not in self._seen]
        return [item for item in new if item is not None and item.subject == event.subject]

    def _naming_its_intent(self, event: LedgerEvent) -> LedgerEvent:
        if event.kind is not EventKind.INTENT_SETTLED:
            return event
        record = replay(self.events(event.subject))
        if record is None or record.intent is None:
            return event
        return replace(event, data={"intent_run": record.intent.run, **event.data})

    def _check(self, events: Sequence[LedgerEvent]) -> None:
        for number, event in enumerate(events):
            if event.kind not in _GUARDED:
                continue
            for other in self._since(self._lines(), event):
                if other.kind in _CLAIMING and other.run != event.run:
                    raise Overtaken(f"run {other.run} claimed {event.subject} meanwhile")
            before = [item for item in events[:number] if item.subject == event.subject]
            record = replay([*self.events(event.subject), *before])
            held = record.intent if record is not None else None
            lease = held.lease if held is not None else ""
            if event.lease and event.lease != lease:
                raise Overtaken(f"{event.subject} has lease {lease!r} and not {event.lease!r}")
            if event.kind is EventKind.INTENT and held is not None and not event.lease:
                raise Overtaken(f"run {held.run} has an open intent for {event.subject}")
