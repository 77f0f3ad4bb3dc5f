"""The simulated organization of ``fakes.world``, whose every call is a moment of a schedule, and
whose lists are behind: new accounts, and the bulk answer about tags."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fakes.world import FakeLookup, FakeWorld

from aft.organization.model import Account, OrganizationSnapshot
from aft.values.ids import AccountId, EmailAddress
from schedules.baton import Baton


class ScheduledWorld(FakeWorld):
    """``account_lag`` and ``tag_lag`` are seconds until a list shows what was done."""

    def __init__(
        self, baton: Baton, clock: Any, *, account_lag: float, tag_lag: float, **more: Any
    ) -> None:
        super().__init__(clock, **more)
        self.baton = baton
        self.account_lag = timedelta(seconds=account_lag)
        self.tag_lag = timedelta(seconds=tag_lag)

    @contextlib.contextmanager
    def call(self, operation: str, *, write: bool = False) -> Iterator[None]:
        with self.baton.call(operation, writes=write):
            self.calls[operation] += 1
            if check := getattr(self._recorded, "check", None):
                check()
            self._let_time_pass()
            yield
            for sink in getattr(self._recorded, "sinks", []):
                if write:
                    sink.append(f"organizations:{operation}:request-{self.calls.total()}")

    def listed(self) -> list[Account]:
        """The accounts that lists show by now."""
        since = self.clock.now() - self.account_lag
        return [item for key, item in self.accounts.items() if self.born[key] <= since]


@dataclass
class LaggingLookup(FakeLookup):
    """``AccountLookup`` whose search is a list's."""

    world: ScheduledWorld

    def account_by_email(self, email: str) -> Account | None:
        with self.world.call("ListAccounts"):
            key = EmailAddress(email).key
            found = self.world.listed()
            return next((item for item in found if EmailAddress(item.email).key == key), None)


@dataclass
class Reader:
    """``OrganizationReader`` of everything: OUs first, accounts later."""

    world: ScheduledWorld

    def read(self, *, fresh_tags_for: Sequence[AccountId] = ()) -> OrganizationSnapshot:
        world = self.world
        with world.call("ListRoots"):
            units = world.snapshot().units
        with world.call("ListAccounts"):
            known = {item.id for item in world.listed()}
            seen = world.snapshot()
            since = world.clock.now() - world.tag_lag
            accounts = tuple(
                replace(item, tags={})
                if item.id not in fresh_tags_for and world.born[item.id] > since
                else item
                for item in seen.accounts
                if item.id in known
            )
        return replace(seen, units=units, accounts=accounts)
