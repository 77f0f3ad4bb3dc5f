"""Drift as an issue and as a job's summary. Nothing from outside becomes markup
(``aft.report.plain``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from aft.plan.drift import Drift, Outside
from aft.report.drift.wording import (
    accounts_of,
    by_target,
    label,
    pending_line,
    remark,
    summary_line,
)
from aft.report.headline import short
from aft.report.plain import code_span, counted, fence_for, one_line, prose

MARKER = "<!-- aft:drift -->"
"""First line of the issue, by which the next run finds it."""

ISSUE_LIMIT = 65_000
"""Characters; GitHub takes 65,536."""

SUMMARY_LIMIT = 500_000
"""Characters; GitHub takes 1 MiB in a job's summary, and counts bytes, of which a letter may
have several."""


def drift_markdown(drift: Drift, *, read_at: datetime, limit: int = ISSUE_LIMIT) -> str:
    """At most ``limit`` characters; where there is no room, what is left out is counted.

    ``read_at`` (aware) is when the organization was read.
    """
    head = [MARKER, f"## {_headline(drift)}", f"**{prose(summary_line(drift))}**"]
    body = [
        *_outside(drift.outside),
        *_what_to_do(drift),
        *_folded(
            "Asked for in git, not applied yet", [pending_line(item) for item in drift.pending]
        ),
        *_folded("Needs attention", [f"{item.target}: {item.message}" for item in drift.doubts]),
        *_folded("Could not be read", [f"{item.target}: {item.message}" for item in drift.unread]),
        *_folded(
            "Accounts that no request knows",
            [
                f"{item.account_id} {item.name} in {item.ou} ({item.state})"
                for item in drift.unmanaged
            ],
        ),
    ]
    footer = (
        f"<sub>revision {code_span(short(drift.revision))} · organization and accounts read "
        f"{read_at:%Y-%m-%d %H:%M} UTC</sub>"
    )
    return _fitted(head, body, footer, limit=limit)


def drift_failed_markdown(message: str, hint: str = "") -> str:
    """What the issue and the summary say when nobody could look: never "no drift"."""
    parts = [
        MARKER,
        "## ❌ aft drift failed",
        "Nobody can say whether something changed outside git, because the check itself failed:",
        f"> {prose(message)}",
        *([f"→ {prose(hint)}"] if hint else []),
    ]
    return "\n\n".join(parts) + "\n"


def _headline(drift: Drift) -> str:
    if drift.outside:
        accounts = accounts_of(drift.outside)
        where = f" in {counted(accounts, 'account')}" if accounts else ""
        return f"⚠️ aft drift: changed outside git{where}"
    if drift.unread:
        return f"❔ aft drift: {counted(len(drift.unread), 'account')} could not be read"
    return "✅ aft drift: none"


def _outside(entries: Sequence[Outside]) -> list[str]:
    parts: list[str] = ["### Changed outside git"] if entries else []
    for target, items in by_target(entries).items():
        account = f" {code_span(items[0].account_id)}" if items[0].account_id else ""
        lines: list[str] = []
        for item in items:
            note = remark(item)
            lines.append(f"! {label(item)}" + (f" ({note})" if note else ""))
            lines.extend(f"    {one_line(line)}" for line in item.differences)
        fence = fence_for(lines)
        parts.append(
            "\n".join((f"{code_span(target)}{account}", "", f"{fence}diff", *lines, fence))
        )
    return parts


def _what_to_do(drift: Drift) -> list[str]:
    if not drift.outside:
        return []
    words = (
        "To put it back: `aft drift --repair`. To keep it: change the request or baseline so that "
        "it says what is there now, and merge that. This issue closes itself when nothing differs."
    )
    return [words]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    summary = f"<details><summary>{title} ({len(lines):,})</summary>"
    return ["\n\n".join((summary, "\n".join(f"- {prose(line)}" for line in lines), "</details>"))]


def _fitted(head: list[str], body: list[str], footer: str, *, limit: int) -> str:
    room = limit - len(footer) - 200
    kept: list[str] = []
    parts: Iterable[str] = (*head, *body)
    for index, part in enumerate(parts):
        room -= len(part) + 2
        if room < 0:
            left = counted(len(head) + len(body) - index, "part")
            kept.append(f"*{left} left out here for want of room; drift.json has everything.*")
            break
        kept.append(part)
    return "\n\n".join((*kept, footer)) + "\n"
