"""What a change is called and what it says of itself, for text and Markdown alike.

Turns ``Change``s into ``Item``s: a symbol, a short label and the lines beside it. Steps of one
kind that have nothing else to say share an item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from aft.organization.model import REQUEST_TAG
from aft.plan.accounts import NO_ACCOUNT_YET
from aft.plan.fields import ACCOUNT_ID, CIDR, EMAIL, NAME, OU, REQUEST, TAG_PREFIX
from aft.plan.model import ORGANIZATION, AccountLine, Change, ChangeKind, FieldChange, Plan
from aft.plan.risk import is_risky
from aft.report.plain import one_line

UNKNOWN = "(known after apply)"
ARROW = "→"
_INSIDE = (ChangeKind.APPLY_SETTING, ChangeKind.RUN_CUSTOMIZATION)
_REMOVALS_INSIDE = frozenset({ChangeKind.DESTROY_CUSTOMIZATION, ChangeKind.FORGET_CUSTOMIZATION})
"""Taking something away inside an account changes the account; it does not remove it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of an account's block. ``notes`` are why, and what was seen."""

    symbol: str
    label: str
    values: tuple[str, ...]
    notes: tuple[str, ...] = ()
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One target's changes, in words. ``headline`` says what happens to the account."""

    symbol: str
    target: str
    account_id: str | None
    headline: str
    who: str
    where: str
    after: tuple[str, ...]
    items: tuple[Item, ...]
    is_risky: bool


def block_of(plan: Plan, target: str, changes: Sequence[Change], line: AccountLine | None) -> Block:
    """``changes`` are all those of ``target``, in order."""
    kinds = {change.kind for change in changes}
    return Block(
        symbol=_symbol(kinds),
        target=one_line(target),
        account_id=next((change.account_id for change in changes if change.account_id), None),
        headline=_headline(changes, line),
        who=_who(line),
        where=f"{one_line(line.path)}:{line.line}" if line is not None and line.path else "",
        after=_after(plan, target, changes),
        items=tuple(items_of(changes)),
        is_risky=is_risky(changes),
    )


def items_of(changes: Iterable[Change]) -> Iterator[Item]:
    """Items in order; consecutive steps with equal reasons and no details become one."""

    def alike(change: Change) -> tuple[str, ...]:
        if change.kind in _INSIDE and not change.details:
            return (change.kind.value, _step_reason(change))
        return (change.id,)

    for _, group in groupby(changes, key=alike):
        together = tuple(group)
        if together[0].kind in _INSIDE:
            yield _steps(together)
        else:
            yield from _account_items(together[0])


def _steps(changes: Sequence[Change]) -> Item:
    first = changes[0]
    is_setting = first.kind is ChangeKind.APPLY_SETTING
    word = "setting" if is_setting else "run"
    reason = _step_reason(first)
    details = tuple(one_line(detail) for detail in first.details)
    return Item(
        symbol=first.symbol,
        label=word + ("s" if is_setting and len(changes) > 1 else ""),
        # What is given away stands in front, where no shortened list leaves it out.
        values=tuple(
            _step_name(item) for item in sorted(changes, key=lambda item: not item.fields)
        ),
        notes=(*details, *((f"({reason})",) if reason else ())),
        is_list=True,
    )


def _step_name(change: Change) -> str:
    """The step, with the range of addresses it gets, if any."""
    cidr = next((item for item in change.fields if item.field == CIDR), None)
    if cidr is None or cidr.after is None:
        return one_line(change.subject)
    before = f"{cidr.before} " if cidr.before not in (None, cidr.after) else ""
    return f"{one_line(change.subject)} (cidr {before}{ARROW} {cidr.after})"


def _step_reason(change: Change) -> str:
    plain = f"customization {change.subject.split('/')[0]}"
    return "" if change.reason == plain else one_line(change.reason)


