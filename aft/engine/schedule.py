"""Which change may begin now, and who goes on a thread next: bookkeeping over what changes need and
follow, without threads or time.

An account's changes begin as soon as what they need has succeeded and what they follow has ended,
in parallel where the plan lets them. When one fails, everything that needs it, directly or
not, is blocked, in any account; what does not, goes on. The organization's changes go one
after another in plan order.

So many accounts go side by side, and so many steps of them at once. An account counts once, however
many of its steps run. Steps after the first of an account are limited over all accounts together,
so that an account with many steps never keeps another one from beginning.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from aft.plan.model import ORGANIZATION, Change, Plan


class Schedule:
    """Mutable, for one thread. A change is waiting, started, done or blocked."""

    def __init__(self, plan: Plan, *, missing: Collection[str] = ()) -> None:
        """``missing`` are changes that are in no plan here, and not done either."""
        ordered = _in_order(plan)
        self._changes = {change.id: change for change in ordered}
        self._waiting = set(self._changes)
        self._dependents: dict[str, list[str]] = defaultdict(list)
        self._followers: dict[str, list[str]] = defaultdict(list)
        self._open_needs: dict[str, int] = {}
        self._lane = [change.id for change in ordered if change.target == ORGANIZATION]
        self._lane_is_busy = False
        for change in ordered:
            needs = {need for need in change.needs if need in self._changes or need in missing}
            follows = {key for key in change.follows if key in self._changes} - needs
            self._open_needs[change.id] = len(needs) + len(follows)
            for need in sorted(needs):
                self._dependents[need].append(change.id)
            for key in sorted(follows):
                self._followers[key].append(change.id)

    @property
    def waiting(self) -> tuple[Change, ...]:
        """Changes that have neither started nor been blocked, in plan order."""
        return tuple(change for key, change in self._changes.items() if key in self._waiting)

    def first(self) -> tuple[Change, ...]:
        """The changes that may begin at once; they count as started."""
        return self._begin(self._changes)

    def succeeded(self, change: Change) -> tuple[Change, ...]:
        """Note a success; the changes that may begin because of it count as started."""
        self._leave_lane(change)
        for key in self._dependents[change.id]:
            self._open_needs[key] -= 1
        return self._begin([*self._dependents[change.id], *self._ended(change.id)])

    def failed(self, change: Change) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
        """Note a failure: the changes blocked by it, and those that may begin nevertheless."""
        self._leave_lane(change)
        blocked: list[Change] = []
        released = self._ended(change.id)
        queue = deque(self._dependents[change.id])
        while queue:
            key = queue.popleft()
            if key not in self._waiting:
                continue
            self._waiting.remove(key)
            blocked.append(self._changes[key])
            released += self._ended(key)
            queue.extend(self._dependents[key])
        return tuple(blocked), self._begin(dict.fromkeys(released))

    def _ended(self, key: str) -> list[str]:
        """Note that a change is over, however it ended; those that follow it."""
        for follower in self._followers[key]:
            self._open_needs[follower] -= 1
        return self._followers[key].copy()

    def _leave_lane(self, change: Change) -> None:
        if change.target == ORGANIZATION:
            self._lane_is_busy = False

    def _begin(self, candidates: Iterable[str]) -> tuple[Change, ...]:
        """Those of ``candidates`` that may begin, and the organization's next one."""
        of_accounts = (key for key in candidates if self._changes[key].target != ORGANIZATION)
        begun = [key for key in of_accounts if self._is_ready(key)]
        self._lane = [key for key in self._lane if key in self._waiting]
        following = next((key for key in self._lane if self._is_ready(key)), None)
        if following is not None and not self._lane_is_busy:
            self._lane_is_busy = True
            begun.insert(0, following)
        self._waiting.difference_update(begun)
        return tuple(self._changes[key] for key in begun)

    def _is_ready(self, key: str) -> bool:
        return key in self._waiting and not self._open_needs[key]


def _in_order(plan: Plan) -> tuple[Change, ...]:
    """The changes as the waves list them; any that no wave names come last."""
    by_id: Mapping[str, Change] = plan.change_by_id
    keys = [key for wave in plan.waves for chain in wave.chains for key in chain]
    order = dict.fromkeys([*(key for key in keys if key in by_id), *by_id])
    return tuple(by_id[key] for key in order)


# --- room -----------------------------------------------------------------------------------------


T = TypeVar("T")

STEPS_BESIDE = 48
"""Steps after the first of their account, over all accounts. Regional settings take up to four
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
