"""Doors into member accounts behind which every call takes its time, on a simulated clock.

Only waiting counts then, not what simulating AWS costs this machine. With ``alike`` the answers of
the first account are given for every other one, too: for reads of accounts that are the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aft.ports import AccessRefusal, MemberAccess
from aft.sessions import AccountSession
from aft.values.ids import AccountId
from tests.fakes.clocks import SimulatedClock


@dataclass
class SlowMembers:
    """Implements ``aft.ports.MemberAccess``. ``calls`` counts, by account."""

    members: MemberAccess
    clock: SimulatedClock
    seconds: float
    alike: bool = False
    calls: Counter[str] = field(default_factory=Counter)
    answers: dict[object, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, account_id: AccountId) -> AccountSession:
        return _SlowSession(self, self.members.session(account_id))

    def is_usable(self, account_id: AccountId) -> bool:
        return self.members.is_usable(account_id)

    def refusal(self, account_id: AccountId) -> AccessRefusal | None:
        return self.members.refusal(account_id)

    def answer(self, account_id: str, key: tuple[object, ...], call: Any) -> Any:
        """What AWS says after a while."""
        self.clock.sleep(self.seconds)
        with self._lock:
            self.calls[account_id] += 1
        if not self.alike:
            return call()
        if key not in self.answers:
            self.answers[key] = call()
        return self.answers[key]


@dataclass
class _SlowSession:
    slow: SlowMembers
    session: AccountSession

    @property
    def account_id(self) -> AccountId:
        return self.session.account_id

    @property
    def home_region(self) -> str:
        return self.session.home_region

    def client(self, service: str, region: str | None = None) -> Any:
        return _SlowClient(self, self.session.client(service, region), (service, region))

    def of(self, account_id: AccountId) -> _SlowSession:
        return _SlowSession(self.slow, self.session.of(account_id))

    def sleep(self, seconds: float) -> None:
        self.slow.clock.sleep(seconds)

    def environment(self) -> Mapping[str, str]:
        return self.session.environment()


@dataclass
class _SlowClient:
    session: _SlowSession
    client: Any
    place: tuple[object, ...]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name == "meta" or name == "exceptions":
            return found
        return lambda **parameters: self.ask(name, parameters, lambda: found(**parameters))

    def get_paginator(self, name: str) -> _SlowPaginator:
        return _SlowPaginator(self, name)

    def ask(self, name: str, parameters: Mapping[str, Any], call: Any) -> Any:
        account_id = self.session.account_id
        said = repr(sorted(parameters.items())).replace(account_id, "the account's")
        return self.session.slow.answer(account_id, (*self.place, name, said), call)


@dataclass
class _SlowPaginator:
    client: _SlowClient
    name: str

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        """One call: nothing here has a second page."""
        pages = self.client.client.get_paginator(self.name).paginate(**parameters)
        yield from self.client.ask(self.name, parameters, lambda: list(pages))
