"""What an apply holds back, in as few rows as say it all: the same about several things of an
account is one row, and the same about several accounts, too. What to do is said once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Change
from aft.plan.outcome import StepOutcome
from aft.report.plain import one_line
from aft.report.wording import told


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """``what`` is held for ``message``, in every account of ``targets``; ``shown`` is what people
    have to agree to, ``hint`` what to do, ``number`` how many changes it is."""

    symbol: str
    targets: tuple[str, ...]
    what: str
    message: str
    number: int
    shown: tuple[str, ...] = ()
    hint: str = ""

    @property
    def words(self) -> str:
        """``~ payments, web-shop: move Sandbox → Workloads/Prod``."""
        names = ", ".join(one_line(name) for name in self.targets if name != ORGANIZATION)
        return f"{self.symbol} {names}: {self.what}" if names else f"{self.symbol} {self.what}"


def held_rows(kinds: Kinds, steps: Iterable[StepOutcome]) -> Iterator[HeldRow]:
    """Those with the same hint together, the hint with the last of them."""
    for hint, group in groupby(sorted(steps, key=lambda step: step.hint), lambda step: step.hint):
        *others, last = _by_account(_by_reason(kinds, group))
        yield from others
        yield replace(last, hint=hint)


def _by_reason(kinds: Kinds, steps: Iterable[StepOutcome]) -> Iterator[HeldRow]:
    """One row for what is the same about an account's changes."""

    def alike(step: StepOutcome) -> tuple[str, ...]:
        change = step.change
        own = (change.id,) if step.shown else ()
        return (change.target, change.symbol, step.message, *own)

    together: dict[tuple[str, ...], list[StepOutcome]] = {}
    for step in steps:
        together.setdefault(alike(step), []).append(step)
    for found in together.values():
        first, changes = found[0], [step.change for step in found]
        yield HeldRow(
            symbol=first.change.symbol,
            targets=(first.change.target,),
            what=_what(kinds, changes),
            message=first.message,
            number=len(found),
            shown=tuple(first.shown),
        )


def _by_account(rows: Iterable[HeldRow]) -> Iterator[HeldRow]:
    """One row for what is the same in several accounts."""
    together: dict[tuple[str, ...], HeldRow] = {}
    for row in rows:
        own = row.targets if row.shown or ORGANIZATION in row.targets else ()
        key = (row.symbol, row.what, row.message, *row.shown, *own)
        known = together.get(key)
        if known is None:
            together[key] = row
        else:
            targets, number = (*known.targets, *row.targets), known.number + row.number
            together[key] = replace(known, targets=targets, number=number)
    return iter(together.values())


def _what(kinds: Kinds, changes: Sequence[Change]) -> str:
    """``setting budget, guardduty; move Sandbox → Workloads/Prod``."""
    values: dict[str, list[str]] = {}
    for change in changes:
        label, value = told(kinds, change)
        values.setdefault(label, []).append(value)
    return "; ".join(f"{label} {', '.join(found)}".strip() for label, found in values.items())
