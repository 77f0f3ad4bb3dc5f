"""The product without one of its promises, by what it is composed of: a schedule must find each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from aft.git.ledger.intent_guard import Guard
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent, LedgerState
from aft.ports import CallRecorder, LedgerStore
from schedules.baton import ActorClock
from schedules.clones import There
from schedules.writers import Parts

# --- the ledger is pushed, and its branch moved, no matter what others pushed ---------------------


class Forced(There):
    """Pushes by force."""

    def push(self, commit: str, *, expected: str | None) -> None:
        hosted = self.clone.hosted
        with self.clone.baton.call("push", writes=True):
            hosted.tip = commit
            hosted.pushes.append(commit)
        self.remember(commit)


# --- the account first, the intent afterwards -----------------------------------------------------


class Afterwards:
    """``LedgerStore`` that keeps an intent to itself until the account was asked for."""

    def __init__(self, inner: LedgerStore) -> None:
        self._inner = inner
        self._intents: list[LedgerEvent] = []
        self.read: Callable[[], LedgerState] = inner.read
        self.look: Callable[[str], AccountRecord] = inner.look
        self.events: Callable[[str], Sequence[LedgerEvent]] = inner.events
        self.publish: Callable[[], None] = inner.publish

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        if any(event.kind is EventKind.INTENT for event in events):
            self._intents += events
            return ""
        kept, self._intents = self._intents, []
        return self._inner.append((*kept, *events), durable=durable or bool(kept))


class Early:
    """``LedgerStore`` whose intents are in this clone alone when the account is asked for."""

    def __init__(self, inner: LedgerStore) -> None:
        self._inner = inner
        self.read: Callable[[], LedgerState] = inner.read
        self.look: Callable[[str], AccountRecord] = inner.look
        self.events: Callable[[str], Sequence[LedgerEvent]] = inner.events
        self.publish: Callable[[], None] = inner.publish

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        return self._inner.append(events)


# --- the lease is not looked at -------------------------------------------------------------------


@dataclass
class Unchecked:
    """``CallRecorder`` that sends what should no longer be sent."""

    inner: CallRecorder

    def recording(self) -> AbstractContextManager[list[str]]:
        return self.inner.recording()

    def checked(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        return contextlib.nullcontext()

    @property
    def calls(self) -> int:
        return self.inner.calls


class Forgetful(ActorClock):
    """Does not notice that it was frozen, so that no lease is ever too old."""

    def boottime(self) -> float:
        return self.baton.now - self.actor.frozen


class Trusting(Guard):
    """Takes every event, no matter whose the lease is by now."""

    def admitted(
        self, tip: str | None, batches: Mapping[str, Sequence[LedgerEvent]]
    ) -> Mapping[str, Sequence[LedgerEvent]]:
        return batches


MUTANTS = (
    Parts(name="no-compare-and-swap", remote=lambda there: Forced(there.clone)),
    Parts(name="intent-afterwards", ledger=Afterwards),
    Parts(name="intent-not-pushed", ledger=Early),
    Parts(name="no-check-at-the-call", calls=Unchecked),
    Parts(name="no-age-of-a-lease", clock=lambda clock: Forgetful(clock.baton, clock.actor)),
    Parts(name="any-lease-will-do", guard=Trusting),
)
