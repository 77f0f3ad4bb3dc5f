"""``aft status``: one line per request, as a table and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.text import Text

from aft.plan.status import DoneLine, FailedLine, Standing, StatusRow
from aft.report.plain import counted, one_line
from aft.report.table import Cell, table

_STYLES: Mapping[Standing, str] = {
    Standing.ACTIVE: "green",
    Standing.PENDING: "yellow",
    Standing.REQUESTED: "yellow",
    Standing.CREATING: "cyan",
    Standing.FAILED: "bold red",
    Standing.ATTENTION: "bold red",
    Standing.SUSPENDED: "red",
    Standing.FORGOTTEN: "dim",
}
_HEAD = ("REQUEST", "ACCOUNT", "OU", "STATE", "LAST RUN", "PENDING", "FAILED")


FindLog = Callable[[str, FailedLine | DoneLine], str]
"""The file with what a step of a request wrote, or an empty string."""


def _no_log(request_id: str, line: FailedLine | DoneLine) -> str:  # noqa: ARG001 - a FindLog
    return ""


def status_text(rows: Sequence[StatusRow], *, width: int = 80, find_log: FindLog = _no_log) -> str:
    """``status_view`` without colours."""
    return status_view(rows, width=width, find_log=find_log).plain


def status_view(
    rows: Sequence[StatusRow],
    *,
    things: Sequence[StatusRow] = (),
    width: int = 80,
    find_log: FindLog = _no_log,
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
    """Without the columns that have nothing to say in any row."""
    cells = [_cells(row) for row in rows]
    shown = [
        index
        for index, name in enumerate(_HEAD)
        if name not in ("PENDING", "FAILED") or any(row[index][0] != "-" for row in cells)
    ]
    return table(
        [_HEAD[index] for index in shown],
        [[row[index] for index in shown] for row in cells],
        width=width,
        elastic=2,
    )


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
    lines = [
        Text("! ", style="bold red").append(f"{one_line(row.id)}: {one_line(message)}", style="")
        for message in row.attention
    ]
    for failure in row.failed:
        times = f" ({failure.attempts} times)" if failure.attempts > 1 else ""
        lines.append(
            Text("! ", style="bold red").append(
                f"{one_line(row.id)}: {one_line(failure.step)} failed{times}: "
                f"{one_line(failure.reason)}",
                style="",
            )
        )
        if failure.hint:
            lines.append(Text(f"  → {one_line(failure.hint)}", style="italic"))
        if log := find_log(row.id, failure):
            lines.append(Text(f"  log: {one_line(log)}", style="dim"))
    return lines


def _logs(row: StatusRow, find_log: FindLog) -> list[Text]:
    return [
        Text(f"{one_line(row.id)}: {one_line(line.step)}\n  log: ").append(
            one_line(log), style="dim"
        )
        for line in row.done
        if (log := find_log(row.id, line))
    ]


def _counts(rows: Sequence[StatusRow], things: Sequence[StatusRow]) -> str:
    counts = Counter(row.state for row in rows)
    parts = [f"{counts[state]} {state.value}" for state in Standing if counts[state]]
    also = f" {counted(len(things), 'thing')} of the organization failed." if things else ""
    return f"{counted(len(rows), 'account')}{': ' if parts else ''}{', '.join(parts)}.{also}"


def status_json(
    rows: Sequence[StatusRow], *, things: Sequence[StatusRow] = (), find_log: FindLog = _no_log
) -> str:
    """``{"accounts": [{"id", "account_id", "ou", "state", "last_run", "pending", "failed"}]}``.

    ``last_run`` is ``null`` or ``{"id", "at"}``; ``pending`` names the changes to come; ``failed``
    holds ``{"step", "reason", "hint", "attempts", "at", "log"}``, where ``log`` is a file of this
    machine or empty; ``attention`` the doubts; ``logs`` holds ``{"step", "run", "at", "log"}`` of
    steps that succeeded, as far as this machine has their logs. ``organization`` holds ``{"id",
    "failed"}`` of what belongs to no account and failed last time, such as ``ou/Workloads``.
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
            "failed": [_failure(failure, find_log(row.id, failure)) for failure in row.failed],
            "attention": list(row.attention),
            "logs": [
                {"step": line.step, "run": line.run, "at": line.at.isoformat(), "log": log}
                for line in row.done
                if (log := find_log(row.id, line))
            ],
        }
        for row in rows
    ]
    organization = [
        {"id": row.id, "failed": [_failure(failure, "") for failure in row.failed]}
        for row in things
    ]
    shape = {"accounts": accounts, "organization": organization}
    return json.dumps(shape, indent=2, ensure_ascii=False) + "\n"


def _failure(failure: FailedLine, log: str) -> dict[str, object]:
    return {
        "step": failure.step,
        "reason": failure.reason,
        "hint": failure.hint,
        "attempts": failure.attempts,
        "at": failure.at.isoformat(),
        "log": log,
    }
