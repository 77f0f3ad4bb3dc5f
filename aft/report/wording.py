"""A plan's summary line, and a target's changes as a block: what happens to it, who asks, and an
item for each thing done. The words are the kinds'; here they become whole, and safe to show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from aft.findings.model import Condition, Finding
from aft.plan.kind import Kind, Kinds
from aft.plan.model import ORGANIZATION, AccountLine, Change, Plan, Summary
from aft.plan.words import Item
from aft.report.plain import code_line, one_line
from aft.values.ids import WORKING_TREE
from aft.values.words import counted

ALIKE_FROM = 4
"""So many accounts of which the same is said are listed together."""


def summary_line(plan: Plan, kinds: Kinds) -> str:
    """``Plan: … accounts affected.`` or ``No changes. …``; ends the text of every plan."""
    counts, held = plan.summary, held_back_sentence(plan.held_back)
    if plan.is_empty:
        return f"{_no_changes(plan)}{held}"
    parts = [f"{getattr(counts, verb)} to {verb}" for verb in ("create", "change", "move", "close")]
    seldom = ("adopt", "forget")
    parts += [f"{number} to {verb}" for verb in seldom if (number := getattr(counts, verb))]
    parts += thing_counts(counts, kinds)
    return (
        f"Plan: {', '.join(parts)}. "
        f"{counts.accounts_affected} of {counts.accounts_total} "
        f"account{'' if counts.accounts_total == 1 else 's'} affected.{held}"
    )


def held_back_words(held: Sequence[Finding]) -> str:
    """``2 accounts held back by errors``, or nothing; ``held`` is one for each."""
    return f"{counted(len(held), 'account')} held back by errors" if held else ""


def held_back_sentence(held: Sequence[Finding]) -> str:
    """The same as one more sentence of a last line."""
    words = held_back_words(held)
    return f" {words} in their files." if words else ""


def said_once(findings: Iterable[Finding]) -> Iterator[tuple[Finding, tuple[str, ...]]]:
    """Each finding about a target with all targets that share it: itself, or several that would
    read the same line again and again."""
    targets: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    found = tuple(findings)
    for item in found:
        targets[item.code, item.message, item.hint].append(item.target)
    for item in found:
        sharing = targets[item.code, item.message, item.hint]
        if len(sharing) < ALIKE_FROM:
            yield item, (item.target,)
        elif sharing[0] == item.target:
            yield item, tuple(sharing)


def _no_changes(plan: Plan) -> str:
    """Only what the plan has looked at and found right is said to match."""
    if any(item.condition is Condition.OTHER_ORGANIZATION for item in plan.attention):
        return "Nothing is known: the ledger belongs to another organization."
    counts = plan.summary
    matching = counts.accounts_total - counts.accounts_in_doubt
    verb = "matches" if matching == 1 and not counts.accounts_in_doubt else "match"
    where = f"{verb} the repository at {short(plan.revision)}"
    if plan.revision == WORKING_TREE:
        where = f"{verb} the working tree"
    needing = {item.target for item in plan.attention if not item.is_remark}
    if not needing:
        return f"No changes. {counted(matching, 'account')} {where}."
    noun = "thing" if ORGANIZATION in needing else "request"
    needs = f"{counted(len(needing), noun)} {'needs' if len(needing) == 1 else 'need'} attention"
    of_all = f"{matching} of {counted(counts.accounts_total, 'account')}"
    return f"No changes; {needs}. {of_all} {where}."


def thing_counts(counts: Summary, kinds: Kinds) -> list[str]:
    """``2 OU changes``, for each kind of thing that belongs to no account."""
    numbers = counts.organization.items()
    return [counted(number, f"{kinds[kind].noun[0]} change") for kind, number in numbers if number]


def changes_by_account(plan: Plan) -> dict[str, list[Change]]:
    """The changes of each account, in the order of the plan."""
    found: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        if change.target != ORGANIZATION:
            found[change.target].append(change)
    return found


def published_note(read_at: datetime, now: datetime) -> str:
    """What readers of a plan against a published organization must know; times are aware."""
    return (
        f"Planned without credentials, against the organization as it was published: read "
        f"{read_at:%Y-%m-%d %H:%M} UTC, {_age(read_at, now)}. Nothing inside accounts was read: "
        "settings are shown as the ledger says they were applied."
    )


def unplanned_note(steps: int) -> str:
    """What readers of a plan with failed previews must know."""
    verb = "has" if steps == 1 else "have"
    return (
        f"{counted(steps, 'step')} could not be planned by {'its' if steps == 1 else 'their'} "
        f"tool, and {verb} the reason below."
    )


def _age(then: datetime, now: datetime) -> str:
    """``3 hours ago``; a moment that has not come yet is just now."""
    seconds = int((now - then).total_seconds())
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{counted(seconds // size, word)} ago"
    return "just now"


def short(revision: str) -> str:
    """A commit id as people write it; anything else as it is."""
    is_commit = len(revision) >= 40 and all(letter in "0123456789abcdef" for letter in revision)
    return revision[:7] if is_commit else revision


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

    @property
    def name(self) -> str:
        """The target, and the account's id where there is one."""
        return f"{self.target} ({self.account_id})" if self.account_id else self.target


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


def in_words(kinds: Kinds, change: Change) -> str:
    """``payments: move Sandbox → Workloads/Prod``."""
    words = " ".join(filter(None, told(kinds, change)))
    return words if change.target == ORGANIZATION else f"{one_line(change.target)}: {words}"


def told(kinds: Kinds, change: Change) -> tuple[str, str]:
    """``("move", "Sandbox → Workloads/Prod")``; what is several things at once has no label."""
    found = [
        (
            f"{'un' if item.symbol == '-' and item.label.startswith('tag') else ''}{item.label}",
            ", ".join(item.values),
        )
        for item, _ in items_of(kinds, (change,))
    ]
    if len(found) == 1:
        return found[0]
    return "", "; ".join(f"{label} {value}" for label, value in found) or kinds.describe(change)


def _safe(item: Item) -> Item:
    return replace(
        item,
        values=tuple(map(one_line, item.values)),
        notes=tuple(map(one_line, item.notes)),
        code=tuple(map(code_line, item.code)),
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
