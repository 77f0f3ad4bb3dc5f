"""What drift is called, for text and Markdown alike: headline, summary line, one line per entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aft.plan.drift import Drift, Outside, Pending
from aft.plan.model import ORGANIZATION
from aft.report.headline import short
from aft.report.plain import counted, one_line

_WHAT: Mapping[str, str] = {
    "account-gone": "gone",
    "account-suspended": "suspended",
    "account-kept": "moved",
    "root-email": "e-mail",
}


def summary_line(drift: Drift) -> str:
    """``Drift: …`` or ``No drift. …``: the last line of the text, to be searched for."""
    rest = [
        words
        for number, words in (
            (len(drift.pending), f"{len(drift.pending):,} pending"),
            (len(drift.unmanaged), f"{len(drift.unmanaged):,} unmanaged"),
            (len(drift.unread), f"{len(drift.unread):,} unread"),
        )
        if number
    ]
    also = f" {', '.join(rest)}." if rest else ""
    if drift.outside:
        things = counted(len(drift.outside), "thing")
        accounts = accounts_of(drift.outside)
        where = f" in {counted(accounts, 'account')}" if accounts else ""
        return f"Drift: {things} changed outside git{where}.{also}"
    looked_at = f"{counted(drift.accounts, 'account')} looked at for {short(drift.revision)}"
    return f"No drift. {looked_at}.{also}"


def accounts_of(entries: Iterable[Outside]) -> int:
    """How many accounts the entries are about."""
    return len({item.target for item in entries} - {ORGANIZATION})


def by_target(entries: Iterable[Outside]) -> Mapping[str, Sequence[Outside]]:
    """Entries of one target together, in the order of the plan."""
    found: dict[str, list[Outside]] = {}
    for item in entries:
        found.setdefault(item.target, []).append(item)
    return found


def label(item: Outside) -> str:
    """``setting account-alias``, ``moved``."""
    return one_line(f"{item.word or _WHAT.get(item.what, item.what)} {item.subject}".strip())


def remark(item: Outside) -> str:
    """Since when, and whether aft can put it back."""
    cannot = "" if item.change is not None else "not repaired"
    return one_line("; ".join(part for part in (item.note, cannot) if part))


def pending_line(item: Pending) -> str:
    """One pending change, with its reason and what makes it doubtful."""
    what = f"{item.word or item.what} {item.subject}".strip()
    reasons = "; ".join(part for part in (item.reason, item.note) if part)
    return one_line(f"{item.target}: {what}" + (f" ({reasons})" if reasons else ""))
