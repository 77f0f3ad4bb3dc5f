"""The order of a plan: waves of chains, one chain per target, each in its own order.

A target's chain goes into the first wave after every chain it waits for. The OU tree comes
before all accounts, and what is taken away after them. Pure arrangement: adds no change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from aft.plan.model import ORGANIZATION, Change, ChangeKind, Wave

_CLEAN_UP = (ChangeKind.FORGET_ACCOUNT, ChangeKind.DELETE_OU)


def make_waves(changes: Iterable[Change]) -> tuple[Wave, ...]:
    """Waves holding every change once. ``changes`` come in each target's own order.

    Raises ``ValueError`` when targets wait for each other in a circle, which a valid desired
    state (``depends_on`` without cycles) cannot produce.
    """
    units: list[str] = []
    accounts: dict[str, list[Change]] = defaultdict(list)
    clean_up: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        if change.kind in _CLEAN_UP:
            clean_up[change.target].append(change.id)
        elif change.target == ORGANIZATION:
            units.append(change.id)
        else:
            accounts[change.target].append(change)
    waves: list[Wave] = []
    if units:
        waves.append(Wave(title="Organizational units", chains=(tuple(units),)))
    levels = _levels(accounts)
    waves.extend(
        Wave(
            title="Accounts" if level == 0 else "Accounts that wait for others",
            chains=tuple(
                tuple(change.id for change in accounts[target])
                for target in sorted(accounts)
                if levels[target] == level
            ),
        )
        for level in sorted(set(levels.values()))
    )
    if clean_up:
        waves.append(
            Wave(title="Clean-up", chains=tuple(tuple(clean_up[key]) for key in sorted(clean_up)))
        )
    return tuple(waves)


def _levels(accounts: Mapping[str, list[Change]]) -> Mapping[str, int]:
    """How many chains, one after the other, must be done before each target's.

    A chain that waits for another one only from its middle on may share a wave with it: two
    accounts whose settings take turns wait for each other so.
    """
    owner = {change.id: target for target, chain in accounts.items() for change in chain}
    begins = {target: _others(target, chain[:1], owner) for target, chain in accounts.items()}
    waits_for = {target: _others(target, chain, owner) for target, chain in accounts.items()}
    levels: dict[str, int] = {}
    while len(levels) < len(waits_for):
        ready = _ready(waits_for, levels) or _ready(begins, levels)
        if not ready:
            stuck = sorted(waits_for.keys() - levels.keys())
            raise ValueError(f"these targets wait for each other: {', '.join(stuck)}")
        levels.update(ready)
    return levels


def _others(target: str, changes: Iterable[Change], owner: Mapping[str, str]) -> frozenset[str]:
    """The targets that any of ``changes`` waits for."""
    found = {owner[need] for change in changes for need in change.needs if need in owner}
    return frozenset(found - {target})


def _ready(waits_for: Mapping[str, frozenset[str]], levels: Mapping[str, int]) -> Mapping[str, int]:
    return {
        target: max((levels[other] + 1 for other in others), default=0)
        for target, others in waits_for.items()
        if target not in levels and others <= levels.keys()
    }
