"""Three values: true, false, and "it depends on these keys".

Kleene's logic: a conjunction with a false part is false and a disjunction with a true part is
true, whatever is unknown beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | frozenset[str]
"""``frozenset`` holds the names of the keys the answer depends on, and is never empty."""


def unknown(*keys: str) -> Truth:
    """It depends on ``keys``."""
    return frozenset(keys)


def negated(truth: Truth) -> Truth:
    """Not ``truth``."""
    return not truth if isinstance(truth, bool) else truth


def all_of(truths: Iterable[Truth]) -> Truth:
    """True when all are; of nothing, true."""
    keys: frozenset[str] = frozenset()
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            keys |= truth
    return keys or True


def any_of(truths: Iterable[Truth]) -> Truth:
    """True when one is; of nothing, false."""
    keys: frozenset[str] = frozenset()
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            keys |= truth
    return keys or False
