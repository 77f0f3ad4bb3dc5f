"""Which change may begin now: bookkeeping over what changes need and follow, without threads or
time.

An account's changes begin as soon as what they need has succeeded and what they follow has ended,
beside each other where the plan lets them. When one fails, everything that needs it, directly or
not, is blocked, in whatever account; what does not, goes on. The organization's changes go one
after another in plan order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

from aft.plan.model import ORGANIZATION, Change, Plan


class Schedule:
    """Mutable, for one thread. A change is waiting, begun, done or blocked."""

    def __init__(self, plan: Plan, *, missing: Collection[str] = ()) -> None:
        """``missing`` are changes that are in nobody's plan here, and not done either."""
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
        """Changes that have neither begun nor been blocked, in plan order."""
        return tuple(change for key, change in self._changes.items() if key in self._waiting)

    def first(self) -> tuple[Change, ...]:
        """The changes that may begin at once; they count as begun."""
        return self._begin(self._changes)

    def succeeded(self, change: Change) -> tuple[Change, ...]:
        """Note a success; the changes that may begin because of it count as begun."""
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
