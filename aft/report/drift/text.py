"""Drift as text for people; everything that changed outside git is said in full."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from aft.plan.drift import Drift
from aft.report.drift.wording import by_target, label, pending_line, remark, summary_line
from aft.report.plain import counted, one_line

_LIST_SHOWN = 20


def drift_view(drift: Drift, *, everything: bool = False) -> Text:
    """The four lists, those that are empty left out, and the summary line."""
    shown = 10**9 if everything else _LIST_SHOWN
    parts = [
        part
        for part in (
            _outside(drift),
            _listed("Asked for in git, not applied yet", map(pending_line, drift.pending), shown),
            _listed(
                "Needs attention",
                (f"{one_line(item.target)}: {one_line(item.message)}" for item in drift.doubts),
                shown,
            ),
            _listed(
                "Could not be read",
                (f"{one_line(item.target)}: {one_line(item.message)}" for item in drift.unread),
                shown,
            ),
            _listed("Accounts that no request knows", _unmanaged(drift), shown),
            Text(summary_line(drift), style="bold"),
        )
        if part is not None
    ]
    return Text("\n\n").join(parts)


def _outside(drift: Drift) -> Text | None:
    if not drift.outside:
        return None
    lines = [Text("Changed outside git", style="bold")]
    for target, items in by_target(drift.outside).items():
        account = f" {items[0].account_id}" if items[0].account_id else ""
        lines.append(Text(f"! {one_line(target)}{account}", style="bold red"))
        for item in items:
            lines.append(Text(f"    {label(item)}"))
            lines.extend(Text(f"      {one_line(line)}") for line in item.differences)
            if note := remark(item):
                lines.append(Text(f"      ({note})", style="dim"))
    return Text("\n").join(lines)


def _unmanaged(drift: Drift) -> Iterator[str]:
    for item in drift.unmanaged:
        tag = f", carries aft:request={item.tag}" if item.tag else ""
        state = "" if item.state == "ACTIVE" else f", {item.state}"
        yield one_line(f"{item.account_id} {item.name} in {item.ou}{state}{tag}")


def _listed(title: str, lines: Iterator[str], most: int) -> Text | None:
    found = list(lines)
    if not found:
        return None
    shown = [Text(title, style="bold"), *(Text(f"  {line}") for line in found[:most])]
    if len(found) > most:
        shown.append(Text(f"  and {counted(len(found) - most, 'more', 'more')}", style="dim"))
    return Text("\n").join(shown)
