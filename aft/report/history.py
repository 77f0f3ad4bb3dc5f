"""``aft history ID``: the commits of a request and the ledger's events, in one timeline."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC

from rich.text import Text

from aft.ledger.events import EventKind, LedgerFault
from aft.ledger.timeline import COMMIT, TimelineEntry
from aft.plan.ledger_faults import fault_words
from aft.report.plain import json_text, one_line
from aft.values.canonical_json import plain
from aft.values.words import counted

_STYLES: Mapping[str, str] = {
    COMMIT: "cyan",
    EventKind.BOUND: "green",
    EventKind.STEP_DONE: "green",
    EventKind.STEP_CONFIRMED: "green",
    EventKind.STEP_FAILED: "bold red",
    EventKind.STEP_HELD: "yellow",
    EventKind.FORGOTTEN: "red",
    EventKind.INTENT_SETTLED: "yellow",
}
_WHERE = re.compile(r" in \S+ \([0-9]{12}\)")
_MARKS: Mapping[str, str] = {
    COMMIT: "*",
    EventKind.STEP_FAILED: "!",
    EventKind.STEP_HELD: "!",
    EventKind.FORGOTTEN: "-",
}


def history_view(entries: Sequence[TimelineEntry], *, width: int = 80) -> Text:
    """A line per moment below a line per commit or run: what, and by whom; times are UTC."""
    if not entries:
        return Text("Nothing has happened to this request yet.")
    lines: list[Text] = []
    section = ""
    for entry in entries:
        if (entry.run or entry.commit) != section:
            section = entry.run or entry.commit
            lines += [Text()] if lines else []
            lines.append(_heading(entry))
        lines.append(_line(entry, width))
    return Text("\n").join(lines)


def examined_view(
    commit: str,
    subjects: int,
    faults: Sequence[LedgerFault],
    *,
    pushed: str = "",
    signed_by: str = "",
) -> Text:
    """What is wrong with the ledger at ``commit``, a line per place; and by which key the head
    ``pushed`` is signed, where the ledger is signed."""
    if not commit:
        return Text("There is no ledger yet.")
    view = _examined(commit, subjects, faults)
    if signed_by:
        view.append(f"\nThe last pushed head {pushed[:10]} is signed by the key {signed_by}.")
    elif pushed:
        words = f"\nThe last pushed head {pushed[:10]} has no valid signature."
        view.append(words, style="bold red")
    return view


def _examined(commit: str, subjects: int, faults: Sequence[LedgerFault]) -> Text:
    found = f"The ledger at {commit[:10]} has {counted(subjects, 'record')}"
    if not faults:
        return Text(f"{found}; all files are as aft wrote them.", style="green")
    places = counted(len(faults), "place is", "places are")
    lines = [Text(f"{found}; {places} not as aft wrote them:", style="bold red")]
    lines += [Text(f"  {one_line(item.subject)}: {fault_words(item)}") for item in faults]
    lines.append(Text("Only the events count. Find out who else writes to the ledger's branch."))
    return Text("\n").join(lines)


def examined_json(
    commit: str,
    subjects: int,
    faults: Sequence[LedgerFault],
    *,
    pushed: str = "",
    signed_by: str = "",
) -> str:
    """The same for tools; ``pushed`` and ``signed_by`` only of a ledger that is signed."""
    signature = {"pushed": pushed, "signed_by": signed_by} if pushed else {}
    found = {"commit": commit, "subjects": subjects, "faults": plain(list(faults))}
    return json_text({**found, **signature})


def _heading(entry: TimelineEntry) -> Text:
    what = f"commit {entry.commit[:10]}" if entry.kind == COMMIT else f"run {entry.run}"
    day = f"{entry.at.astimezone(UTC):%Y-%m-%d}"
    return Text(f"{day}  {what}", style="bold").append(f"  {one_line(entry.who)}", style="dim")


def _line(entry: TimelineEntry, width: int) -> Text:
    line = Text(f"  {entry.at.astimezone(UTC):%H:%M:%S} ", style="dim")
    line.append(f"{_MARKS.get(entry.kind, ' ')} ", style=_STYLES.get(entry.kind, ""))
    what = _WHERE.sub("", one_line(entry.what))  # every line is about the same account
    line.append(what, style=_STYLES.get(entry.kind, "") if entry.kind == COMMIT else "")
    line.truncate(max(40, width), overflow="ellipsis")
    return line


def history_json(entries: Sequence[TimelineEntry]) -> str:
    """A list, oldest first: ``{"at", "kind", "who", "what", "account_id", "commit", "run",
    "details"}``; ``kind`` is ``commit`` or a ledger event's kind."""
    return json_text([plain(entry) for entry in entries])
