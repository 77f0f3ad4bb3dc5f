"""Which changes no one has reviewed, in words, for terminals and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aft.plan.kind import Kinds
from aft.plan.model import Change
from aft.plan.reviewed import Reviewed, does_something_else
from aft.report.markdown.fitting import Entry
from aft.report.markdown.inert import code_span
from aft.report.wording import in_words
from aft.values.words import counted

_ROUTINE_SHOWN = 40


def change_lines(kinds: Kinds, changes: Iterable[Change], reviewed: Reviewed) -> Iterator[str]:
    """One line for each: what it does to which target, why it is risky, and whether something
    else of the same name was reviewed."""
    for change in changes:
        notes = [kinds.risk_words(change)] if change.risk else []
        if does_something_else(reviewed, change):
            notes.append("something else was reviewed")
        tail = f" ({'; '.join(notes)})" if notes else ""
        yield f"{change.symbol} {in_words(kinds, change)}{tail}"


def unreviewed_entries(
    kinds: Kinds, changes: Iterable[Change], reviewed: Reviewed, *, noun: str
) -> Iterator[Entry]:
    """The lines as items of a list."""
    for line in change_lines(kinds, changes, reviewed):
        yield Entry(text=f"- {code_span(line)}", tally=((noun, 1),))


def routine_text(kinds: Kinds, changes: Sequence[Change], reviewed: Reviewed) -> str:
    """What is applied although no one has reviewed it, for a terminal; empty for nothing."""
    if not changes:
        return ""
    shown = list(change_lines(kinds, changes[:_ROUTINE_SHOWN], reviewed))
    rest = len(changes) - len(shown)
    lines = [
        f"Not in the reviewed plan, but no risk: {counted(len(changes), 'change')}",
        *(f"  {line}" for line in shown),
        *((f"  … and {rest:,} more",) if rest else ()),
    ]
    return "\n".join(lines)
