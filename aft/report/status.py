"""``aft status``: one line per request, as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from aft.ledger.events import FailedStep, HeldStep
from aft.plan.status import Standing, StatusRow
from aft.report.plain import json_text, one_line
from aft.values.words import counted

_STYLES: Mapping[Standing, str] = {
    Standing.ACTIVE: "green",
    Standing.PENDING: "yellow",
    Standing.REQUESTED: "yellow",
    Standing.CREATING: "cyan",
    Standing.FAILED: "bold red",
    Standing.HELD: "bold yellow",
    Standing.ATTENTION: "bold red",
    Standing.SUSPENDED: "red",
    Standing.FORGOTTEN: "dim",
}
_HEAD = ("REQUEST", "ACCOUNT", "OU", "STATE", "LAST RUN", "PENDING", "FAILED")
_OU = _HEAD.index("OU")


Cell = tuple[str, str]
"""A text and its style."""

FindLog = Callable[[str, str, str], str]
"""The file with what a step wrote, by run, request and step, or an empty string."""


def status_view(
    rows: Sequence[StatusRow],
    *,
    things: Sequence[StatusRow] = (),
    width: int = 80,
    find_log: FindLog = lambda *_: "",
    with_logs: bool = False,
) -> Text:
    """A table, then why each failed or doubtful account is so, ``with_logs`` what steps that
    succeeded wrote, then the counts."""
    if not rows and not things:
        return Text(
            "No account is requested here yet; the first file in account-requests/ asks for one."
        )
    parts = [_table((*rows, *things), width)]
    reasons = [line for row in (*rows, *things) for line in _reasons(row, find_log)]
    if reasons:
        parts.append(Text("\n").join(reasons))
    if with_logs and (logs := [line for row in rows for line in _logs(row, find_log)]):
        parts.append(Text("\n").join(logs))
    parts.append(Text(_counts(rows, things), style="bold"))
    return Text("\n\n").join(parts)


def _table(rows: Sequence[StatusRow], width: int) -> Text:
    """Columns two spaces apart, without those that have nothing to say in any row; the OU gives way
    when they are too wide. The last column is never cut, but may be wider."""
    cells = [_cells(row) for row in rows]
    shown = [
        index
        for index, title in enumerate(_HEAD)
        if title not in ("PENDING", "FAILED") or any(row[index][0] != "-" for row in cells)
    ]
    head = tuple((title, "bold") for title in _HEAD)
    lines = [[row[index] for index in shown] for row in (head, *cells)]
    widths = [max(cell_len(text) for text, _ in column) for column in zip(*lines, strict=True)]
    surplus = sum(widths) + 2 * (len(widths) - 1) - width
    if surplus > 0:
        widths[_OU] = max(12, widths[_OU] - surplus)
    return Text("\n").join(_line(line, widths) for line in lines)


def _line(cells: Sequence[Cell], widths: Sequence[int]) -> Text:
    *before, (last, last_style) = cells
    line = Text()
    for (text, style), width in zip(before, widths, strict=False):
        line.append(_cut(text, width), style=style).append("  ")
    line.append(last.rstrip(), style=last_style).rstrip()
    return line


def _cut(text: str, width: int) -> str:
    """Padded to ``width``; a longer one keeps its beginning and end, where names differ."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    half = (width - 1) // 2
    return set_cell_size(f"{text[: width - 1 - half]}…{text[-half:]}", width)


def _cells(row: StatusRow) -> tuple[Cell, ...]:
    last = f"{row.last_at:%Y-%m-%d %H:%M}" if row.last_at is not None else "never"
    return (
        (one_line(row.id), ""),
        (row.account_id or "-", "" if row.account_id else "dim"),
        (one_line(row.ou) or "-", ""),
        (row.state.value, _STYLES[row.state]),
        (last, "dim"),
        (str(len(row.pending) or "-"), ""),
        (str(len(row.failed) or "-"), "red" if row.failed else ""),
    )


