"""``aft history ID``: the commits of a request and the ledger's events, in one timeline."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.text import Text

from aft.canonical import plain
from aft.ledger.events import EventKind, LedgerEvent
from aft.ports import CommitInfo
from aft.report.plain import one_line
from aft.report.table import Cell, table

_COMMIT = "request"
_STYLES: Mapping[str, str] = {
    _COMMIT: "cyan",
    EventKind.BOUND: "green",
    EventKind.STEP_DONE: "green",
    EventKind.STEP_CONFIRMED: "green",
    EventKind.STEP_FAILED: "bold red",
    EventKind.FORGOTTEN: "red",
    EventKind.INTENT_SETTLED: "yellow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One moment. ``kind`` is an ``EventKind`` value, or ``request`` for a commit in git."""

    at: datetime
    kind: str
    actor: str
    summary: str
    commit: CommitInfo | None = None
    event: LedgerEvent | None = None


def timeline(
    commits: Sequence[CommitInfo], events: Sequence[LedgerEvent]
) -> tuple[HistoryEntry, ...]:
    """Both, oldest first; at the same moment a commit precedes what it caused, and events keep
    the order in which they were written."""
    entries = [
        HistoryEntry(
            at=commit.committed_at,
            kind=_COMMIT,
            actor=commit.author,
            summary=commit.subject,
            commit=commit,
        )
        for commit in reversed(commits)
    ]
    entries += [
        HistoryEntry(
            at=event.at,
            kind=event.kind.value,
            actor=event.actor,
            summary=event.summary,
            event=event,
        )
        for event in events
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def history_text(entries: Sequence[HistoryEntry], *, width: int = 80) -> str:
    """``history_view`` without colours."""
    return history_view(entries, width=width).plain


def history_view(entries: Sequence[HistoryEntry], *, width: int = 80) -> Text:
    """A line per moment: when (UTC), what, by whom, and the commit or run it belongs to."""
    if not entries:
        return Text("Nothing has happened to this request yet.")
    rows = [_cells(entry) for entry in entries]
    return table(("WHEN (UTC)", "WHAT", "WHO", "REF", "SUMMARY"), rows, width=width, elastic=2)


def _cells(entry: HistoryEntry) -> tuple[Cell, ...]:
    if entry.commit is not None:
        ref = entry.commit.id[:7]
    else:
        ref = entry.event.run[-6:] if entry.event is not None else ""
    return (
        (f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", "dim"),
        (entry.kind, _STYLES.get(entry.kind, "")),
        (one_line(entry.actor), ""),
        (ref, "dim"),
        (one_line(entry.summary), ""),
    )


def history_json(entries: Sequence[HistoryEntry]) -> str:
    """A list, oldest first. Commits have ``{"at", "kind": "request", "actor", "summary",
    "commit": {…}}``; events all their fields, with ``kind`` an event kind."""
    return json.dumps([_plain(entry) for entry in entries], indent=2, ensure_ascii=False) + "\n"


def _plain(entry: HistoryEntry) -> dict[str, object]:
    head: dict[str, object] = {
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "actor": entry.actor,
        "summary": entry.summary,
    }
    if entry.commit is not None:
        return {**head, "commit": plain(entry.commit)}
    event = plain(entry.event)
    return {**head, **event} if isinstance(event, dict) else head
