"""The pieces of which kinds make what a plan says of their changes. Text as it came: the code
that shows it makes it safe to show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aft.plan.fields import (
    GIVEN_PREFIX,
    OUTSIDE_PREFIX,
    POWER_PREFIX,
    WEAKER_PREFIX,
    is_given_again,
)
from aft.plan.model import Change, FieldChange

UNKNOWN = "(known after apply)"
ARROW = "→"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a target's block: a sign, a short label, and the values next to it. ``notes``
    are why, and what was seen, of which the first ``vital`` are never left out; ``code`` are lines
    of a diff; with ``is_list`` the values are on one line."""

    symbol: str
    label: str
    values: tuple[str, ...]
    notes: tuple[str, ...] = ()
    vital: int = 0
    code: tuple[str, ...] = ()
    is_list: bool = False


def value(text: str | None) -> str:
    """A value as shown; an empty one is still something."""
    return text or '""'


def after(item: FieldChange | None) -> str:
    """The value a field will have."""
    if item is None or not item.known:
        return UNKNOWN
    return value(item.after)


def both(item: FieldChange | None) -> str:
    """The value a field has and the one it will have."""
    if item is None:
        return UNKNOWN
    return f"{value(item.before)} {ARROW} {after(item)}"


def because(change: Change) -> tuple[str, ...]:
    """The reason, as a note."""
    return (f"({change.reason})",) if change.reason else ()


def again(change: Change) -> tuple[str, ...]:
    """The reason, when it is more than "the file says so": an earlier try failed."""
    return because(change) if change.is_retry else ()


def gain_in_words(item: FieldChange) -> str:
    """What gets weaker, or who gains power, as one line."""
    kind, _, what = item.field.partition(".")
    if f"{kind}." == WEAKER_PREFIX and item.before is not None:
        return f"! weaker: {what} {item.before} {ARROW} {item.after or 'not set'}"
    if f"{kind}." == GIVEN_PREFIX:
        before = f"{item.before} {ARROW} " if item.before is not None else ""
        sign = "·" if is_given_again(item) else "! is given"
        return f"{sign} secret {what}: {item.after if sign == '·' else f'{before}{item.after}'}"
    lead = {f"{kind}.": kind, POWER_PREFIX: "more power", OUTSIDE_PREFIX: "outside"}[f"{kind}."]
    return f"! {lead}: {what}: {item.after or 'not set'}"


def fields_by_name(changes: Iterable[FieldChange]) -> dict[str, FieldChange]:
    """The fields of a change by their names."""
    return {item.field: item for item in changes}
