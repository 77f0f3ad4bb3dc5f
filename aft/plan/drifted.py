"""What a look for drift found: differences from outside git, what waits to be applied, and accounts
that no request knows. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aft.findings.model import Condition, Finding
from aft.plan.model import Change
from aft.values.ids import Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``what`` is a change's action and kind, ``word`` what its kind calls it."""

    target: str
    account_id: str | None
    what: str
    word: str = ""
    subject: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside(Difference):
    """Something that is not as it was last applied, although git has not changed. ``what`` may also
    be ``account-gone``, ``account-suspended``, ``account-kept`` (protected, so nothing is done) or
    ``root-email``. ``differences`` are one line each. ``change`` is the planned change that puts it
    back; ``None`` when aft cannot."""

    differences: tuple[str, ...] = ()
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending(Difference):
    """Something git asks for that is not applied yet, or cannot be; ``note`` says what made it
    doubtful whether it is rather drift. ``is_elsewhere``: something keeps the account out of its
    OU, such as a limit, which is drift, too."""

    reason: str = ""
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """An account that no request knows. ``tag`` is the request it carries the tag of, if any."""

    account_id: str
    name: str
    email: str
    ou: str
    state: str
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A step that the last run left undone, since ``at``: it failed, or waits for people."""

    target: str
    what: str
    reason: str
    at: datetime
    is_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Everything that was found. ``unread`` and ``doubts`` are as the plan says them. ``unmanaged``
    is empty when only some requests were looked at (``scope``). ``undone`` is what the ledger says
    that runs have left undone; no drift, but it is reported until it is done."""

    revision: Revision
    scope: tuple[str, ...] | None
    accounts: int
    outside: tuple[Outside, ...] = ()
    pending: tuple[Pending, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    unread: tuple[Finding, ...] = ()
    doubts: tuple[Finding, ...] = ()
    undone: tuple[Undone, ...] = ()

    @property
    def is_unfulfilled(self) -> bool:
        """Something that git asks for waits for a person."""
        return bool(self.undone) or any(not item.is_remark for item in self.doubts)

    @property
    def held_back(self) -> tuple[Finding, ...]:
        """The accounts that errors in files hold back, which are not compared with these."""
        return tuple(item for item in self.doubts if item.condition is Condition.HELD_BACK)

    @property
    def elsewhere(self) -> frozenset[str]:
        """The targets whose accounts something keeps out of their OUs, without that they were
        moved from there as far as it is known."""
        kept = (it.target for it in self.doubts if it.condition is Condition.ACCOUNT_KEPT)
        return frozenset((*kept, *(item.target for item in self.pending if item.is_elsewhere)))

    @property
    def is_any(self) -> bool:
        """Something changed outside git, or keeps an account out of its OU."""
        return bool(self.outside or self.elsewhere)
