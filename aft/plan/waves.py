"""The order of a plan: waves of chains, one chain per target, each in an order that may be gone.

An account's chain goes into the first wave after every account it waits for. Things of no account
have a wave for each kind, before the accounts unless they wait for one; what is taken away comes
last. Pure arrangement: adds no change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Change, Wave
from aft.values.refs import ACCOUNT

T = TypeVar("T")

_ACCOUNTS = ""
"""Represents all accounts, among the kinds of things."""


def make_waves(changes: Iterable[Change], kinds: Kinds) -> tuple[Wave, ...]:
    """Waves holding every change once. ``changes`` come in each target's own order. Things of no
    account come kind by kind: before the accounts, or after them where they wait for one. Raises
    ``ValueError`` when targets wait for each other in a circle, which a valid desired state
    (``depends_on`` without cycles) cannot produce."""
    things: dict[str, list[Change]] = defaultdict(list)
    accounts: dict[str, list[Change]] = defaultdict(list)
    clean_up: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if _is_clean_up(change):
            clean_up[change.target].append(change)
        elif change.target == ORGANIZATION:
            things[change.kind].append(change)
        else:
            accounts[change.target].append(change)
    waits_for = _kinds_waited_for(things, accounts)
    late: set[str] = set()
    while more := {kind for kind in waits_for if waits_for[kind] & {_ACCOUNTS, *late}} - late:
        late |= more
    levels = _levels(accounts)

    def of_things(names: Collection[str]) -> Iterator[Wave]:
        left = [kind for kind in kinds if kind in names]
        while left:  # as they are shown, but each after those it waits for
            kind = next((it for it in left if waits_for[it].isdisjoint(left)), left[0])
            left.remove(kind)
            yield Wave(title=kinds[kind].title, chains=(_ids(things[kind]),))

    waves = [*of_things(things.keys() - late)]
    for level in sorted(set(levels.values())):
        targets = [target for target in sorted(accounts) if levels[target] == level]
        title = "Accounts" if level == 0 else "Accounts that wait for others"
        waves.append(Wave(title=title, chains=tuple(_ids(accounts[key]) for key in targets)))
    waves += of_things(late)
    if clean_up:
        chains = tuple(_ids(clean_up[key]) for key in sorted(clean_up))
        waves.append(Wave(title="Clean-up", chains=chains))
    return tuple(waves)


def _ids(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(change.id for change in changes)


def _kinds_waited_for(
    things: Mapping[str, list[Change]], accounts: Mapping[str, list[Change]]
) -> Mapping[str, set[str]]:
    """By kind of things: the other kinds, and ``_ACCOUNTS``, that some of its changes wait for."""
    own = {change.id: kind for kind, chain in things.items() for change in chain}
    own |= {change.id: _ACCOUNTS for chain in accounts.values() for change in chain}
    return {
        kind: {own[need] for change in chain for need in change.needs if need in own} - {kind}
        for kind, chain in things.items()
    }


def _is_clean_up(change: Change) -> bool:
    """What takes a whole thing away goes last; what is taken away inside an account is part of
    that account's own changes."""
    return change.action.removes and (change.target == ORGANIZATION or change.kind == ACCOUNT)


def _levels(accounts: Mapping[str, list[Change]]) -> Mapping[str, int]:
    """How many chains, one after the other, must be done before each target's. Accounts whose
    changes take turns, such as two that are each other's administrators of different services,
    share a wave. Raises ``ValueError`` when even their single changes wait for each other."""
    owner = {change.id: target for target, chain in accounts.items() for change in chain}
    waits_for = {
        target: {owner[need] for change in chain for need in change.needs if need in owner}
        for target, chain in accounts.items()
    }
    # Those that share a wave.
    group: dict[str, tuple[str, ...]] = {target: (target,) for target in accounts}
    while circle := _circle(after := _between(group, waits_for)):
        together = tuple(sorted({target for members in circle for target in members}))
        group.update(dict.fromkeys(together, together))
    levels: dict[tuple[str, ...], int] = {}
    for members in TopologicalSorter(after).static_order():
        levels[members] = max((levels[other] + 1 for other in after[members]), default=0)
        chains = [accounts[target] for target in members]
        if len(members) > 1 and _circle({it.id: it.needs for chain in chains for it in chain}):
            raise ValueError(f"these targets wait for each other: {', '.join(members)}")
    return {target: levels[members] for target, members in group.items()}


def _between(
    group: Mapping[str, tuple[str, ...]], waits_for: Mapping[str, Collection[str]]
) -> Mapping[tuple[str, ...], Collection[tuple[str, ...]]]:
    """Which groups each group waits for."""
    return {
        members: {group[other] for target in members for other in waits_for[target]} - {members}
        for members in group.values()
    }


def _circle(graph: Mapping[T, Collection[T]]) -> Sequence[T]:
    """Some nodes that wait for each other; none when all can be put in order."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: Sequence[T] = error.args[1]
        return found
    return ()
