"""A plan is data: what will be changed, in which order, bound to a revision and a snapshot.

Frozen, sorted, versioned; ``aft.plan.codec`` writes it as JSON and reads it back equal. Nothing
in a plan is executable: ``aft.engine`` has one step function per ``ChangeKind``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aft.values.ids import Revision

FORMAT = 1
"""Version of the plan's JSON; raised when a reader of the old one would misread the new."""

ORGANIZATION = "organization"
"""The target of changes to the OU tree."""


class ChangeKind(enum.StrEnum):
    """What a change does. The order below is the order within one target."""

    CREATE_OU = "create-ou"
    RENAME_OU = "rename-ou"
    CREATE_ACCOUNT = "create-account"
    ADOPT_ACCOUNT = "adopt-account"
    REBIND_ACCOUNT = "rebind-account"
    MOVE_ACCOUNT = "move-account"
    RENAME_ACCOUNT = "rename-account"
    TAG_ACCOUNT = "tag-account"
    APPLY_SETTING = "apply-setting"
    DESTROY_CUSTOMIZATION = "destroy-customization"
    FORGET_CUSTOMIZATION = "forget-customization"
    RUN_CUSTOMIZATION = "run-customization"
    FORGET_ACCOUNT = "forget-account"
    DELETE_OU = "delete-ou"


SYMBOLS: Mapping[ChangeKind, str] = {
    ChangeKind.CREATE_OU: "+",
    ChangeKind.RENAME_OU: "~",
    ChangeKind.CREATE_ACCOUNT: "+",
    ChangeKind.ADOPT_ACCOUNT: "+",
    ChangeKind.REBIND_ACCOUNT: "~",
    ChangeKind.MOVE_ACCOUNT: ">",
    ChangeKind.RENAME_ACCOUNT: "~",
    ChangeKind.TAG_ACCOUNT: "~",
    ChangeKind.APPLY_SETTING: "~",
    ChangeKind.DESTROY_CUSTOMIZATION: "-",
    ChangeKind.FORGET_CUSTOMIZATION: "-",
    ChangeKind.RUN_CUSTOMIZATION: "~",
    ChangeKind.FORGET_ACCOUNT: "-",
    ChangeKind.DELETE_OU: "-",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One value before and after; ``None`` is "absent". ``known`` is false for a value that
    only apply can know, such as a new account's id."""

    field: str
    before: str | None
    after: str | None
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of one target.

    ``id`` is stable and unique, such as ``account/payments-prod/apply-setting/account-alias``.
    ``target`` is the request id, or ``organization``. ``account_id`` is ``None`` while the account
    does not exist. ``subject`` names the thing inside the target: an OU path, a setting, a
    customization step (``global/10-roles.cfn.yaml``); empty otherwise. ``inputs_digest`` is the
    digest to remember once done ("" when only apply can know it). ``needs`` are ids of changes
    that must have succeeded before, ``follows`` of those that must have ended before, well or not.
    ``reason`` says why, in one line.
    """

    id: str
    kind: ChangeKind
    target: str
    account_id: str | None = None
    subject: str = ""
    fields: tuple[FieldChange, ...] = ()
    details: tuple[str, ...] = ()
    inputs_digest: str = ""
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    reason: str = ""

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A setting read live and found as it should be; apply only notes its digest, and the range
    of addresses it uses where the ledger does not know it."""

    target: str
    account_id: str
    subject: str
    inputs_digest: str
    allocation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something a person should know before saying yes (``!`` in the text).

    ``target`` is a request id, an account id or ``organization``; ``code`` is a finding code.
    """

    code: str
    target: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Changes that may go side by side: one chain of change ids per target, in an order that may
    be gone. Of a chain, too, only what is in ``Change.needs`` waits."""

    title: str
    chains: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """What the plan's readers want to know of each account it touches: who asks, why, where."""

    target: str
    account_id: str | None
    name: str
    email: str
    ou: str
    owner: str
    reason: str
    ticket: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of *accounts* (and OUs), each account once per column.

    ``accounts_total`` are the requests looked at (and forgotten ones), ``accounts_in_doubt``
    those of them with an ``Attention``, which therefore cannot be said to match.
    """

    create: int
    adopt: int
    change: int
    move: int
    forget: int
    close: int
    ou_changes: int
    accounts_affected: int
    accounts_total: int
    accounts_in_doubt: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The difference between a revision and the world.

    ``scope`` holds the request ids looked at, or ``None`` for all. ``snapshot`` is the snapshot's
    digest, ``fingerprints`` its per-object digests (so a refusal can say what moved) and
    ``ledger`` the ledger's commit the plan was made against ("" when there is none).
    ``made_at`` is not part of its digest (``aft.plan.codec.plan_digest``).
    """

    revision: Revision
    snapshot: str
    fingerprints: Mapping[str, str]
    ledger: str
    scope: tuple[str, ...] | None
    summary: Summary
    accounts: tuple[AccountLine, ...]
    changes: tuple[Change, ...]
    waves: tuple[Wave, ...]
    confirmations: tuple[Confirmation, ...] = ()
    attention: tuple[Attention, ...] = ()
    made_at: str = ""
    format: int = FORMAT

    @property
    def is_empty(self) -> bool:
        """Nothing to change. (Confirmations and attention do not count.)"""
        return not self.changes

    @cached_property
    def change_by_id(self) -> Mapping[str, Change]:
        return {change.id: change for change in self.changes}

    def changes_of(self, target: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.target == target)

    def targets(self) -> Iterator[str]:
        """Targets in plan order, each once."""
        return iter(dict.fromkeys(change.target for change in self.changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSetting:
    """What reading one setting inside an account showed: one line per difference.

    ``takes_away`` are those of ``differences`` that take something away. ``refused`` says what must
    not be read or changed, with a ``hint`` what to do about it. ``is_pending`` when something else
    differs that only time or somebody else can mend. With ``unread`` nothing is known, for the
    reason it gives, which may pass.
    """

    account_id: str
    subject: str
    differences: tuple[str, ...] = field(default_factory=tuple)
    takes_away: tuple[str, ...] = ()
    refused: str = ""
    hint: str = ""
    is_pending: bool = False
    unread: str = ""
