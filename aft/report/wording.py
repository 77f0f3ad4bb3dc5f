"""A target's changes as a block: what happens to it, who asks, and an item for each thing done.

The words are the kinds'; here they are put together and made safe to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from aft.plan.kind import Kind, Kinds
from aft.plan.model import ORGANIZATION, AccountLine, Change, Plan
from aft.plan.risk import is_risky
from aft.plan.words import Item
from aft.report.plain import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One target's changes, in words. ``headline`` says what happens to the account,
    ``in_short`` the items in a few words each."""

    symbol: str
    target: str
    account_id: str | None
    headline: str
    who: str
    where: str
    after: tuple[str, ...]
    items: tuple[Item, ...]
    in_short: tuple[str, ...]
    is_risky: bool


def block_of(
    plan: Plan, kinds: Kinds, target: str, changes: Sequence[Change], line: AccountLine | None
) -> Block:
    """``changes`` are all those of ``target``, in order."""
    return Block(
        symbol=_symbol(kinds, changes),
        target=one_line(target),
        account_id=next((change.account_id for change in changes if change.account_id), None),
        headline=_headline(kinds, changes, line),
        who=_who(line),
        where=f"{one_line(line.path)}:{line.line}" if line is not None and line.path else "",
        after=_after(plan, target, changes),
        items=tuple(item for item, _ in items_of(kinds, changes)),
        in_short=tuple(kind.in_short(item) for item, kind in items_of(kinds, changes)),
        is_risky=is_risky(changes),
    )


def items_of(kinds: Kinds, changes: Iterable[Change]) -> Iterator[tuple[Item, Kind]]:
    """Items in order, safe to show; consecutive changes that are alike become one."""

    def alike(change: Change) -> tuple[str, ...]:
        shared = kinds.of(change).alike(change)
        return (change.kind, change.action, *shared) if shared else (change.id,)

    for _, group in groupby(changes, key=alike):
        together = tuple(group)
        kind = kinds.of(together[0])
        for item in kind.words(together):
            yield _safe(item), kind


def _safe(item: Item) -> Item:
    return replace(
        item, values=tuple(map(one_line, item.values)), notes=tuple(map(one_line, item.notes))
    )


_ORDER: Mapping[str, int] = {"-": 0, "+": 1, ">": 2, "~": 3}


def _symbol(kinds: Kinds, changes: Iterable[Change]) -> str:
    """The strongest sign; to take something away inside an account does not remove the account."""
    signs = (
        change.symbol
        for change in changes
        if not (change.action.removes and kinds.of(change).is_inside)
    )
    return min(signs, key=lambda sign: _ORDER[sign], default="~")


def _headline(kinds: Kinds, changes: Sequence[Change], line: AccountLine | None) -> str:
    where = one_line(line.ou) if line is not None else ""
    said = [
        words
        for change in changes
        if (words := kinds.of(change).headline(change, where)) is not None
    ]
    if said:
        return one_line(max(said, key=bool))
    return f"in {where}" if where else ""


def _who(line: AccountLine | None) -> str:
    if line is None:
        return ""
    parts = (f"for {line.owner}" if line.owner else "", line.ticket, line.reason)
    return " · ".join(one_line(part) for part in parts if part)


def _after(plan: Plan, target: str, changes: Iterable[Change]) -> tuple[str, ...]:
    others = {
        plan.change_by_id[need].target
        for change in changes
        for need in change.needs
        if need in plan.change_by_id
    }
    return tuple(sorted(one_line(name) for name in others - {target, ORGANIZATION}))
