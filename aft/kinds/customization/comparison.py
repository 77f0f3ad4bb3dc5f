"""What running a step would change, from what the ledger keeps of the last time it ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from aft.customizations.model import (
    Compares,
    CustomizationStep,
    StepInputs,
    step_ref,
)
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.plan.words import ARROW
from aft.values.parts import OUTPUTS, Comparison, PartChange, PartOutcome

MOST_PROPERTIES = 6
MOST_LINES = 60
_ORDER = (
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
    found = replace(runner.compare(step, inputs, before), is_new=done is None)
    if waits and done is not None:
        why = "it reads what an earlier step of this plan leaves, which is known only then"
        return replace(found, unknown=(*found.unknown, why))
    return found


def words_of(comparison: Comparison) -> tuple[tuple[str, ...], int]:
    """Lines for people, the worst first, and how many of them must not be left out."""
    parts = sorted(comparison.parts, key=lambda part: _ORDER.index(part.outcome))
    vital = [line for part in parts if part.outcome.loses for line in _lines(part)]
    unknown = [f"! not known: {why}" for why in comparison.unknown]
    vital += [] if comparison.is_new else unknown
    rest = unknown if comparison.is_new else []
    rest += [line for part in parts if not part.outcome.loses for line in _lines(part)]
    diff = list(comparison.diff[:MOST_LINES])
    if len(comparison.diff) > len(diff):
        diff.append(f"… and {len(comparison.diff) - len(diff):,} more lines")
    return (*vital, *rest, *diff), len(vital) + len(diff)


def additions(comparison: Comparison) -> str:
    """What a step makes in an account that has nothing of it, on one line."""
    made = (f"{part.id} ({part.noun})" for part in comparison.parts if part.id != OUTPUTS)
    return ", ".join(made)


def _lines(part: PartChange) -> Iterator[str]:
    kept = " and stays in the account, outside of the stack" if part.is_kept else ""
    verb = "" if part.outcome is PartOutcome.MAY_BE_REPLACED else "is "
    why = f": {part.reason}" if part.reason else ""
    yield f"{_SIGNS[part.outcome]} {part.id} ({part.noun}) {verb}{part.outcome}{kept}{why}"
    if part.outcome is PartOutcome.ADDED:
        return
    for item in part.properties[:MOST_PROPERTIES]:
        before = "nothing" if item.before is None else item.before or '""'
        after = "nothing" if item.after is None else item.after or '""'
        yield f"· {item.path}: {before} {ARROW} {after}"
    left = len(part.properties) - MOST_PROPERTIES
    if left > 0:
        yield f"· … and {left:,} more propert{'y' if left == 1 else 'ies'}"
