"""Watching all creations in flight with one shared look, however many threads wait.

The threads that wait elect one of themselves: it sleeps until the next look is due, asks the
provider once which creations are in progress, and wakes the others. A creation that is no longer
listed is over; its slot is free before anyone reads how it ended.

Looks come at the provider's pace: soon at first and rarer with a creation's age, so that long
creations are not asked about all the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from aft.account_provider import AccountProvider, Creation, CreationState
from aft.engine.waiting import TICK_SECONDS, Pause
from aft.errors import Terminal, Transient
from aft.ports import Clock


@dataclass(slots=True)
class _Watched:
    """One creation; times are the clock's monotonic seconds."""

    id: str
    since: float
    due: float
    deadline: float
    notice: Callable[[float], None]
    listed: bool = False
    over: bool = False
    late: bool = False


class CreationWatch:
    """Shared by the threads that create accounts."""

    def __init__(self, provider: AccountProvider, clock: Clock, pause: Pause) -> None:
        self._provider = provider
        self._pace = provider.traits.pace
        self._clock = clock
        self._pause = pause
        self._changed = threading.Condition()
        self._watched: dict[str, _Watched] = {}
        self._led = False

    def until_over(
        self, creation: Creation, *, within: float, notice: Callable[[float], None]
    ) -> None:
        """Return when ``creation`` is no longer in progress; read afterwards how it ended.
        ``notice`` gets the creation's age at each look. Raises ``Terminal`` when it is still in
        progress ``within`` seconds after it was asked for, ``Stopped`` when the run ends."""
        now = self._clock.monotonic()
        age = max(0.0, (self._clock.now() - creation.requested_at).total_seconds())
        since = now - age
        entry = _Watched(
            id=creation.id,
            since=since,
            due=now + self._pace.soonest,
            deadline=since + within,
            notice=notice,
        )
        with self._changed:
            self._watched[entry.id] = entry
        try:
            while self._takes_the_lead(entry):
                try:
                    self._lead(entry)
                finally:
                    with self._changed:
                        self._led = False
                        self._changed.notify_all()
        finally:
            with self._changed:
                self._watched.pop(entry.id, None)
        if not entry.over:
            raise Terminal(
                f"creation {creation.id} of account {creation.account_name} is still in progress "
                f"after {within:.0f} s",
                hint="the next run goes on waiting for it; if it never ends, ask AWS Support",
            )

    def _takes_the_lead(self, entry: _Watched) -> bool:
        """Wait until there is news of ``entry`` (``False``) or there is no leader (``True``)."""
        with self._changed:
            while self._led and not (entry.over or entry.late):
                self._changed.wait()
            if entry.over or entry.late:
                return False
            self._led = True
            return True

    def _lead(self, own: _Watched) -> None:
        while not (own.over or own.late):
            self._sleep_until_due()
            self._look()

    def _sleep_until_due(self) -> None:
        """Short naps, for a younger creation may join and want its look sooner."""
        while True:
            with self._changed:
                due = min(entry.due for entry in self._watched.values())
            left = due - self._clock.monotonic()
            if left <= TICK_SECONDS:
                self._pause.check()
                return
            self._pause.wait(min(left, self._pace.soonest))

    def _look(self) -> None:
        with self._changed:
            asked = [entry for entry in self._watched.values() if not entry.over]
        began = self._clock.monotonic()
        try:
            listed = {creation.id for creation in self._provider.in_progress()}
            over = {entry.id for entry in asked if self._is_over(entry, listed)}
        except Transient as error:
            self._postpone(asked, began + max(self._pace.soonest, error.retry_after or 0.0))
            return
        with self._changed:
            for entry in asked:
                age = began - entry.since
                entry.listed = entry.listed or entry.id in listed
                entry.over = entry.id in over
                entry.late = not entry.over and began >= entry.deadline
                entry.due = began + self._pace.interval(age)
            self._changed.notify_all()
        for entry in asked:
            if not (entry.over or entry.late):
                entry.notice(began - entry.since)

    def _is_over(self, entry: _Watched, listed: set[str]) -> bool:
        """A creation that was never listed may only be too new for the list: ask for it."""
        if entry.id in listed:
            return False
        if entry.listed:
            return True
        return self._provider.look(entry.id).state is not CreationState.IN_PROGRESS

    def _postpone(self, entries: list[_Watched], due: float) -> None:
        now = self._clock.monotonic()
        with self._changed:
            for entry in entries:
                entry.due = max(due, now)
                entry.late = now >= entry.deadline
            self._changed.notify_all()
