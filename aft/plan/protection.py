"""What protects an account: its request, and what the ledger says was last applied. Pure.

The ledger keeps a protection as a step of the account, ``account/protect``. What it says outlives
the line in the request, so that removing the line is a separate change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from aft.desired.model import AccountRequest, Protection
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent, moment_text
from aft.values.refs import account_ref

PROTECT = account_ref("protect")
"""The step that notes a protection, and the change that releases it."""

_STATE, _ON, _RELEASED = "state", "protected", "released"
_OU, _REASON, _BY, _UNTIL = "ou", "reason", "by", "until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A protection as it was last applied. ``ou`` is AWS's id of the OU in which it protects the
    account, empty where that is not known; ``released_at`` is empty while it is in force."""

    words: str = ""
    ou: str = ""
    released_at: str = ""

    @property
    def is_in_force(self) -> bool:
        return not self.released_at


def applied_protection(record: AccountRecord) -> Applied | None:
    """The protection of the ledger's account; ``None`` where it never had one."""
    done = record.done(PROTECT)
    if done is None:
        return None
    about = done.about
    return Applied(
        words=_words(about.get(_REASON, ""), about.get(_BY, ""), about.get(_UNTIL, "")),
        ou=about.get(_OU, ""),
        released_at=moment_text(done.at) if about.get(_STATE) == _RELEASED else "",
    )


def is_protected(request: AccountRequest | None, record: AccountRecord) -> bool:
    """By its file, or by what was last applied: the file alone cannot take it off."""
    applied = applied_protection(record)
    asked = request is not None and request.protect
    return asked or (applied is not None and applied.is_in_force)


def note_of(request: AccountRequest, ou: str) -> Mapping[str, str]:
    """What the ledger keeps of the request's protection of an account that is in ``ou``."""
    said = request.protection
    until = said.until.isoformat() if said.until is not None else ""
    found = {_STATE: _ON, _OU: ou, _REASON: said.reason, _BY: said.by, _UNTIL: until}
    return {key: text for key, text in found.items() if text}


def is_noted(record: AccountRecord, note: Mapping[str, str]) -> bool:
    """The ledger says just that."""
    done = record.done(PROTECT)
    return done is not None and dict(done.about) == dict(note)


def knows_protections(events: Iterable[LedgerEvent]) -> bool:
    """Of the runs' events: some run noted whose consent it had, as all do that note protections.
    Ledgers of before know none, and get them with the first run that has something to do."""
    return any(event.kind is EventKind.RUN_STARTED and "consent" in event.data for event in events)


def release_note(record: AccountRecord) -> Mapping[str, str]:
    """What the ledger keeps once the protection is released."""
    done = record.done(PROTECT)
    return {**(done.about if done is not None else {}), _STATE: _RELEASED}


def words_of(protection: Protection) -> str:
    """Why, who and until when, in brackets; empty where the file says none of it."""
    until = protection.until
    return _words(protection.reason, protection.by, until.isoformat() if until else "")


def is_past(protection: Protection, today: date) -> bool:
    """Someone wanted to look at it again by now."""
    return protection.until is not None and protection.until < today


def _words(reason: str, by: str, until: str) -> str:
    parts = (reason, f"by {by}" if by else "", f"until {until}" if until else "")
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else ""
