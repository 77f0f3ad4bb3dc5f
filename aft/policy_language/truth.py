"""Three values: true, false, and "it depends on these keys".

Kleene's logic: one false part makes a conjunction false, and one true part a disjunction true,
regardless of what else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | frozenset[str]
"""``frozenset``: the names of the keys that the answer depends on; never empty."""


def unknown(*keys: str) -> Truth:
    """It depends on ``keys``."""
    return frozenset(keys)


def negated(truth: Truth) -> Truth:
    """Not ``truth``."""
    return not truth if isinstance(truth, bool) else truth


def all_of(truths: Iterable[Truth]) -> Truth:
    """True when all are; of nothing, true."""
    return _unless(False, truths)


def any_of(truths: Iterable[Truth]) -> Truth:
    """True when one is; of nothing, false."""
    return _unless(True, truths)


def _unless(decisive: bool, truths: Iterable[Truth]) -> Truth:  # noqa: FBT001
    keys: frozenset[str] = frozenset()
    for truth in truths:
        if truth is decisive:
            return decisive
        if not isinstance(truth, bool):
            keys |= truth
    return keys or not decisive
