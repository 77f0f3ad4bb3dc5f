"""A plan is data: what will be changed, in which order, bound to a revision and a snapshot. Frozen,
sorted, versioned; ``aft.plan.codec`` writes it as JSON and reads it back equal. Nothing in a plan
is executable: the kind of a change knows how to carry it out (``aft.engine.effects``)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aft.findings.model import Condition, Finding
from aft.values.ids import Revision
from aft.values.parts import Comparison, Preview
from aft.values.refs import Ref

OMITTED: Mapping[str, bool] = {"omitted": True}
"""Marks a field that a plan's JSON has only where it is not ``None``."""

FORMAT = 2
"""Version of the plan's JSON; raised when a reader of the old one would misread the new."""

ORGANIZATION = "organization"
"""The target of changes to the OU tree."""


class Action(enum.StrEnum):
    """What a change does to its thing. The list is closed: what is open are the kinds."""

    CREATE = "create"
    ADOPT = "adopt"
    UPDATE = "update"
    MOVE = "move"
    RUN = "run"
    DETACH = "detach"
    RELEASE = "release"
    DELETE = "delete"
    CLOSE = "close"

    @property
    def symbol(self) -> str:
        """The plan's sign for it."""
        match self:
            case Action.CREATE | Action.ADOPT:
                return "+"
            case Action.UPDATE | Action.RUN:
                return "~"
            case Action.MOVE:
                return ">"
        return "-"

    @property
    def removes(self) -> bool:
        """The thing is gone, or no longer aft's, afterwards."""
        return self.symbol == "-"


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
    """One step of one target: an action on a thing of some kind.

    ``id`` is stable and unique, such as ``account/payments-prod/update-setting/account-alias``.
    ``kind`` is a registered noun (``aft.plan.kind``), ``key`` names the thing among its kind and,
    for things of an account, within that account: an OU path, a setting, a customization step
    (``global/10-roles.cfn.yaml``), an aspect of the account. ``target`` is what people read as a
    row and the worker retries: the request id, or ``organization``. ``account_id`` is ``None``
    while the account does not exist. ``comparison`` is what the change does to the parts of its
    thing, where its kind can tell; ``preview`` what a tool itself said of it.
    ``inputs_digest`` is the digest to remember once done ("" when only apply can know it).
    ``effect`` is the digest of what the change does, as far as git and the plug-ins decide it; it
    is compared before a pinned plan is carried out. ``needs`` are ids of changes that must have
    succeeded before, ``follows`` of those that must have ended before, well or not. ``risk`` is the
    code of why it is risky, as its kind judged when it was planned; "" for routine. ``reason`` says
    why, in one line. ``is_retry``: it failed before.
    """

    id: str
    kind: str
    action: Action
    key: str = ""
    target: str
    account_id: str | None = None
    fields: tuple[FieldChange, ...] = ()
    details: tuple[str, ...] = ()
    comparison: Comparison | None = field(default=None, metadata=OMITTED)
    preview: Preview | None = field(default=None, metadata=OMITTED)
    inputs_digest: str = ""
    effect: str = ""
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    risk: str = ""
    reason: str = ""
    is_retry: bool = False

    @property
    def symbol(self) -> str:
        return self.action.symbol

    @property
    def ref(self) -> Ref:
        """The thing, within its target."""
        return Ref(self.kind, self.key)


def is_risky(changes: Iterable[Change]) -> bool:
    """True when something in ``changes`` must be seen by the approver, as its kind judged. Such
    changes are never folded or shortened in a plan, and ``aft apply --reviewed`` carries out none
    that no one has seen (``aft.plan.reviewed``)."""
    return any(change.risk for change in changes)


def change_id(target: str, action: Action, ref: Ref) -> str:
    """The stable id of a change, such as ``account/payments/update-setting/account-alias``."""
    head = ORGANIZATION if target == ORGANIZATION else f"account/{target}"
    return "/".join(part for part in (head, f"{action.value}-{ref.kind}", ref.key) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A setting read live and found as it should be; apply only notes its digest, and the range
    of addresses it uses where the ledger does not know it. ``about`` is what else it notes."""

    target: str
    account_id: str
    ref: Ref
    inputs_digest: str
    allocation: str = ""
    about: Mapping[str, str] | None = field(default=None, metadata=OMITTED)


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
    owner: str = ""
    reason: str = ""
    ticket: str = ""
    path: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of *accounts*, each account once per column; ``organization`` counts the changes to
    other things, by kind. ``accounts_total`` are the requests looked at (and forgotten ones),
    ``accounts_in_doubt`` those of them with a finding, which therefore cannot be said to match."""

    create: int
    adopt: int
    change: int
    move: int
    forget: int
    close: int
    organization: Mapping[str, int]
    accounts_affected: int
    accounts_total: int
    accounts_in_doubt: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The difference between a revision and the world.

    ``scope`` holds the request ids looked at, or ``None`` for all. ``snapshot`` is the snapshot's
    digest, ``fingerprints`` its per-object digests (so a refusal can say what moved) and
    ``ledger`` the ledger's commit the plan was made against ("" when there is none).
    ``kinds`` are those whose objects were read in addition to accounts, OUs and policies.
    ``attention`` is what a person should know before approving it (``!`` in the text).
    ``made_at`` is not part of its digest (``aft.plan.codec.plan_digest``).
    """

    revision: Revision
    snapshot: str
    fingerprints: Mapping[str, str]
    ledger: str
    kinds: tuple[str, ...] = ()
    scope: tuple[str, ...] | None
    summary: Summary
    accounts: tuple[AccountLine, ...]
    changes: tuple[Change, ...]
    waves: tuple[Wave, ...]
    confirmations: tuple[Confirmation, ...] = ()
    attention: tuple[Finding, ...] = ()
    made_at: str = ""
    format: int = FORMAT

    @property
    def is_empty(self) -> bool:
        """Nothing to change. (Confirmations and attention do not count.)"""
        return not self.changes

    @cached_property
    def change_by_id(self) -> Mapping[str, Change]:
        return {change.id: change for change in self.changes}

    @property
    def held_back(self) -> tuple[Finding, ...]:
        """Why nothing is done for accounts because of errors in files, once for each."""
        found = [item for item in self.attention if item.condition is Condition.HELD_BACK]
        return tuple({item.target: item for item in reversed(found)}.values())[::-1]

    def changes_of(self, target: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.target == target)

    def targets(self) -> Iterator[str]:
        """Targets in plan order, each once."""
        return iter(dict.fromkeys(change.target for change in self.changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSetting:
    """What reading one setting inside an account showed: one line per difference. ``takes_away``
    are those of ``differences`` that take something away. ``refused`` says what must not be read or
    changed, with a ``hint`` what to do about it. ``is_pending`` when something else differs that
    only time or someone else can fix. With ``unread`` nothing is known, for the reason it gives,
    which may pass, unless it ``lacks_permission``."""

    account_id: str
    ref: Ref
    differences: tuple[str, ...] = field(default_factory=tuple)
    takes_away: tuple[str, ...] = ()
    refused: str = ""
    hint: str = ""
    is_pending: bool = False
    unread: str = ""
    lacks_permission: bool = False
