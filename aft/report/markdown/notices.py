"""Notices as comments: on the issue that asked for the account, and on the pull request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from aft.outbox.notices import Notice, What
from aft.report.markdown.inert import code_span, prose
from aft.report.masking import Mask
from aft.values.words import counted

_MARK = "<!-- aft:notice-{} -->"
_RUN_MARK = "<!-- aft:notices-{} -->"
_TITLES: Mapping[What, str] = {
    What.READY: "Your account {name} is ready",
    What.FAILED: "A step of {name} failed",
    What.HELD: "A change of {name} waits for people",
}
_LISTED: Mapping[What, str] = {What.READY: "Ready", What.FAILED: "Failed", What.HELD: "Waiting"}
_TRIED_AGAIN = "The next run tries again; the people who maintain this repository can see why."
MOST_LISTED = 50
"""Accounts of a pull request listed one by one."""


def issue_comment(notice: Notice, *, sign_in: str, mask: Mask) -> str:
    """What the person hears who asked for the account in an issue. ``sign_in`` is the address
    where people sign in to accounts, as ``aft.yaml`` says it."""
    title = _TITLES[notice.what].format(name=code_span(notice.subject))
    lines = [_MARK.format(notice.id), f"### {title}", ""]
    if notice.what is What.READY:
        lines += [f"Its account id is {code_span(mask(notice.account_id))}.", ""]
        lines += [_way_in(sign_in), ""]
    else:
        lines += [f"{code_span(mask(notice.step))}: {prose(mask(_reason(notice)))}", ""]
        lines += [_TRIED_AGAIN if notice.what is What.FAILED else "Nothing is lost.", ""]
    return "\n".join(lines)


def pull_comment(notices: Sequence[Notice], *, sign_in: str, mask: Mask) -> str:
    """What a run brought to the accounts of one pull request."""
    run = hashlib.sha256(notices[0].run.encode()).hexdigest()
    lines = [_RUN_MARK.format(run[:16])]
    for what, word in _LISTED.items():
        some = [notice for notice in notices if notice.what is what]
        if not some:
            continue
        lines += [f"### {word}: {counted(len(some), 'account')}", ""]
        lines += [_row(notice, mask) for notice in some[:MOST_LISTED]]
        if len(some) > MOST_LISTED:
            lines.append(f"- … and {len(some) - MOST_LISTED} more")
        lines.append("")
        if what is What.READY:
            lines += [_way_in(sign_in), ""]
    return "\n".join(lines)


def _row(notice: Notice, mask: Mask) -> str:
    name = code_span(notice.subject)
    if notice.what is What.READY:
        return f"- {name}, account {code_span(mask(notice.account_id))}"
    return f"- {name}, {code_span(mask(notice.step))}: {prose(mask(_reason(notice)))}"


def _reason(notice: Notice) -> str:
    return f"{notice.reason}; {notice.hint}" if notice.hint else notice.reason


def _way_in(sign_in: str) -> str:
    if sign_in:
        return f"Sign in at <{sign_in}> and choose the account there."
    return "Ask the people who maintain this repository how to sign in to it."
