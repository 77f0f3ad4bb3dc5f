"""The in-memory ledger as a part of the fake world: appends are calls, and can be the last one."""

from __future__ import annotations

from collections.abc import Sequence

from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState
from fakes.ledger import MemoryLedger, SharedLedger
from fakes.world import FakeWorld


class FakeLedger:
    """``LedgerStore``: what is durable survives the machine, the rest may be lost with it."""

    def __init__(self, world: FakeWorld, shared: SharedLedger | None = None) -> None:
        self.world = world
        self.shared = shared or SharedLedger()
        self._memory = MemoryLedger(self.shared)

    def read(self) -> LedgerState:
        return self._memory.read()

    def look(self, subject: str) -> AccountRecord:
        with self.world.call("look"):
            return self._memory.look(subject)

    def append(self, events: Sequence[LedgerEvent], *, durable: bool = False) -> str:
        with self.world.call("append-durable" if durable else "append"):
            return self._memory.append(events, durable=durable)

    def publish(self) -> None:
        with self.world.call("publish"):
            self._memory.publish()

    def events(self, subject: str) -> Sequence[LedgerEvent]:
        return self._memory.events(subject)

    def kinds(self, subject: str) -> list[str]:
        return [event.kind.value for event in self.events(subject)]

    def lose_machine(self) -> None:
        """The next run starts from a fresh clone."""
        self._memory = MemoryLedger(self.shared)

    def lose_everything(self) -> None:
        """Somebody has deleted the branch."""
        self.shared = SharedLedger()
        self._memory = MemoryLedger(self.shared)
