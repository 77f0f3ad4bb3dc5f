"""Which change may begin now: bookkeeping over ``Change.needs``, without threads or time.

Each target's changes go one after another in plan order. When an account's change fails, what is
left of that account is blocked, and so is everything that needs any of it. The organization's
changes are one lane too, but a failed OU blocks only what needs it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from aft.plan.model import ORGANIZATION, Change, Plan


class Schedule:
    """Mutable, for one thread. A change is waiting, begun, done or blocked."""

    def __init__(self, plan: Plan) -> None:
        ordered = _in_order(plan)
        self._changes = {change.id: change for change in ordered}
        self._lanes: dict[str, deque[str]] = defaultdict(deque)
        self._dependents: dict[str, list[str]] = defaultdict(list)
        self._open_needs: dict[str, int] = {}
        self._busy: set[str] = set()
        self._waiting = set(self._changes)
        before: dict[str, str] = {}
        for change in ordered:
            self._lanes[change.target].append(change.id)
            needs = {need for need in change.needs if need in self._changes}
            if change.target != ORGANIZATION and change.target in before:
                needs.add(before[change.target])
            before[change.target] = change.id
            self._open_needs[change.id] = len(needs)
            for need in sorted(needs):
                self._dependents[need].append(change.id)

    @property
    def waiting(self) -> tuple[Change, ...]:
        """Changes that have neither begun nor been blocked, in plan order."""
        return tuple(change for key, change in self._changes.items() if key in self._waiting)

    def first(self) -> tuple[Change, ...]:
        """The changes that may begin at once; they count as begun."""
        return self._begin(self._lanes)

    def succeeded(self, change: Change) -> tuple[Change, ...]:
        """Note a success; the changes that may begin because of it count as begun."""
        self._busy.discard(change.target)
        lanes = [change.target]
        for key in self._dependents[change.id]:
            self._open_needs[key] -= 1
            lanes.append(self._changes[key].target)
        return self._begin(dict.fromkeys(lanes))

    def failed(self, change: Change) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
        """Note a failure: the changes blocked by it, and those that may begin nevertheless."""
        self._busy.discard(change.target)
        blocked: list[Change] = []
        queue = deque(self._dependents[change.id])
        while queue:
            key = queue.popleft()
            if key not in self._waiting:
                continue
            self._waiting.remove(key)
            blocked.append(self._changes[key])
            queue.extend(self._dependents[key])
        return tuple(blocked), self._begin([change.target])

    def _begin(self, lanes: Iterable[str]) -> tuple[Change, ...]:
        begun: list[Change] = []
        for target in lanes:
            if target in self._busy:
                continue
            lane = self._lanes[target]
            ready = next(
                (key for key in lane if key in self._waiting and not self._open_needs[key]), None
            )
            while lane and lane[0] not in self._waiting:
                lane.popleft()
            if ready is not None:
                self._busy.add(target)
                self._waiting.remove(ready)
                begun.append(self._changes[ready])
        return tuple(begun)


def _in_order(plan: Plan) -> tuple[Change, ...]:
    """The changes as the waves list them; any that no wave names come last."""
    by_id: Mapping[str, Change] = plan.change_by_id
    keys = [key for wave in plan.waves for chain in wave.chains for key in chain]
    order = dict.fromkeys([*(key for key in keys if key in by_id), *by_id])
    return tuple(by_id[key] for key in order)