def _account_items(change: Change) -> Iterator[Item]:
    fields = {item.field: item for item in change.fields}
    tags = [item for item in change.fields if item.field.startswith(TAG_PREFIX)]
    notes = (f"({one_line(change.reason)})",) if change.reason else ()
    match change.kind:
        case ChangeKind.CREATE_ACCOUNT:
            yield Item(
                symbol="+",
                label="account",
                values=(
                    f"{after(fields.get(NAME))} <{after(fields.get(EMAIL))}>",
                    f"id {after(fields.get(ACCOUNT_ID))}",
                ),
                notes=notes if change.reason != NO_ACCOUNT_YET else (),
            )
            tags = [item for item in tags if item.field != TAG_PREFIX + REQUEST_TAG]
        case ChangeKind.ADOPT_ACCOUNT:
            yield Item(
                symbol="+", label="adopt", values=(change.account_id or UNKNOWN,), notes=notes
            )
        case ChangeKind.REBIND_ACCOUNT:
            yield Item(symbol="~", label="request", values=(_both(fields.get(REQUEST)),))
        case ChangeKind.MOVE_ACCOUNT:
            yield Item(
                symbol=">", label="move", values=(_both(fields.get(OU)),), notes=_again(change)
            )
        case ChangeKind.RENAME_ACCOUNT:
            yield Item(
                symbol="~", label="name", values=(_both(fields.get(NAME)),), notes=_again(change)
            )
        case ChangeKind.DESTROY_CUSTOMIZATION:
            yield Item(symbol="-", label="destroy", values=(one_line(change.subject),), notes=notes)
        case ChangeKind.FORGET_CUSTOMIZATION:
            yield Item(symbol="-", label="forget", values=(one_line(change.subject),), notes=notes)
        case ChangeKind.FORGET_ACCOUNT:
            yield Item(
                symbol="-",
                label="forget",
                values=("the account itself is left alone",),
                notes=notes,
            )
        case _:
            pass
    yield from _tags(tags, notes=_again(change) if change.kind is ChangeKind.TAG_ACCOUNT else ())


def _again(change: Change) -> tuple[str, ...]:
    """The reason, when it is more than "the file says so"."""
    return (f"({one_line(change.reason)})",) if change.reason.startswith("tried again") else ()


def _tags(tags: Iterable[FieldChange], *, notes: tuple[str, ...]) -> Iterator[Item]:
    added: list[str] = []
    changed: list[str] = []
    removed: list[str] = []
    for item in tags:
        key = one_line(item.field.removeprefix(TAG_PREFIX))
        if item.before is None:
            added.append(f"{key}={value(item.after)}")
        elif item.after is None:
            removed.append(f"{key}={value(item.before)}")
        else:
            changed.append(f"{key}: {value(item.before)} {ARROW} {value(item.after)}")
    for symbol, values in (("+", added), ("~", changed), ("-", removed)):
        if values:
            yield Item(
                symbol=symbol,
                label="tag" if len(values) == 1 else "tags",
                values=tuple(values),
                notes=notes,
                is_list=symbol != "~",
            )
            notes = ()


def value(text: str | None) -> str:
    """A value as shown; an empty one is still something."""
    return '""' if not text else one_line(text)


def after(item: FieldChange | None) -> str:
    """The value a field will have."""
    if item is None or not item.known:
        return UNKNOWN
    return value(item.after)


def _both(item: FieldChange | None) -> str:
    if item is None:
        return UNKNOWN
    return f"{value(item.before)} {ARROW} {after(item)}"


_ORDER: Mapping[str, int] = {"-": 0, "+": 1, ">": 2, "~": 3}


def _symbol(kinds: Iterable[ChangeKind]) -> str:
    of_account = [kind for kind in kinds if kind not in _REMOVALS_INSIDE]
    probe = (Change(id="", kind=kind, target="").symbol for kind in of_account)
    return min(probe, key=lambda symbol: _ORDER[symbol], default="~")


def _headline(changes: Sequence[Change], line: AccountLine | None) -> str:
    kinds = {change.kind: change for change in changes}
    where = one_line(line.ou) if line is not None else ""
    if ChangeKind.CREATE_ACCOUNT in kinds:
        ou = next(
            (item for item in kinds[ChangeKind.CREATE_ACCOUNT].fields if item.field == OU), None
        )
        return f"new account in {after(ou) if ou is not None else where}"
    if ChangeKind.FORGET_ACCOUNT in kinds:
        return "to be forgotten"
    if ChangeKind.ADOPT_ACCOUNT in kinds:
        return f"existing account, adopted in {where}"
    return "" if ChangeKind.MOVE_ACCOUNT in kinds else f"in {where}" if where else ""


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


def unit_item(change: Change) -> tuple[str, str]:
    """A change of the OU tree: its symbol, and what it does to which path."""
    fields = {item.field: item for item in change.fields}
    if change.kind is ChangeKind.RENAME_OU:
        return change.symbol, _both(fields.get(OU))
    return change.symbol, one_line(change.subject)
