"""What all steps of one run share: the plan's inputs, the ports, and what was learnt on the way.

What a run learns is what it writes: accounts, outputs, ids and tags are read back from the ledger
with this run's own events on top (``Journal``), so that another machine knows the same. The rest,
``Presence``, is worth nothing elsewhere. Acts on nothing by itself.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime

from aft.desired.model import AccountRequest
from aft.engine.effects import Effects
from aft.engine.journal import Journal
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.waiting import Pause, Retry
from aft.errors import NotFound, Terminal
from aft.ledger.events import MADE_ID, AccountRecord
from aft.ledger.payloads import Bound, Forgotten, Payload, StepConfirmed
from aft.organization.model import AccountFacts, OrganizationSnapshot
from aft.plan.fields import OU as OU_PATH
from aft.plan.fields import OU_ID
from aft.plan.holding import Hold
from aft.plan.kind import Kinds
from aft.plan.model import Action, Change, Plan
from aft.plan.protection import PROTECT, note_of, words_of
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.ports import Progress, ProgressKind
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId
from aft.values.refs import ACCOUNT, OU, Ref, account_ref


class UnitIndex:
    """Paths and ids of OUs while a run changes them: the snapshot's, plus what this run did. Safe
    to use from several threads."""

    def __init__(self, snapshot: OrganizationSnapshot) -> None:
        self._lock = threading.Lock()
        self._ids = {unit.path: unit.id for unit in snapshot.units}
        self._ids[OrgUnitPath()] = snapshot.root_id

    def id_of(self, path: OrgUnitPath) -> OrgUnitId:
        """Raises ``NotFound`` when there is no OU at ``path``."""
        with self._lock:
            found = self._ids.get(path)
        if found is None:
            raise NotFound(
                f"there is no OU {path} in the organization",
                hint="make a new plan: the OU may have been renamed or deleted in the meantime",
            )
        return found

    def path_of(self, unit_id: OrgUnitId) -> OrgUnitPath | None:
        with self._lock:
            return next((path for path, key in self._ids.items() if key == unit_id), None)

    def created(self, path: OrgUnitPath, unit_id: OrgUnitId) -> None:
        with self._lock:
            self._ids[path] = unit_id

    def renamed(self, unit_id: OrgUnitId, path: OrgUnitPath) -> None:
        """The OU is at ``path`` now, and all that hangs below it with it."""
        with self._lock:
            old = next((here for here, key in self._ids.items() if key == unit_id), path)
            self._ids = {
                OrgUnitPath((*path.names, *here.names[old.depth :]))
                if here.is_within(old)
                else here: key
                for here, key in self._ids.items()
            }
            self._ids[path] = unit_id

    def deleted(self, path: OrgUnitPath) -> None:
        with self._lock:
            self._ids.pop(path, None)


@dataclass(frozen=True, slots=True)
class Presence:
    """What only this process knows: losing it costs some time, and no truth. ``born`` is when
    accounts were created, by request; ``entrances`` tell who waits for an account that it can be
    worked in; ``calls`` are AWS calls made by helper threads of a change."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    born: dict[str, datetime] = field(default_factory=dict)
    entrances: dict[AccountId, Future[None]] = field(default_factory=dict)
    calls: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(kw_only=True, eq=False, repr=False)
