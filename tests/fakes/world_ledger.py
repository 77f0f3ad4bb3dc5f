"""A ledger as a part of the fake world: appends are calls, and can be the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState
from aft.ports import LedgerStore
from fakes.ledger import MemoryLedger, SharedLedger
from fakes.world import FakeWorld


class FakeLedger:
    """``LedgerStore``: what is durable survives the machine, the rest may be lost with it.
    ``opens`` gives a fresh clone; without it, the ledger is in memory."""

    def __init__(self, world: FakeWorld, opens: Callable[[], LedgerStore] | None = None) -> None:
        self.world = world
        self.opens = opens or partial(MemoryLedger, SharedLedger())
        self._store = self.opens()

    def read(self) -> LedgerState:
        return self._store.read()

    def look(self, subject: str) -> AccountRecord:
        with self.world.call("look"):
            return self._store.look(subject)

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        with self.world.call("append-durable" if durable else "append"):
            return self._store.append(events, durable=durable)

    def publish(self) -> None:
        with self.world.call("publish"):
            self._store.publish()

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        return self._store.events(subject)

    def kinds(self, subject: str) -> list[str]:
        return [event.kind.value for event in self.events(subject)]

    def lose_machine(self) -> None:
        """The next run starts from a fresh clone."""
        self._store = self.opens()

    def lose_everything(self) -> None:
        """Somebody has deleted the branch."""
        self.opens = partial(MemoryLedger, SharedLedger())
        self._store = self.opens()
