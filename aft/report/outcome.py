"""How an apply ended: what failed and why, then one line that adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.text import Text

from aft.plan.codec import plan_digest
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Plan
from aft.plan.outcome import Outcome, Status, TargetOutcome
from aft.report.plain import json_text, one_line
from aft.values.words import counted

_STYLES: Mapping[Status, str] = {
    Status.SUCCEEDED: "green",
    Status.FAILED: "bold red",
    Status.BLOCKED: "yellow",
    Status.STOPPED: "yellow",
}


def outcome_view(outcome: Outcome, kinds: Kinds) -> Text:
    """The rows that are not done, with reason and hint, and a last line of counts."""
    lines = [line for row in outcome.targets for line in _row(row, kinds)]
    if outcome.stop_reason:
        lines.append(Text(f"Stopped: {one_line(outcome.stop_reason)}. The next run continues."))
    if outcome.unpublished:
        why = one_line(outcome.unpublished)
        words = f"the ledger is not pushed yet: {why}; the next run pushes it"
        lines.append(Text("! ", style="bold red").append(words, style=""))
    if lines and outcome.run:
        lines.append(Text())
    if outcome.run:
        lines.append(Text(outcome_line(outcome), style="bold"))
    return Text("\n").join(lines)


def _row(row: TargetOutcome, kinds: Kinds) -> list[Text]:
    if row.status is Status.SUCCEEDED or row.culprit is None:
        return []
    what = kinds.describe(row.culprit.change)
    line = Text(f"{row.status.value} ", style=_STYLES[row.status])
    line.append(one_line(row.target), style="bold")
    lines = [line.append(f" {one_line(what)}: {one_line(row.reason)}", style="")]
    if row.hint:
        lines.append(Text(f"  → {one_line(row.hint)}", style="italic"))
    return lines


def outcome_line(outcome: Outcome) -> str:
    """``Apply: 2 of 3 accounts done, 1 failed; 12 of 14 steps. Run ….``"""
    accounts = [row for row in outcome.targets if row.target != ORGANIZATION]
    done = sum(row.status is Status.SUCCEEDED for row in accounts)
    steps = outcome.step_counts
    parts = [f"{done} of {counted(len(accounts), 'account')} done", *not_done(outcome)]
    return (
        f"Apply: {', '.join(parts)}; {steps.succeeded} of {counted(steps.total, 'step')}. "
        f"Run {outcome.run}."
    )


def not_done(outcome: Outcome) -> list[str]:
    """``2 failed``, ``1 blocked``: how many targets ended so."""
    ended = Counter(row.status for row in outcome.targets)
    order = (Status.FAILED, Status.BLOCKED, Status.STOPPED)
    return [f"{ended[status]:,} {status.value}" for status in order if ended[status]]


def outcome_json(outcome: Outcome | None, plan: Plan) -> str:
    """``{"run", "plan", "revision", "counts", "accounts": [{"id", "account_id", "status",
    "reason", "hint", "steps"}]}``; ``run`` is ``null`` when there was nothing to do."""
    rows = outcome.targets if outcome is not None else ()
    shape = {
        "run": (outcome.run or None) if outcome is not None else None,
        "plan": plan_digest(plan),
        "revision": plan.revision,
        "stop_reason": outcome.stop_reason if outcome is not None else "",
        "unpublished": outcome.unpublished if outcome is not None else "",
        "counts": {status.value: sum(row.status is status for row in rows) for status in Status},
        "accounts": [
            {
                "id": row.target,
                "account_id": row.account_id,
                "status": row.status.value,
                "reason": row.reason,
                "hint": row.hint,
                "steps": [
                    {
                        "change": step.change.id,
                        "status": step.status.value,
                        "message": step.message,
                        "seconds": round(step.seconds, 3),
                    }
                    for step in row.steps
                ],
            }
            for row in rows
        ],
    }
    return json_text(shape)
