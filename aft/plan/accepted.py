"""What an earlier run was allowed to do and has not done: it needs no second review. Pure.

A run writes down what it was allowed to do that is risky, or would be once the account exists, and
in the end what of it is left. What failed, was stopped or was killed is so tried again by any later
run, and the rest of a creation is no news. Only digests are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from aft.plan.fields import ACCEPTED, RELEASED, field_of, gains, powers, taken_away
from aft.plan.model import Action, Change, FieldChange, Plan
from aft.plan.reviewed import does
from aft.values.canonical_json import digest

_LETTERS = slice(7, 31)
"""Of a digest: 96 bits, for there may be thousands in a run."""


def accepted_by(plan: Plan, without: Collection[str] = ()) -> tuple[str, ...]:
    """The keys of what a run of ``plan`` is allowed to do, but for the changes of these ids."""
    found = {key for change in plan.changes if change.id not in without for key in _keys(change)}
    return tuple(sorted(found))


def with_acceptance(change: Change, accepted: Collection[str]) -> Change:
    """``change``, marked where a run was allowed to do it that did not come to it."""
    if not accepted or not _is_accepted(change, accepted):
        return change
    mark = FieldChange(field=ACCEPTED, before=None, after="yes")
    return replace(change, fields=(*change.fields, mark))


def _keys(change: Change) -> Iterator[str]:
    is_new = change.account_id is None and change.action is Action.RUN
    if change.risk:
        yield _exactly(change)
    if is_new or gains(change):
        yield _to_this_effect(change)


def _is_accepted(change: Change, accepted: Collection[str]) -> bool:
    if _exactly(change) in accepted:
        return True
    # What a step reads may have come to be known since, and so more of what it does.
    return _to_this_effect(change) in accepted and not any(_says_more(change))


def _says_more(change: Change) -> Iterator[bool]:
    """Whether it says something that does not follow from its effect alone."""
    yield bool(taken_away(change))
    yield field_of(change, RELEASED) is not None  # its account was protected in between
    found = change.comparison
    if found is not None and not found.is_new:
        yield any(part.is_loss for part in found.parts)
        yield bool(powers(change))


def _exactly(change: Change) -> str:
    return digest({"id": change.id, "does": does(change)})[_LETTERS]


def _to_this_effect(change: Change) -> str:
    return digest({"id": change.id, "effect": change.effect})[_LETTERS]
