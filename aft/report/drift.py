"""Drift as text, as JSON (a promise to other tools: keys are only ever added), and as the issue and
the job's summary, where nothing from outside becomes markup (``aft.report.plain``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.text import Text

from aft.findings.model import Finding
from aft.plan.drifted import Difference, Drift, Outside, Pending, Undone, Unmanaged
from aft.plan.model import ORGANIZATION
from aft.report.markdown.fitting import Entry, Section, fitted
from aft.report.markdown.inert import code_block, code_span, prose
from aft.report.plain import json_text, one_line
from aft.report.wording import short
from aft.values.canonical_json import plain
from aft.values.words import counted

FORMAT = 1

MARKER = "<!-- aft:drift -->"
"""First line of the issue, by which the next run finds it."""

ISSUE_LIMIT = 65_000
"""Characters; GitHub takes 65,536."""

SUMMARY_LIMIT = 500_000
"""Characters; GitHub takes 1 MiB in a job's summary, and counts bytes, of which a letter may
have several."""

_LIST_SHOWN = 20
_WHAT: Mapping[str, str] = {
    "account-gone": "gone",
    "account-suspended": "suspended",
    "account-kept": "moved",
    "root-email": "e-mail",
}


def drift_json(drift: Drift, *, read_at: datetime) -> str:
    """``{"format", "revision", "read_at", "scope", "accounts", "drift", "outside", "pending",
    "unmanaged", "unread", "attention", "undone"}``; ``drift`` is true when something changed
    outside git, or keeps an account out of its OU (``elsewhere``)."""
    return json_text(
        {
            "format": FORMAT,
            "revision": drift.revision,
            "read_at": read_at.isoformat(),
            "scope": None if drift.scope is None else list(drift.scope),
            "accounts": drift.accounts,
            "drift": drift.is_any,
            "outside": [
                {
                    **_entry(item),
                    "differences": list(item.differences),
                    "change": item.change.id if item.change is not None else None,
                    "note": item.note,
                }
                for item in drift.outside
            ],
            "pending": [
                {
                    **_entry(item),
                    "reason": item.reason,
                    "note": item.note,
                    "elsewhere": item.is_elsewhere,
                }
                for item in drift.pending
            ],
            "unmanaged": plain(drift.unmanaged),
            "unread": list(map(_doubt, drift.unread)),
            "attention": [{"code": item.code, **_doubt(item)} for item in drift.doubts],
            "undone": [
                {
                    "id": item.target,
                    "what": item.what,
                    "state": "held" if item.is_held else "failed",
                    "reason": item.reason,
                    "since": item.at.isoformat(),
                }
                for item in drift.undone
            ],
        }
    )


def _entry(item: Difference) -> dict[str, object]:
    return {
        "id": item.target,
        "account_id": item.account_id,
        "what": item.what,
        "subject": item.subject,
    }


def _doubt(item: Finding) -> dict[str, str]:
    return {"id": item.target, "message": item.message, "hint": item.hint}


def drift_view(drift: Drift, *, everything: bool = False) -> Text:
    """What changed outside git in full, the other lists that are not empty, the summary line."""
    parts = [_outside_view(drift)] if drift.outside else []
    for title, lines in _lists(drift).items():
        most = len(lines) if everything else _LIST_SHOWN
        shown = [Text(title, style="bold"), *(Text(f"  {one_line(it)}") for it in lines[:most])]
        if len(lines) > most:
            shown.append(Text(f"  and {len(lines) - most:,} more", style="dim"))
        parts.append(Text("\n").join(shown))
    return Text("\n\n").join([*parts, Text(_summary_line(drift), style="bold")])


def _outside_view(drift: Drift) -> Text:
    lines = [Text("Changed outside git", style="bold")]
    for target, items in _by_target(drift.outside).items():
        account = f" {items[0].account_id}" if items[0].account_id else ""
        lines.append(Text(f"! {one_line(target)}{account}", style="bold red"))
        for item in items:
            lines.append(Text(f"    {_label(item)}"))
            lines.extend(Text(f"      {one_line(line)}") for line in item.differences)
            if note := _remark(item):
                lines.append(Text(f"      ({note})", style="dim"))
    return Text("\n").join(lines)


_HELD = (
    "What waits for people is carried out once a pull request shows it. To let it through as it "
    "is, start the workflow `apply` manually: its result shows what is held, with the digest to "
    "give to the input `accept_held` (`aft apply --accept`)."
)


def drift_markdown(drift: Drift, *, read_at: datetime, limit: int = ISSUE_LIMIT) -> str:
    """At most ``limit`` characters; where there is no room, what is left out is counted.
    ``read_at`` (aware) is when the organization was read."""
    head = [MARKER, f"## {_headline(drift)}", f"**{prose(_summary_line(drift))}**"]
    body = _outside_markdown(drift.outside)
    for title, lines in _lists(drift).items():
        summary = f"<details><summary>{title} ({len(lines):,})</summary>"
        items = "\n".join(f"- {prose(line)}" for line in lines)
        body.append(f"{summary}\n\n{items}\n\n</details>")
    if any(item.is_held for item in drift.undone):
        body.append(_HELD)
    footer = (
        f"<sub>revision {code_span(short(drift.revision))} · organization and accounts read "
        f"{read_at:%Y-%m-%d %H:%M} UTC</sub>"
    )
    entries = tuple(Entry(text=part, tally=(("part", 1),)) for part in body)
    return fitted(
        "\n\n".join(head),
        [Section(title="", entries=entries)],
        footer,
        limit=limit,
        size=len,
        notice=lambda missing: (
            f"*{missing.words} left out here for want of room; drift.json has everything.*"
        ),
    )


def drift_failed_markdown(message: str, hint: str = "") -> str:
    """What the issue and the summary say when the check failed: never "no drift"."""
    parts = [
        MARKER,
        "## ❌ aft drift failed",
        "It is not known whether something changed outside git, because the check itself failed:",
        f"> {prose(message)}",
        *([f"→ {prose(hint)}"] if hint else []),
    ]
    return "\n\n".join(parts) + "\n"


def _headline(drift: Drift) -> str:
    if drift.outside:
        return f"⚠️ aft drift: changed outside git{_in_accounts(drift)}"
    if drift.elsewhere:
        return f"⚠️ aft drift: {_not_in_place(drift)}"
    if drift.unread:
        return f"❔ aft drift: {counted(len(drift.unread), 'account')} could not be read"
    if drift.is_unfulfilled:
        return "⚠️ aft drift: none, but something that git asks for is not done"
    return "✅ aft drift: none"


def _outside_markdown(entries: Sequence[Outside]) -> list[str]:
    if not entries:
        return []
    parts = ["### Changed outside git"]
    for target, items in _by_target(entries).items():
        account = f" {code_span(items[0].account_id)}" if items[0].account_id else ""
        lines: list[str] = []
        for item in items:
            note = _remark(item)
            lines.append(f"! {_label(item)}" + (f" ({note})" if note else ""))
            lines.extend(f"    {one_line(line)}" for line in item.differences)
        parts.append(f"{code_span(target)}{account}\n\n{code_block(lines, 'diff')}")
    parts.append(
        "To put it back: `aft drift --repair`. To keep it: change the request or baseline so that "
        "it says what is there now, and merge that. This issue closes itself when nothing differs."
    )
    return parts


def _lists(drift: Drift) -> Mapping[str, list[str]]:
    """What is listed in addition to drift itself, by title; not safe to show yet."""
    lists = {
        "Asked for in git, not applied yet": list(map(_pending_line, drift.pending)),
        "Failed, or waits for people": list(map(_undone_line, drift.undone)),
        "Needs attention": [f"{item.target}: {item.message}" for item in drift.doubts],
        "Could not be read": [f"{item.target}: {item.message}" for item in drift.unread],
        "Accounts that no request knows": list(map(_unmanaged_line, drift.unmanaged)),
    }
    return {title: lines for title, lines in lists.items() if lines}


def _pending_line(item: Pending) -> str:
    what = f"{item.word or item.what} {item.subject}".strip()
    place = "the account is not in its OU" if item.is_elsewhere else ""
    reasons = "; ".join(part for part in (item.reason, item.note, place) if part)
    return f"{item.target}: {what}" + (f" ({reasons})" if reasons else "")


def _undone_line(item: Undone) -> str:
    how = "waits" if item.is_held else "failed"
    return f"{item.target}: {item.what} ({how} since {item.at:%Y-%m-%d %H:%M} UTC: {item.reason})"


def _unmanaged_line(item: Unmanaged) -> str:
    tag = f", carries aft:request={item.tag}" if item.tag else ""
    state = "" if item.state == "ACTIVE" else f", {item.state}"
    return f"{item.account_id} {item.name} in {item.ou}{state}{tag}"


def _summary_line(drift: Drift) -> str:
    """``Drift: …`` or ``No drift. …``: the last line of the text, to be searched for."""
    numbers = {
        "pending": drift.pending,
        "unmanaged": drift.unmanaged,
        "unread": drift.unread,
        "failed or held": drift.undone,
        "held back by errors": drift.held_back,
    }
    rest = ", ".join(f"{len(items):,} {word}" for word, items in numbers.items() if items)
    also = f" {rest}." if rest else ""
    if drift.is_any:
        things = f"{counted(len(drift.outside), 'thing')} changed outside git{_in_accounts(drift)}"
        found = [things] if drift.outside else []
        found += [_not_in_place(drift)] if drift.elsewhere else []
        return f"Drift: {'; '.join(found)}.{also}"
    looked_at = f"{counted(drift.accounts, 'account')} looked at for {short(drift.revision)}"
    return f"No drift. {looked_at}.{also}"


def _not_in_place(drift: Drift) -> str:
    number = len(drift.elsewhere)
    return f"{counted(number, 'account')} not in {'its' if number == 1 else 'their'} OU"


def _in_accounts(drift: Drift) -> str:
    accounts = len({item.target for item in drift.outside} - {ORGANIZATION})
    return f" in {counted(accounts, 'account')}" if accounts else ""


def _by_target(entries: Iterable[Outside]) -> Mapping[str, Sequence[Outside]]:
    """Entries of one target together, in the order of the plan."""
    found: dict[str, list[Outside]] = defaultdict(list)
    for item in entries:
        found[item.target].append(item)
    return found


def _label(item: Outside) -> str:
    """``setting account-alias``, ``moved``."""
    return one_line(f"{item.word or _WHAT.get(item.what, item.what)} {item.subject}".strip())


def _remark(item: Outside) -> str:
    """Since when, and whether aft can put it back."""
    cannot = "" if item.change is not None else "not repaired"
    return one_line("; ".join(part for part in (item.note, cannot) if part))
