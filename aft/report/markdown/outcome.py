"""How an apply ended, as the comment on the merged pull request and as the job's summary: first
what is not done, with reason and hint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from aft.plan.codec import plan_digest
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Change, Plan
from aft.plan.outcome import Outcome, Status, TargetOutcome
from aft.plan.reviewed import Reviewed
from aft.report.held import HeldRow, held_rows
from aft.report.markdown.accounts import diff
from aft.report.markdown.fitting import Entry, Parts, bullets, left_out
from aft.report.markdown.inert import code_span, prose
from aft.report.markdown.plan import attention_entries
from aft.report.markdown.unreviewed import unreviewed_entries
from aft.report.masking import NO_MASK, Mask
from aft.report.outcome import is_held_itself, not_done, outcome_line
from aft.report.plain import one_line
from aft.report.wording import held_back_words, short, summary_line
from aft.values.words import counted

_SIGNS = {
    Status.FAILED: "❌",
    Status.BLOCKED: "🚧",
    Status.HELD: "✋",
    Status.STOPPED: "⏸️",
    Status.SUCCEEDED: "✅",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePage:
    """How ``plan`` was carried out. ``routine`` are changes that no one had reviewed and that are
    no risk; ``ledger`` is the ledger's commit in the end, ``notes`` what else went wrong.
    ``release_how`` says where people give the digest of what is held."""

    plan: Plan
    kinds: Kinds
    outcome: Outcome
    ledger: str = ""
    reviewed: Reviewed | None = None
    routine: Sequence[Change] = ()
    notes: Sequence[str] = ()
    release_how: str = "`aft apply --reviewed … --accept`"
    rest: str = "the summary of this job and its artifact have all rows"
    mask: Mask = NO_MASK

    verb: ClassVar[str] = "apply"

    @property
    def is_open(self) -> bool:
        """A later run has something left to do of what this one is judged by."""
        return self.outcome.exit_code != 0 or bool(self.notes)

    def parts(self, *, everything: bool) -> Parts:  # noqa: ARG002 - no list is ever shortened
        """What is not done comes first."""
        rows = self.outcome.targets
        order = (Status.FAILED, Status.BLOCKED, Status.STOPPED)
        left = [row for status in order for row in rows if row.status is status]
        waiting = [row for row in rows if row.status is Status.HELD and not is_held_itself(row)]
        done = [row for row in rows if row.status is Status.SUCCEEDED]
        routine = (
            unreviewed_entries(self.kinds, self.routine, self.reviewed, noun="change")
            if self.reviewed is not None
            else ()
        )
        attention = attention_entries(self.plan.attention)
        sections = [
            bullets("### Not done", (_left(self, row) for row in left), is_vital=True),
            bullets(
                "### Held until someone agrees",
                (*_held(self), *(_left(self, row) for row in waiting)),
                is_vital=True,
            ),
            bullets("### Needs attention", attention, is_vital=True),
            bullets("### Done", (_done(self, row) for row in done)),
            bullets("### Not in the reviewed plan, but no risk", routine),
        ]
        outcome, plan = self.outcome, self.plan
        counts = outcome_line(outcome) if outcome.targets else summary_line(plan, self.kinds)
        top = (f"## {_headline(self)}", f"**{prose(counts)}**", *_what_next(self))
        return top, sections, _footer(self), left_out(self.rest)


def _headline(page: OutcomePage) -> str:
    """How it ended, and how many accounts errors in files hold back."""
    held = held_back_words(page.outcome.held_back)
    return ", ".join(filter(None, (_ended(page), held)))


def _ended(page: OutcomePage) -> str:
    outcome = page.outcome
    others = len(outcome.open_subjects(is_own=False))
    also = f"; {others:,} unfulfilled, which this change does not cover" if others else ""
    if outcome.unpublished and not outcome.targets:
        return f"⚠️ aft apply: the ledger is not pushed{also}"
    if outcome.exit_code == 0:
        is_empty = all(row.status is Status.HELD for row in outcome.targets)
        done = "nothing to do" if is_empty else "done" if also else "all done"
        return f"✅ aft apply: {done}{also}"
    if not outcome.targets:
        return f"⚠️ aft apply: nothing done, something needs attention{also}"
    ended = {row.status for row in outcome.targets}
    sign = "❌" if Status.FAILED in ended else "⏸️" if Status.STOPPED in ended else "⚠️"
    return ", ".join([f"{sign} aft apply: partly done", *not_done(outcome)]) + also


def _what_next(page: OutcomePage) -> Iterator[str]:
    outcome = page.outcome
    ended = {row.status for row in outcome.targets}
    if outcome.stop_reason:
        why = prose(outcome.stop_reason)
        yield f"> [!WARNING]\n> Stopped: {why}. The next run continues there."
    if ended & {Status.FAILED, Status.BLOCKED}:
        yield (
            "> [!CAUTION]\n> What failed stays queued and is tried again by the next run, and so "
            "is what waits for it. Fix the cause; `aft status` shows what is left."
        )
    if outcome.unpublished:
        yield (
            f"> [!WARNING]\n> The ledger is not pushed yet: {prose(outcome.unpublished)}. The next "
            "run pushes it."
        )
    if outcome.release:
        how = f"{prose(page.release_how)} {code_span(outcome.release)}"
        yield f"> [!WARNING]\n> To let through exactly what is held: {how}"
    for note in page.notes:
        yield f"> [!WARNING]\n> {prose(note)}"


def _held(page: OutcomePage) -> Iterator[Entry]:
    for row in held_rows(page.kinds, page.outcome.held):
        hint = f"<br>→ {prose(row.hint)}" if row.hint else ""
        yield Entry(
            text=f"- {_SIGNS[Status.HELD]} {code_span(row.words)}: {prose(row.message)}{hint}"
            f"{_shown(row)}",
            tally=(("held change", row.number),),
        )


def _shown(row: HeldRow) -> str:
    """What people have to agree to, whole."""
    return f"\n\n{diff([one_line(line) for line in row.shown])}\n" if row.shown else ""


def _left(page: OutcomePage, row: TargetOutcome) -> Entry:
    culprit = row.culprit
    step = f" {code_span(page.kinds.describe(culprit.change))}" if culprit is not None else ""
    hint = f"<br>→ {prose(row.hint)}" if row.hint else ""
    done = sum(step.status is Status.SUCCEEDED for step in row.steps)
    reason = f": {prose(row.reason)}" if row.reason else ""
    return Entry(
        text=f"- {_SIGNS[row.status]} {_name(row)} {row.status.value} at{step}{reason}{hint}"
        f"<br>{done} of {counted(len(row.steps), 'step')} done",
        tally=((f"{row.status.value} account", 1),),
    )


def _done(page: OutcomePage, row: TargetOutcome) -> Entry:
    verbs = Counter(page.kinds.verb(step.change) for step in row.steps)
    words = [verb.done for verb in verbs if verb.counted is None]
    words += [
        counted(number, *verb.counted) for verb, number in verbs.items() if verb.counted is not None
    ]
    return Entry(
        text=f"- {_SIGNS[row.status]} {_name(row)} {', '.join(words)}", tally=(("account", 1),)
    )


def _name(row: TargetOutcome) -> str:
    if row.target == ORGANIZATION:
        return "Organization:"
    account = f" {code_span(row.account_id)}" if row.account_id else ""
    return f"{code_span(row.target)}{account}"


def _footer(page: OutcomePage) -> str:
    parts = [f"Run {code_span(page.outcome.run)}"] if page.outcome.run else []
    parts.append(f"plan {code_span(plan_digest(page.plan)[:19])}")
    parts.append(f"revision {code_span(short(page.plan.revision))}")
    if page.reviewed is not None:
        seen = code_span(page.reviewed.plan[:19]) if page.reviewed.plan else "nothing"
        parts.append(f"reviewed {seen}")
    parts.append(f"ledger {code_span(page.ledger[:7]) or 'empty'}")
    return f"<sub>{' · '.join(parts)}</sub>"
