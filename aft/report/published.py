"""How old a published organization is, in words."""

from __future__ import annotations

from datetime import datetime

from aft.report.plain import counted

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def published_note(read_at: datetime, now: datetime) -> str:
    """What readers of a plan against a published organization must know; times are aware."""
    return (
        f"Planned without credentials, against the organization as it was published: read "
        f"{read_at:%Y-%m-%d %H:%M} UTC, {age(read_at, now)}. Nothing inside accounts was read: "
        "settings are shown as the ledger says they were applied."
    )


def age(then: datetime, now: datetime) -> str:
    """``3 hours ago``; a moment that has not come yet is just now."""
    seconds = int((now - then).total_seconds())
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{counted(seconds // _MINUTE, 'minute')} ago"
    if seconds < _DAY:
        return f"{counted(seconds // _HOUR, 'hour')} ago"
    return f"{counted(seconds // _DAY, 'day')} ago"
