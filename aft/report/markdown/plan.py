"""A plan as the one comment on a pull request, and as the summary of the job that made it.

Headline and counts first, then what happens on merge, then all that is risky or needs attention,
never folded; then one level of ``<details>`` per account; digest and revisions last. Nothing that
came from a request, a tag or AWS can become markup or leave its code block (``aft.report.plain``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from aft.findings.model import Finding
from aft.plan.codec import plan_digest
from aft.plan.kind import Kind, Kinds
from aft.plan.model import ORGANIZATION, Action, Change, Plan
from aft.report.markdown.accounts import diff, folded_entry, open_entries, told_of
from aft.report.markdown.costs import NO_COSTS, Costs
from aft.report.markdown.fitting import Entry, Parts, Section, bullets, finding_entries, left_out
from aft.report.markdown.inert import code_span, prose
from aft.report.masking import NO_MASK, Mask
from aft.report.wording import (
    held_back_words,
    items_of,
    said_once,
    short,
    summary_line,
    thing_counts,
)
from aft.values.ids import WORKING_TREE
from aft.values.words import counted

THE_REST = "the summary of this job and its artifact have the whole plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """A plan, and what a reader should know in addition. ``lifted`` are the limits that only a
    reviewed exception lets it exceed, ``findings`` those of the files. ``read_at`` (aware) is when
    the organization was read, ``published_at`` when the snapshot was published that is used instead
    of reading it. ``base`` is the revision the pull request goes into, ``rest`` where the whole
    plan is, as Markdown."""

    plan: Plan
    kinds: Kinds
    refusals: Sequence[Finding] = ()
    lifted: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    read_at: datetime | None = None
    published_at: datetime | None = None
    notes: Sequence[str] = ()
    base: str = ""
    costs: Costs = NO_COSTS
    rest: str = THE_REST
    mask: Mask = NO_MASK

    verb: ClassVar[str] = "plan"
    is_open: ClassVar[bool] = False

    def parts(self, *, everything: bool) -> Parts:
        """Headline, risky changes and attention are never left out in silence."""
        plan, kinds = self.plan, self.kinds
        top = (
            f"## {_headline(plan, kinds, refused=bool(self.refusals))}",
            f"**{prose(summary_line(plan, kinds))}**",
            _on_merge(self),
            *_costs(self),
            *(f"> {prose(note)}" for note in self.notes),
        )
        sections = _sections(self, everything=everything)
        return top, sections, _footer(self), left_out(self.rest, " Read it before you approve it.")


def _sections(page: PlanPage, *, everything: bool) -> list[Section]:
    plan = page.plan
    told = told_of(plan, page.kinds, page.costs)
    units = [change for change in plan.changes if change.target == ORGANIZATION]
    risky_things = [change for change in units if change.action.removes or change.risk]
    risky = [
        *_risky(page.kinds, risky_things),
        *(entry for item in told if item.risks for entry in open_entries(item, plan)),
    ]
    ordinary = [folded_entry(item, everything=everything) for item in told if not item.risks]
    others = [change for change in units if change not in risky_things]
    number = counted(sum(bool(change.risk) for change in plan.changes), "risky change")
    errors = [item for item in page.findings if item.is_error]
    warnings = [item for item in page.findings if not item.is_error]
    lifted = [Entry(text=f"- {prose(line)}", tally=(("lifted limit", 1),)) for line in page.lifted]
    return [
        bullets("### Errors", finding_entries(errors), is_vital=True),
        bullets("### Refused by the safety limits", finding_entries(page.refusals), is_vital=True),
        Section(title=f"### ⚠️ Look closely: {number}", entries=tuple(risky), is_vital=True),
        bullets("### Needs attention", attention_entries(plan.attention), is_vital=True),
        bullets("### Limits lifted", lifted, is_vital=True),
        bullets("### Findings", finding_entries(warnings)),
        *(
            Section(
                title=f"### {kind.title}",
                entries=_things(page.kinds, others, kind, f"{kind.noun[0]} change"),
            )
            for kind in page.kinds.values()
        ),
        Section(title="### Accounts", entries=tuple(ordinary)),
    ]


def _headline(plan: Plan, kinds: Kinds, *, refused: bool) -> str:
    counts = plan.summary
    if refused:
        return "⛔ aft plan: over a safety limit"
    if plan.is_empty:
        if not plan.attention:
            return "✅ aft plan: no changes"
        words = ["needs attention", held_back_words(plan.held_back)]
        return f"⚠️ aft plan: {', '.join(filter(None, words))}"
    verbs = ("create", "adopt", "change", "move", "forget", "close")
    words = [f"{number} to {verb}" for verb in verbs if (number := getattr(counts, verb))]
    words += filter(None, (*thing_counts(counts, kinds), held_back_words(plan.held_back)))
    return f"{'⚠️ ' if plan.attention else ''}aft plan: {', '.join(words)}"


def _on_merge(page: PlanPage) -> str:
    """What merging would do, in one line."""
    plan = page.plan
    if page.refusals:
        return "**On merge:** nothing would be applied, because a safety limit forbids this plan."
    if plan.is_empty and plan.attention:
        return "**On merge:** nothing is changed in AWS until what needs attention is settled."
    if plan.is_empty:
        return "**On merge:** nothing is changed in AWS."
    words = "aft plans again and carries this out"
    if plan.attention:
        words += "; what needs attention is left as it is"
    return (
        f"**On merge:** {words}. Should anything risky appear that is not shown here, it is held, "
        "and the rest is applied."
    )


def _costs(page: PlanPage) -> Iterator[str]:
    """What the new accounts may cost, together."""
    new = [
        item.target
        for item in page.plan.changes
        if item.action is Action.CREATE and item.target != ORGANIZATION
    ]
    words = page.costs.total_of(new)
    if words:
        yield f"**{counted(len(new), 'new account')}:** {prose(words)}."


def _risky(kinds: Kinds, changes: Sequence[Change]) -> Iterator[Entry]:
    """What belongs to no account and is removed, or is risky for another reason."""
    deleted = [change for change in changes if change.action.removes]
    for kind in kinds.values():
        noun = f"risky {kind.noun[0]} change"
        for entry in _things(kinds, deleted, kind, noun):
            yield replace(entry, text=f"{kind.title} that are deleted:\n\n{entry.text}")
        for change in changes:
            if change not in deleted:
                why = f"{kind.title}: {kinds.risk_words(change)}. {prose(change.reason)}"
                for entry in _things(kinds, [change], kind, noun):
                    yield replace(entry, text=f"{why}\n\n{entry.text}")


def attention_entries(items: Sequence[Finding]) -> tuple[Entry, ...]:
    """What a person has to know or decide, as items of a list."""
    return tuple(
        Entry(
            text=f"- **{item.code}** "
            + (f"{', '.join(map(code_span, targets))}: " if item.target != ORGANIZATION else "")
            + prose(item.message)
            + (f"<br>→ {prose(item.hint)}" if item.hint else ""),
            tally=(("note that needs attention", len(targets)),),
        )
        for item, targets in said_once(items)
    )


def _things(kinds: Kinds, changes: Sequence[Change], kind: Kind, noun: str) -> tuple[Entry, ...]:
    """Those of one kind in one block."""
    found = [change for change in changes if change.kind == kind.name]
    lines = [f"{item.symbol} {', '.join(item.values)}" for item, _ in items_of(kinds, found)]
    return (Entry(text=diff(lines), tally=((noun, len(found)),)),) if found else ()


def _footer(page: PlanPage) -> str:
    plan = page.plan
    revision = code_span(short(plan.revision))
    parts = [
        f"Plan {code_span(plan_digest(plan)[:19])}",
        revision if plan.revision == WORKING_TREE else f"revision {revision}",
    ]
    if page.base:
        parts.append(f"into {code_span(short(page.base))}")
    parts.append(f"organization {code_span(plan.snapshot[:19])} {_age(page)}".rstrip())
    parts.append(f"ledger {code_span(plan.ledger[:7]) or 'empty'}")
    if plan.scope is not None:
        parts.append(f"{counted(len(plan.scope), 'request')} looked at, no others")
    return f"<sub>{' · '.join(parts)}</sub>"


def _age(page: PlanPage) -> str:
    """When the organization was read, and how long before the plan."""
    then = page.published_at or page.read_at
    if then is None:
        return ""
    when = f"{'as published at' if page.published_at else 'read'} {then:%Y-%m-%d %H:%M} UTC"
    if not page.plan.made_at:
        return when
    minutes = int((datetime.fromisoformat(page.plan.made_at) - then).total_seconds() // 60)
    return f"{when}, {_long(minutes)} before the plan" if minutes > 0 else when


def _long(minutes: int) -> str:
    for size, word in ((60 * 24, "day"), (60, "hour")):
        if minutes >= 2 * size:
            return counted(minutes // size, word)
    return counted(minutes, "minute")
