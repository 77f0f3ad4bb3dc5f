"""A plan in the making. Kinds add what is to be done; nothing here decides what that is.

A change says which things it uses, makes, stops using and takes away. What it waits for follows
from that at the end (``aft.plan.arrange``), so that kinds need not know each other, nor the order
in which they are asked.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from aft.findings.model import Condition, Finding
from aft.plan.model import ORGANIZATION, Action, Change, Confirmation, FieldChange, change_id
from aft.plan.ou_tree import UnitTree
from aft.plan.targets import AccountSite, AccountTarget
from aft.values.canonical_json import digest, plain
from aft.values.ids import AccountId, OrgUnitPath, RequestId
from aft.values.parts import Comparison
from aft.values.refs import ACCOUNT, Ref


class Stage(enum.IntEnum):
    """When a change of an account has its turn: after those of earlier stages, whenever it was
    added."""

    ENROLL = 0
    CONFIGURE = 1
    RUN = 2
    SWEEP = 3
    """What goes over everything in the account, made by anyone."""


class Use(NamedTuple):
    """A thing that a change needs. ``of`` is the request whose account it is in; when the plan
    does not make the thing, the change waits for that account instead, and when no plan will
    create that, its whole target waits, for the reason ``why``."""

    ref: Ref
    of: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing to be looked at inside an account before it is planned. ``subject`` is what
    the kind's own reader needs to know."""

    ref: Ref
    target: str
    account_id: AccountId
    subject: Any


@dataclass(frozen=True, slots=True)
class Unread:
    """In place of what was to be seen: ``what`` could not be looked at, and why."""

    what: str
    why: str
    hint: str = ""


class Looker(Protocol):
    """Looks inside accounts, side by side; the only thing that planning waits for."""

    def __call__(self, kind: str, looks: Sequence[Look]) -> Mapping[tuple[str, str], Any]:
        """What was seen, by account id and key; what cannot be seen just now is ``Unread`` or, if
        there is no such thing, left out."""
        ...


