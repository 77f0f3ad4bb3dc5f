"""How an apply ended: what failed and why, then one line that adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rich.text import Text

from aft.plan.codec import plan_digest
from aft.plan.coverage import subject_of
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Plan
from aft.plan.outcome import Outcome, Status, TargetOutcome
from aft.report.held import held_rows
from aft.report.plain import json_text, one_line
from aft.report.text import wrapped
from aft.report.wording import held_back_sentence
from aft.values.words import counted

_STYLES: Mapping[Status, str] = {
    Status.SUCCEEDED: "green",
    Status.FAILED: "bold red",
    Status.BLOCKED: "yellow",
    Status.HELD: "bold yellow",
    Status.STOPPED: "yellow",
}


def outcome_view(outcome: Outcome, kinds: Kinds, *, width: int | None = None) -> Text:
    """The rows that are not done, with reason and hint, and a last line of counts. With ``width``
    rows go on below where they started; without it each is one line, for tools."""
    lines = [line for row in outcome.targets for line in _row(row, kinds)]
    lines += _held(outcome, kinds)
    if outcome.stop_reason:
        lines.append(Text(f"Stopped: {one_line(outcome.stop_reason)}. The next run continues."))
    if outcome.unpublished:
        why = one_line(outcome.unpublished)
        words = f"the ledger is not pushed yet: {why}; the next run pushes it"
        lines.append(Text("! ", style="bold red").append(words, style=""))
    if width is not None:
        lines = [part for line in lines for part in _folded(line, width)]
    if lines:
        lines.append(Text())
    if outcome.run or outcome.targets or outcome.unfulfilled:
        lines.append(Text(outcome_line(outcome), style="bold"))
    return Text("\n").join(lines)


def _folded(line: Text, width: int) -> Iterator[Text]:
    """The line, broken at spaces; what follows the first row is indented."""
    plain = line.plain
    margin = len(plain) - len(plain.lstrip()) + 2
    rows = wrapped(plain[margin:], max(20, width - margin - 2))
    start = margin
    for number, row in enumerate(rows):
        part = line[start : start + len(row)]
        yield line[:margin] + part if number == 0 else Text(" " * (margin + 2)) + part
        start += len(row) + 1


def _row(row: TargetOutcome, kinds: Kinds) -> list[Text]:
    if row.culprit is None or (row.status is Status.HELD and is_held_itself(row)):
        return []
    what = kinds.describe(row.culprit.change)
    line = Text(f"{row.status.value} ", style=_STYLES[row.status])
    line.append(one_line(row.target), style="bold")
    lines = [line.append(f" {one_line(what)}: {one_line(row.reason)}", style="")]
    if row.hint:
        lines.append(Text(f"  → {one_line(row.hint)}", style="italic"))
    return lines


def _held(outcome: Outcome, kinds: Kinds) -> list[Text]:
    """What people have to agree to, with the reasons."""
    lines: list[Text] = []
    for row in held_rows(kinds, outcome.held):
        line = Text(f"{Status.HELD.value} ", style=_STYLES[Status.HELD])
        lines.append(line.append(f"{row.words}: {one_line(row.message)}", style=""))
        lines += [Text(f"    {one_line(line)}") for line in row.shown]
        if row.hint:
            lines.append(Text(f"  → {one_line(row.hint)}", style="italic"))
    if outcome.release:
        lines.append(Text(f"  → {release_words(outcome)}", style="italic"))
    return lines


def release_words(outcome: Outcome) -> str:
    """How people let through exactly what is held."""
    return f"to let exactly this through: aft apply --reviewed … --accept {outcome.release}"


def is_held_itself(row: TargetOutcome) -> bool:
    """Something of it, and not of another account, waits for people."""
    return any(step.status is Status.HELD and not step.waits_for for step in row.steps)


def outcome_line(outcome: Outcome) -> str:
    """``Apply: 2 of 3 accounts done, 1 failed; 12 of 14 steps. Run ….``"""
    if not outcome.targets:
        return f"Apply: nothing done{unfulfilled_words(outcome)}."
    accounts = [row for row in outcome.targets if row.target != ORGANIZATION]
    done = sum(row.status is Status.SUCCEEDED for row in accounts)
    steps = outcome.step_counts
    parts = [f"{done} of {counted(len(accounts), 'account')} done", *not_done(outcome)]
    run = f" Run {outcome.run}." if outcome.run else ""
    also = unfulfilled_words(outcome)
    done_steps = f"{steps.succeeded} of {counted(steps.total, 'step')}"
    held = held_back_sentence(outcome.held_back)
    return f"Apply: {', '.join(parts)}; {done_steps}{also}.{run}{held}"


def unfulfilled_words(outcome: Outcome) -> str:
    """``; 1 request needs attention; 2 unfulfilled before, which this change does not cover``."""
    own, others = (outcome.open_subjects(is_own=is_own) for is_own in (True, False))
    doubtful = {item.target for item in outcome.unfulfilled} & own
    doubtful -= {item.target for item in outcome.held_back}
    needs = "needs" if len(doubtful) == 1 else "need"
    noun = "thing" if ORGANIZATION in doubtful else "request"
    parts = [f"{counted(len(doubtful), noun)} {needs} attention"] if doubtful else []
    if others:
        parts.append(f"{len(others):,} unfulfilled, which this change does not cover")
    return "".join(f"; {part}" for part in parts)


def not_done(outcome: Outcome) -> list[str]:
    """``2 failed``, ``1 blocked``: how many targets ended so."""
    ended = Counter(row.status for row in outcome.targets)
    order = (Status.FAILED, Status.BLOCKED, Status.HELD, Status.STOPPED)
    return [f"{ended[status]:,} {status.value}" for status in order if ended[status]]


def outcome_json(outcome: Outcome, plan: Plan) -> str:
    """``{"run", "plan", "revision", "counts", "accounts": [{"id", "account_id", "status",
    "reason", "hint", "covered", "steps"}], "unfulfilled": [{"id", "code", "reason", "hint",
    "covered"}], "held_back": [{"id", "reason"}]}``; ``run`` is ``null`` when there was nothing to
    do, ``covered`` is true of what the exit code is about, ``held_back`` is there when errors in
    files hold accounts back, ``release`` the digest that lets through what waits for people."""
    rows = outcome.targets
    held_back = [{"id": item.target, "reason": item.message} for item in outcome.held_back]
    shape = {
        "run": outcome.run or None,
        "plan": plan_digest(plan),
        "revision": plan.revision,
        "stop_reason": outcome.stop_reason,
        "unpublished": outcome.unpublished,
        **({"held_back": held_back} if held_back else {}),
        **({"release": outcome.release} if outcome.release else {}),
        "counts": {status.value: sum(row.status is status for row in rows) for status in Status},
        "accounts": [
            {
                "id": row.target,
                "account_id": row.account_id,
                "status": row.status.value,
                "reason": row.reason,
                "hint": row.hint,
                "covered": outcome.covers is None or _is_covered(row, outcome.covers),
                "steps": [
                    {
                        "change": step.change.id,
                        "status": step.status.value,
                        "message": step.message,
                        "seconds": round(step.seconds, 3),
                        **({"shown": step.shown} if step.shown else {}),
                    }
                    for step in row.steps
                ],
            }
            for row in rows
        ],
        "unfulfilled": [
            {
                "id": item.target,
                "code": item.code,
                "reason": item.message,
                "hint": item.hint,
                "covered": outcome.covers is None or item.target in outcome.covers,
            }
            for item in outcome.unfulfilled
        ],
    }
    return json_text(shape)


def _is_covered(row: TargetOutcome, covers: frozenset[str]) -> bool:
    return any(subject_of(step.change) in covers for step in row.steps)


def superseded_json(revision: str, by: str) -> str:
    """``{"run": null, "revision", "superseded_by", "accounts": []}``: nothing was done."""
    nothing: list[str] = []
    shape = {"run": None, "revision": revision, "superseded_by": by, "accounts": nothing}
    return json_text(shape)
