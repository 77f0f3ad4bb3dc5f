"""What all steps of one run share: the plan's inputs, the ports, and what was learnt on the way.

Holds the accounts bound and the outputs left by this run, so that later steps of the same
account see them. Acts on nothing by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime

from aft.desired.model import AccountRequest
from aft.engine.effects import Effects
from aft.engine.journal import Journal
from aft.engine.known_accounts import KnownAccounts
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.pause import Pause
from aft.engine.retry import Retry
from aft.engine.units import UnitIndex
from aft.errors import Terminal
from aft.ledger.events import AccountRecord
from aft.organization.model import AccountFacts, Surroundings
from aft.plan.kind import Kinds
from aft.plan.model import Change, Plan
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.ports import Progress, ProgressKind
from aft.values.ids import AccountId, OrgUnitPath, RequestId
from aft.values.refs import ACCOUNT, OU, Ref, account_ref

MADE_ID = "id"
"""The output under which the ledger keeps AWS's id of a thing."""


class RunContext:
    """One per run, used by all its threads."""

    def __init__(
        self,
        *,
        plan: Plan,
        view: PlanView,
        targets: Mapping[RequestId, AccountTarget],
        tools: Tools,
        run: RunInfo,
        stop: StopToken,
    ) -> None:
        self.desired = desired = view.desired
        self.snapshot = snapshot = view.snapshot
        self.ledger = view.ledger
        self.targets = targets
        self.tools = tools
        self.run = run
        self.limits = desired.config.limits
        self.confirmations = plan.confirmations
        self.stop = stop
        self.pause = Pause(tools.clock, stop)
        self.retry = Retry(self.pause.wait, tools.random)
        self.journal = Journal(tools, run, desired)
        self.units = UnitIndex(snapshot)
        self._planned = {item.target: item.account_id for item in plan.changes if item.account_id}
        self.around = Surroundings(
            organization_id=snapshot.organization_id,
            management_account_id=snapshot.management_account_id,
            accounts=KnownAccounts(desired.request_by_id, self._account_to_name),
        )
        self._lock = threading.Lock()
        self._accounts: dict[str, AccountId] = {}
        self._born: dict[str, datetime] = {}
        self._entrances: dict[AccountId, Future[None]] = {}
        self._outputs: dict[str, dict[str, Mapping[str, str]]] = {}
        self._tag_keys: dict[str, frozenset[str]] = {}
        self._heirs: dict[str, str] = {}
        self._calls: dict[str, list[str]] = {}
        self._made: dict[Ref, str] = {}

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

    def record(self, target: str) -> AccountRecord:
        """What the ledger knew of ``target`` when the run began, or of the id it had before."""
        return self.ledger.record(self._heirs.get(target, target))

    def inherit(self, target: str, previously: str) -> None:
        """From now on ``target`` goes by the record of the id it had before."""
        self._heirs[target] = previously

    # --- accounts ---

    def bind(self, target: str, account_id: AccountId, *, born: datetime | None = None) -> None:
        """Remember whose account this is; ``born`` when it is known to be new."""
        with self._lock:
            self._accounts[target] = account_id
            if born is not None:
                self._born[target] = born

    def account_of(self, change: Change) -> AccountId:
        """The account a change is about: bound by this run, the plan's, or the ledger's."""
        with self._lock:
            found = self._accounts.get(change.target)
        known = found or change.account_id or self.record(change.target).account_id
        if known is None:
            raise Terminal(
                f"{change.target} has no account yet",
                hint="make a new plan, so that the account is created first",
            )
        return AccountId(known)

    def known_account(self, target: str) -> str | None:
        with self._lock:
            return self._accounts.get(target) or self.record(target).account_id

    def _account_to_name(self, target: str) -> str | None:
        """The account that other accounts' settings mean by ``target``."""
        return self.known_account(target) or self._planned.get(target)

    def born(self, target: str) -> datetime | None:
        """When the account was asked for, if aft asked for it."""
        with self._lock:
            here = self._born.get(target)
        if here is not None:
            return here
        record = self.record(target)
        done = record.done(account_ref())
        return record.intent.at if record.intent else done.at if done else None

    def target(self, target: str) -> AccountTarget:
        """What the plan has decided about the account of ``target``."""
        found = self.targets.get(RequestId(target))
        if found is None:
            raise Terminal(
                f"the plan says nothing of {target} at {self.desired.revision}",
                hint="make a new plan at this revision",
            )
        return found

    def facts_of(self, target: str, account_id: AccountId) -> AccountFacts:
        """What a step inside the account may know of it."""
        return self.target(target).facts_of(account_id, self.around)

    def entrance(self, account_id: AccountId) -> tuple[Future[None], bool]:
        """Whether the account can be worked in, once somebody knows; and whether the one who asks
        is the first, who has to find out and settle it."""
        with self._lock:
            is_first = account_id not in self._entrances
            return self._entrances.setdefault(account_id, Future()), is_first

    def note_tags(
        self, target: str, *, added: Iterable[str] = (), removed: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """The tags that are aft's on this account by now."""
        with self._lock:
            before = self._tag_keys.get(target)
            if before is None:
                before = frozenset(self.record(target).tag_keys)
            keys = (before | frozenset(added)) - frozenset(removed)
            self._tag_keys[target] = keys
        return tuple(sorted(keys))

    # --- things of no account ---

    def note_made(self, ref: Ref, made: str) -> None:
        """Remember AWS's id of what this run has made."""
        with self._lock:
            self._made[ref] = made

    def id_of(self, ref: Ref) -> str:
        """AWS's id of a thing: made by this run or an earlier one, or in the snapshot, whose
        objects say it as ``id``. Raises ``Terminal`` where nobody knows it."""
        if ref.kind == OU:
            return self.units.id_of(OrgUnitPath.parse(ref.key))
        if ref.kind == ACCOUNT:
            known = self.known_account(ref.key) or self._planned.get(ref.key)
        else:
            with self._lock:
                known = self._made.get(ref)
            seen = self.snapshot.objects.get(ref.kind, {}).get(ref.key)
            done = self.ledger.done(ref)
            known = (
                known
                or (seen.get(MADE_ID) if isinstance(seen, Mapping) else None)
                or (done.outputs.get(MADE_ID) if done is not None else None)
            )
        if not known:
            raise Terminal(
                f"nobody knows AWS's id of {ref}",
                hint="make a new plan, so that it is made first",
            )
        return known

    # --- outputs ---

    def outputs_left(self, target: str) -> Mapping[str, Mapping[str, str]]:
        """What steps of this account have left in this run, by step."""
        with self._lock:
            return dict(self._outputs.get(target, {}))

    def leave_outputs(self, target: str, step_id: str, outputs: Mapping[str, str]) -> None:
        with self._lock:
            self._outputs.setdefault(target, {})[step_id] = outputs

    # --- calls made by helper threads of a step ---

    def add_calls(self, change: Change, calls: Iterable[str]) -> None:
        """Note AWS calls of ``change`` that its own thread did not make."""
        with self._lock:
            self._calls.setdefault(change.id, []).extend(calls)

    def calls_of(self, change: Change) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._calls.get(change.id, ()))

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
        """Tell whoever watches."""
        target = change.target if change else target
        account_id = self.known_account(target) if target else None
        if account_id is None and change is not None:
            account_id = change.account_id
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
