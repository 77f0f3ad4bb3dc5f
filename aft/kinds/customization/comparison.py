"""What running a step would change, from what the ledger keeps of the last time it ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from aft.config.allowance import allowed_parts, lines_for
from aft.customizations.model import (
    Compares,
    CustomizationStep,
    GivesPower,
    StepInputs,
    step_ref,
)
from aft.findings.model import Finding, finding_about
from aft.plan.fields import OUTSIDE_PREFIX, POWER_PREFIX
from aft.plan.model import FieldChange
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.plan.words import ARROW
from aft.values.parts import Comparison, PartChange, PartOutcome

MOST_PROPERTIES = 6
MOST_LINES = 60
ORDER = (
    PartOutcome.REPLACED,
    PartOutcome.REMOVED,
    PartOutcome.MAY_BE_REPLACED,
    PartOutcome.CHANGED,
    PartOutcome.ADDED,
)
_SIGNS: Mapping[PartOutcome, str] = {
    PartOutcome.ADDED: "+",
    PartOutcome.CHANGED: "~",
    PartOutcome.MAY_BE_REPLACED: "-/+",
    PartOutcome.REPLACED: "-/+",
    PartOutcome.REMOVED: "-",
}


def compare_step(
    view: PlanView,
    target: AccountTarget,
    step: CustomizationStep,
    inputs: StepInputs,
    *,
    waits: bool,
) -> Comparison | None:
    """``None`` where the step's runner cannot tell. ``waits``: it reads what only apply can know,
    so that the outputs among ``inputs`` are those of the last time."""
    runner = view.runners.get(step.kind)
    if not isinstance(runner, Compares):
        return None
    done = target.record.done(step_ref(step.id))
    subject, ref = target.record.subject, step_ref(step.id)
    before = None if done is None else view.kept(subject, ref, done.digest)
    found = runner.compare(step, inputs, before, waits=waits)
    return replace(found, is_new=done is None)


def gains_by(
    view: PlanView, target: AccountTarget, step: CustomizationStep, inputs: StepInputs
) -> Iterator[FieldChange]:
    """Fields that say who gains power in an account that exists, as far as its runner can tell."""
    runner = view.runners.get(step.kind)
    if target.account_id is None or not isinstance(runner, GivesPower):
        return
    ref, subject = step_ref(step.id), target.record.subject
    done = target.record.done(ref)
    before = None if done is None else view.kept(subject, ref, done.digest)
    for gain in runner.gains(step, inputs, before):
        others = [who for who in gain.principals if who not in view.members]
        prefix = OUTSIDE_PREFIX if others else POWER_PREFIX
        words = f"{gain.words}: {', '.join(others)}" if others else gain.words
        yield FieldChange(field=f"{prefix}{gain.part}", before=None, after=words)


def held_by_protection(
    view: PlanView, target: AccountTarget, step: CustomizationStep, found: Comparison | None
) -> Iterator[Finding]:
    """A remark where parts of a protected account would end that no reviewed line lets go."""
    request = target.request
    lines = lines_for(view.desired.config.allow, request.allow, target=request.id)
    allowed = allowed_parts(lines, step.id, today=view.today)
    losses = [part for part in found.parts if part.is_loss] if found is not None else []
    names = [part.id for part in losses if allowed.isdisjoint({"*", part.id})]
    if target.site.is_protected and names:
        item = f"{step.id}/{names[0]}"
        yield finding_about(
            "AFT944",
            request.id,
            f"the account is protected, so {step.id} will not be run: it would end "
            f"{', '.join(names)}",
            f"if that is intended, add `allow: [{{what: end, items: [{item}], reason: …, "
            f"until: …}}]` to {request.source.path}",
        )


def words_of(comparison: Comparison) -> tuple[tuple[str, ...], int]:
    """Lines for people, the worst first, and how many of them must not be left out."""
    parts = sorted(comparison.parts, key=lambda part: ORDER.index(part.outcome))
    vital = [line for part in parts if part.outcome.loses for line in part_lines(part)]
    unknown = [f"! not known: {why}" for why in comparison.unknown]
    vital += [] if comparison.is_new else unknown
    rest = unknown if comparison.is_new else []
    rest += [line for part in parts if not part.outcome.loses for line in part_lines(part)]
    return (*vital, *rest), len(vital)


def code_of(comparison: Comparison) -> tuple[str, ...]:
    """The lines of the diff that fit."""
    left = len(comparison.diff) - MOST_LINES
    rest = (f"… and {left:,} more lines",) if left > 0 else ()
    return (*comparison.diff[:MOST_LINES], *rest)


def additions(comparison: Comparison) -> str:
    """What a step makes in an account that has nothing of it, on one line."""
    made = (f"{part.id} ({part.noun})" for part in comparison.parts if part.noun)
    return ", ".join(made)


def part_lines(part: PartChange, *, whole: bool = False) -> Iterator[str]:
    """A line for the part and one for each property, of which ``whole`` shows all."""
    kept = " and stays in the account, unmanaged" if part.is_kept else ""
    verb = "" if part.outcome is PartOutcome.MAY_BE_REPLACED else "is "
    why = f": {part.reason}" if part.reason else ""
    name = f"{part.id} ({part.noun})" if part.noun else part.id
    yield f"{_SIGNS[part.outcome]} {name} {verb}{part.outcome}{kept}{why}"
    if part.outcome is PartOutcome.ADDED and not whole:
        return
    shown = part.properties if whole else part.properties[:MOST_PROPERTIES]
    for item in shown:
        before = "nothing" if item.before is None else item.before or '""'
        after = "nothing" if item.after is None else item.after or '""'
        yield f"· {item.path}: {before} {ARROW} {after}"
    left = len(part.properties) - len(shown)
    if left > 0:
        yield f"· … and {left:,} more propert{'y' if left == 1 else 'ies'}"
