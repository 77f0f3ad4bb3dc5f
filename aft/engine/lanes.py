"""Who may go on a thread next: so many accounts side by side, and so many steps of them at once.

An account counts once, however many of its steps run. Steps beside the first of an account are
limited over all accounts together, so that an account with many steps never keeps another one
from beginning. Keeps books only; knows no thread and no time.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

STEPS_BESIDE = 48
"""Steps beside the first of their account, over all accounts. Regional settings take up to four
threads each; more than this many calls at once no longer end sooner on one machine."""


class Rooms(Generic[T]):
    """Jobs that wait, by target, and the targets that are in. For one thread."""

    def __init__(self, *, accounts: int, beside: int = STEPS_BESIDE) -> None:
        self._accounts = accounts
        self._beside = beside
        self._running: Counter[str] = Counter()
        self._jobs: dict[str, deque[T]] = defaultdict(deque)
        self._outside: deque[str] = deque()  # targets with jobs and none running, each once

    @property
    def most(self) -> int:
        """How many jobs may run at once."""
        return self._accounts + self._beside

    def add(self, target: str, job: T, *, soon: bool = False) -> None:
        """Let ``job`` wait; with ``soon``, its target goes before others that are not in."""
        jobs = self._jobs[target]
        is_new = not jobs and not self._running[target]
        jobs.append(job)
        if is_new:
            (self._outside.appendleft if soon else self._outside.append)(target)

    def take(self) -> Iterator[T]:
        """The jobs that may begin now; they count as running."""
        while self._outside and self._inside < self._accounts:
            yield self._begin(self._outside.popleft())
        beside = self._running.total() - self._inside
        for target in [name for name in self._running if self._jobs[name]]:
            while self._jobs[target] and beside < self._beside:
                beside += 1
                yield self._begin(target)

    def done(self, target: str) -> None:
        """One running job of ``target`` has ended."""
        self._running[target] -= 1
        if not self._running[target]:
            del self._running[target]
            if self._jobs[target]:
                self._outside.appendleft(target)

    def clear(self) -> list[T]:
        """Take out all jobs that still wait."""
        left = [job for jobs in self._jobs.values() for job in jobs]
        self._jobs.clear()
        self._outside.clear()
        return left

    @property
    def _inside(self) -> int:
        return len(self._running)

    def _begin(self, target: str) -> T:
        self._running[target] += 1
        return self._jobs[target].popleft()