class RunContext:
    """One per run and process, used by all its threads. ``held`` are the changes that wait for
    people, by id; ``done`` those that this run has carried out elsewhere."""

    plan: Plan
    view: PlanView
    targets: Mapping[RequestId, AccountTarget]
    tools: Tools
    run: RunInfo
    stop: StopToken
    held: Mapping[str, Hold] = field(default_factory=dict)
    done: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        tools, view = self.tools, self.view
        self.desired, self.snapshot, self.ledger = view.desired, view.snapshot, view.ledger
        self.settings, self.runners, self.around = view.settings, view.runners, view.around
        self.limits = view.desired.config.limits
        self.began = tools.clock.monotonic()
        self.pause = Pause(tools.clock, self.stop)
        self.retry = Retry(self.pause.wait, tools.random)
        self.journal = Journal(tools, self.run, view.desired, view.ledger)
        self.units = UnitIndex(view.snapshot)
        changes = self.plan.changes
        self._planned = {item.target: item.account_id for item in changes if item.account_id}
        self._here = Presence()

    @property
    def kinds(self) -> Kinds:
        return self.tools.kinds

    def effects_of(self, change: Change) -> Effects:
        """What carries ``change`` out."""
        return self.tools.effects[change.kind]

    def request(self, target: str) -> AccountRequest:
        """The request of ``target``; a plan only changes accounts that have one."""
        found = self.desired.request_by_id.get(RequestId(target))
        if found is None:
            raise Terminal(
                f"there is no request {target} at {self.desired.revision}",
                hint="make a new plan at this revision",
            )
        return found

    def target(self, target: str) -> AccountTarget:
        """What the plan has decided about the account of ``target``."""
        found = self.targets.get(RequestId(target))
        if found is None:
            raise Terminal(
                f"the plan contains nothing about {target} at {self.desired.revision}",
                hint="make a new plan at this revision",
            )
        return found

    def record(self, subject: str) -> AccountRecord:
        """What the ledger knows of ``subject`` by now."""
        return self.journal.record(subject)

    # --- accounts ---

    def bind(
        self,
        change: Change,
        account_id: AccountId,
        said: Bound,
        summary: str,
        *,
        is_new: bool = False,
    ) -> None:
        """Write down whose account this is, and that it is no longer that of the request it had
        before: in one append, so that no reader sees it under two names or none. Nothing is written
        where another run has bound it meanwhile."""
        subjects: list[tuple[Payload, str, str]] = [(said, change.target, summary)]
        request = self.request(change.target)
        if request.protect:
            note = note_of(request, self._ou_of(change))
            payload = StepConfirmed(
                kind=PROTECT.kind, action=Action.UPDATE, key=PROTECT.key, about=note
            )
            words = f"Protect {change.target}{words_of(request.protection)}"
            subjects.append((payload, change.target, words))
        if said.previously is not None:
            over = f"Hand account {account_id} over from {said.previously} to {change.target}"
            subjects.append((Forgotten(rebound_to=change.target), said.previously, over))
        events = [
            self.journal.event(payload, subject, text, account_id=account_id, change=change.id)
            for payload, subject, text in subjects
        ]
        if self.bound_meanwhile(change.target) != account_id:
            self.journal.append(*events)
        with self._here.lock:
            accounts = {**self.around.accounts, change.target: account_id}
            self.around = replace(self.around, accounts=accounts)
            if is_new:
                self._here.born[change.target] = self.tools.clock.now()

    def bound_meanwhile(self, target: str) -> str | None:
        """The account that ``target`` was bound to after this run began."""
        account_id = self.known_account(target)
        return account_id if account_id != self.ledger.record(target).account_id else None

    def _ou_of(self, change: Change) -> str:
        """The id of the OU in which the account is wanted and is, or arrives; else empty."""
        wanted = {item.field: item.after for item in change.fields}
        if change.action is Action.CREATE:
            path = OrgUnitPath.of_text(wanted.get(OU_PATH) or "/")
            return wanted.get(OU_ID) or self.units.id_of(path)
        target = self.targets.get(RequestId(change.target))
        site = target.site if target is not None else None
        return str(site.place.id or "") if site is not None and not site.moves else ""

    def account_of(self, change: Change) -> AccountId:
        """The account a change is about: the plan's, or the one bound since."""
        known = change.account_id or self.known_account(change.target)
        if known is None:
            raise Terminal(
                f"{change.target} has no account yet",
                hint="make a new plan, so that the account is created first",
            )
        return AccountId(known)

    def known_account(self, target: str) -> str | None:
        return self.record(target).account_id

    def born(self, target: str) -> datetime | None:
        """When the account was asked for, if aft asked for it."""
        record = self.ledger.record(target)  # as the run began: adopting it makes no account new
        done = record.done(account_ref())
        here = self._here.born.get(target)
        return here or (record.intent.at if record.intent else done.at if done else None)

    def facts_of(self, target: str, account_id: AccountId) -> AccountFacts:
        """What a step inside the account may know of it."""
        return self.target(target).facts_of(account_id, self.around)

    def entrance(self, account_id: AccountId) -> tuple[Future[None], bool]:
        """Whether the account can be worked in, once that is known; and whether the one who asks
        is the first, who has to find out and settle it."""
        with self._here.lock:
            is_first = account_id not in self._here.entrances
            return self._here.entrances.setdefault(account_id, Future()), is_first

    def owned_tags(
        self, subject: str, *, added: Iterable[str] = (), removed: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """The tags that are aft's on the account of ``subject``, with those added and removed."""
        return tuple(sorted({*self.record(subject).tag_keys, *added} - {*removed}))

    # --- things ---

    def id_of(self, ref: Ref) -> str:
        """AWS's id of a thing: made by this run or an earlier one, or in the snapshot, whose
        objects say it as ``id``. Raises ``Terminal`` where it is unknown."""
        if ref.kind == OU:
            return self.units.id_of(OrgUnitPath.of_text(ref.key))
        if ref.kind == ACCOUNT:
            known = self.known_account(ref.key) or self._planned.get(ref.key)
        else:
            seen = self.snapshot.objects.get(ref.kind, {}).get(ref.key)
            known = self.journal.output_of(ref, MADE_ID) or (
                seen.get(MADE_ID) if isinstance(seen, Mapping) else None
            )
        if not known:
            raise Terminal(
                f"the AWS id of {ref} is not known",
                hint="make a new plan, so that it is created first",
            )
        return known

    # --- calls made by helper threads of a step ---

    def add_calls(self, change: Change, calls: Iterable[str]) -> None:
        """Note AWS calls of ``change`` that its own thread did not make."""
        with self._here.lock:
            self._here.calls[change.id].extend(calls)

    def calls_of(self, change: Change) -> tuple[str, ...]:
        with self._here.lock:
            return tuple(self._here.calls[change.id])

    # --- progress ---

    def notify(
        self,
        kind: ProgressKind,
        change: Change | None = None,
        message: str = "",
        *,
        target: str = "",
        seconds: float | None = None,
    ) -> None:
        """Report to the watchers."""
        target = change.target if change else target
        account_id = self.known_account(target) or self._planned.get(target) if target else None
        self.tools.observer.notify(
            Progress(
                kind=kind,
                at=self.tools.clock.now(),
                run=self.run.id,
                target=target,
                account_id=account_id,
                change=change.id if change else "",
                step=self.kinds.describe_step(change) if change else "",
                tells=self.kinds.verb(change).tells if change else False,
                message=message,
                seconds=seconds,
            )
        )

    def waiting(self, change: Change, message: str, *, seconds: float | None = None) -> None:
        """Tell that a step waits, and since when; the same words while the reason is the same."""
        self.notify(ProgressKind.STEP_WAITING, change, message, seconds=seconds)