def _reasons(row: StatusRow, find_log: FindLog) -> list[Text]:
    lines = [_marked(f"{row.id}: {message}") for message in row.attention]
    for step, failure in row.failed:
        times = f" ({failure.attempts} times)" if failure.attempts > 1 else ""
        lines.append(_marked(f"{row.id}: {step} failed{times}: {failure.reason}"))
        if failure.hint:
            lines.append(Text(f"  → {one_line(failure.hint)}", style="italic"))
        if log := find_log(failure.run, row.id, step):
            lines.append(Text(f"  log: {one_line(log)}", style="dim"))
    for step, hold in row.held:
        since = f"{hold.at:%Y-%m-%d %H:%M} UTC"
        lines.append(_marked(f"{row.id}: {step} is held since {since}: {hold.reason}"))
        if hold.hint:
            lines.append(Text(f"  → {one_line(hold.hint)}", style="italic"))
    return lines


def _marked(words: str) -> Text:
    return Text("! ", style="bold red").append(one_line(words), style="")


def _logs(row: StatusRow, find_log: FindLog) -> list[Text]:
    return [
        Text(f"{one_line(row.id)}: {one_line(step)}\n  log: ").append(one_line(log), style="dim")
        for step, done in row.done
        if (log := find_log(done.run, row.id, step))
    ]


def _counts(rows: Sequence[StatusRow], things: Sequence[StatusRow]) -> str:
    counts = Counter(row.state for row in rows)
    parts = [f"{counts[state]} {state.value}" for state in Standing if counts[state]]
    failed = sum(bool(row.failed) for row in things)
    held = len(things) - failed
    also = f" {counted(failed, 'thing')} of the organization failed." if failed else ""
    also += f" {counted(held, 'thing')} of the organization held." if held else ""
    return f"{counted(len(rows), 'account')}{': ' if parts else ''}{', '.join(parts)}.{also}"


def status_json(
    rows: Sequence[StatusRow],
    *,
    things: Sequence[StatusRow] = (),
    find_log: FindLog = lambda *_: "",
) -> str:
    """``{"accounts": [{"id", "account_id", "ou", "state", "last_run", "pending", "failed"}]}``.

    ``last_run`` is ``null`` or ``{"id", "at"}``; ``pending`` names the changes to come; ``failed``
    holds ``{"step", "reason", "hint", "attempts", "at", "log"}``, where ``log`` is a file of this
    machine or empty, and ``held`` ``{"step", "reason", "hint", "since", "run"}``; ``attention`` the
    doubts; ``logs`` holds ``{"step", "run", "at", "log"}`` of steps that succeeded, as far as this
    machine has their logs. ``organization`` holds ``{"id", "failed", "held"}`` of what belongs to
    no account and failed last time or is held, such as ``ou/Workloads``.
    """
    accounts = [
        {
            "id": row.id,
            "account_id": row.account_id,
            "ou": row.ou,
            "state": row.state.value,
            "last_run": (
                {"id": row.last_run, "at": row.last_at.isoformat() if row.last_at else None}
                if row.last_run
                else None
            ),
            "pending": list(row.pending),
            "failed": [
                _failure(step, failure, find_log(failure.run, row.id, step))
                for step, failure in row.failed
            ],
            "held": [_hold(*item) for item in row.held],
            "attention": list(row.attention),
            "logs": [
                {"step": step, "run": done.run, "at": done.at.isoformat(), "log": log}
                for step, done in row.done
                if (log := find_log(done.run, row.id, step))
            ],
        }
        for row in rows
    ]
    organization = [
        {
            "id": row.id,
            "failed": [_failure(*item, "") for item in row.failed],
            "held": [_hold(*item) for item in row.held],
        }
        for row in things
    ]
    return json_text({"accounts": accounts, "organization": organization})


def _hold(step: str, hold: HeldStep) -> dict[str, object]:
    return {
        "step": step,
        "reason": hold.reason,
        "hint": hold.hint,
        "since": hold.at.isoformat(),
        "run": hold.run,
    }


def _failure(step: str, failure: FailedStep, log: str) -> dict[str, object]:
    return {
        "step": step,
        "reason": failure.reason,
        "hint": failure.hint,
        "attempts": failure.attempts,
        "at": failure.at.isoformat(),
        "log": log,
    }