def thing(target: str, ref: Ref) -> Ref:
    """The name among all things of what ``target`` calls ``ref``."""
    if target == ORGANIZATION:
        return ref
    return Ref(ref.kind, f"{target}/{ref.key}" if ref.key else target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change with what it declares. ``after`` are changes of the same target it waits for;
    ``None``: all that have their turn before it."""

    change: Change
    stage: Stage
    after: tuple[str, ...] | None
    uses: tuple[Use, ...]
    makes: tuple[Ref, ...]
    leaves: tuple[Ref, ...]
    unmakes: tuple[Ref, ...]
    cleans_up: bool


@dataclass(kw_only=True)
class Draft:
    """``effect_versions`` are the kinds'. ``sites`` and ``targets`` grow as it becomes known where
    accounts are and what is in them. ``seen`` holds, by kind, what was looked at inside accounts;
    a kind is absent without a look inside. ``allocations`` are ranges of addresses, by request and
    setting; ``remembered`` those of them that the ledger knows, by both, and ``held_back`` why a
    setting waits for its range. ``held`` are those of ``blocked`` that errors in files hold back.
    ``cleans_up`` once what is added goes last."""

    tree: UnitTree
    effect_versions: Mapping[str, int]
    sites: dict[RequestId, AccountSite] = field(default_factory=dict)
    targets: dict[RequestId, AccountTarget] = field(default_factory=dict)
    seen: dict[str, Mapping[tuple[str, str], Any]] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    confirmations: list[Confirmation] = field(default_factory=list)
    attention: list[Finding] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    allocations: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    held_back: dict[tuple[str, str], Finding] = field(default_factory=dict)
    remembered: dict[tuple[str, str], str] = field(default_factory=dict)
    cleans_up: bool = False

    def add(
        self,
        action: Action,
        ref: Ref,
        *,
        target: str = ORGANIZATION,
        account_id: str | None = None,
        stage: Stage = Stage.ENROLL,
        after: Iterable[str] | None = None,
        follows: Iterable[str] = (),
        uses: Iterable[Ref | Use] = (),
        makes: Iterable[Ref] | None = None,
        leaves: Iterable[Ref] = (),
        unmakes: Iterable[Ref] | None = None,
        fields: Iterable[FieldChange] = (),
        details: Iterable[str] = (),
        comparison: Comparison | None = None,
        inputs_digest: str = "",
        effect: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> str:
        """Add one change and return its id. It makes the thing it is about, or takes it away,
        unless ``makes`` and ``unmakes`` say otherwise. ``effect`` is what the change does, as far
        as git and the plug-ins decide it; by default its fields."""
        name = change_id(target, action, ref)
        about = (thing(target, ref),)
        changed = tuple(fields)
        site = self.sites.get(RequestId(target))
        does = {"fields": [plain(item) for item in changed]} if effect is None else effect
        self.entries[target].append(
            Entry(
                change=Change(
                    id=name,
                    kind=ref.kind,
                    action=action,
                    key=ref.key,
                    target=target,
                    account_id=account_id or (site.account_id if site is not None else None),
                    fields=changed,
                    details=tuple(details),
                    comparison=comparison,
                    inputs_digest=inputs_digest,
                    effect=digest({"does": plain(does), "by": self.effect_versions[ref.kind]}),
                    follows=tuple(follows),
                    reason=reason,
                    is_retry=site is not None and site.record.failed(ref) is not None,
                ),
                stage=stage,
                after=None if after is None else tuple(after),
                uses=tuple(item if isinstance(item, Use) else Use(item) for item in uses),
                makes=(() if action.removes else about) if makes is None else tuple(makes),
                leaves=tuple(leaves),
                unmakes=(about if action.removes else ()) if unmakes is None else tuple(unmakes),
                cleans_up=self.cleans_up,
            )
        )
        return name

    def look(self, look: Looker, kind: str, looks: Sequence[Look]) -> None:
        """Note what is seen, and why something is not."""
        found = look(kind, looks) if looks else {}
        self.seen[kind] = {key: it for key, it in found.items() if not isinstance(it, Unread)}
        for item in looks:
            unread = found.get((item.account_id, item.ref.key))
            if isinstance(unread, Unread):
                self.remark(
                    Finding(
                        code="AFT929",
                        target=item.target,
                        message=f"{unread.what} could not be looked at: {unread.why}",
                        hint=unread.hint or "run again",
                        condition=Condition.UNREAD,
                    )
                )

    def remark(self, *attention: Finding) -> None:
        """Note what people should know; nothing waits for it."""
        self.attention.extend(attention)

    def block(self, attention: Finding) -> None:
        """Note a doubt that keeps its target from being changed at all."""
        self.attention.append(attention)
        self.blocked.add(attention.target)
        if attention.condition is Condition.HELD_BACK:
            self.held.add(attention.target)
        self.entries.pop(attention.target, None)
        self.targets.pop(RequestId(attention.target), None)

    def changes_of(self, target: str) -> tuple[Change, ...]:
        """What is planned for ``target`` so far, as it was added."""
        return tuple(entry.change for entry in self.entries.get(target, ()))

    @property
    def homes(self) -> Mapping[AccountId, OrgUnitPath]:
        """Where the accounts will be that this plan moves."""
        moved = self._placed(Action.MOVE)
        return {site.account_id: site.ou for site in moved if site.account_id is not None}

    @property
    def arrivals(self) -> Mapping[str, OrgUnitPath]:
        """The requests whose accounts this plan creates, and where."""
        return {site.request.id: site.ou for site in self._placed(Action.CREATE)}

    def _placed(self, action: Action) -> Iterator[AccountSite]:
        for target, site in self.sites.items():
            changes = self.changes_of(target)
            if any(change.kind == ACCOUNT and change.action is action for change in changes):
                yield site
