"""What all steps of one run share: the plan's inputs, the ports, and what was learnt on the way.

Holds the accounts bound and the outputs left by this run, so that later steps of the same
account see them. Acts on nothing by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from aft.customizations.model import CUSTOMIZATION, Outputs
from aft.desired.facts import account_facts
from aft.desired.model import AccountRequest, DesiredState
from aft.engine.effects import Effects
from aft.engine.journal import Journal
from aft.engine.known_accounts import KnownAccounts
from aft.engine.model import RunInfo, StopToken, Tools
from aft.engine.pause import Pause
from aft.engine.planned_ous import Places
from aft.engine.retry import Retry
from aft.engine.units import UnitIndex
from aft.errors import Terminal
from aft.ledger.events import AccountRecord, LedgerState
from aft.organization.model import AccountFacts, OrganizationSnapshot, Surroundings
from aft.plan.fields import allocations_in
from aft.plan.kind import Kinds
from aft.plan.model import Change, Plan
from aft.ports import Progress, ProgressKind
from aft.values.ids import AccountId, OrgUnitPath, RequestId
from aft.values.refs import account_ref


class RunContext:
    """One per run, used by all its threads."""

    def __init__(
        self,
        *,
        plan: Plan,
        desired: DesiredState,
        snapshot: OrganizationSnapshot,
        ledger: LedgerState,
        tools: Tools,
        run: RunInfo,
        stop: StopToken,
    ) -> None:
        self.desired = desired
        self.snapshot = snapshot
        self.ledger = ledger
        self.tools = tools
        self.run = run
        self.limits = desired.config.limits
        self.confirmations = plan.confirmations
        self.stop = stop
        self.pause = Pause(tools.clock, stop)
        self.retry = Retry(self.pause.wait, tools.random)
        self.journal = Journal(tools, run, desired)
        self.units = UnitIndex(snapshot)
        self._places = Places(plan.changes, snapshot)
        self._allocations = allocations_in(plan)
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
        self._outputs: dict[str, dict[str, Outputs]] = {}
        self._tag_keys: dict[str, frozenset[str]] = {}
        self._heirs: dict[str, str] = {}
        self._calls: dict[str, list[str]] = {}

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

    def ou_of(self, target: str, account_id: AccountId) -> OrgUnitPath:
        """Where the account is once this plan is done: what a step inside it may know."""
        return self._places.of(self.request(target), account_id)

    def allocations_of(self, target: str) -> Mapping[str, str]:
        """The ranges of addresses of this account, by setting: the plan's over older ones."""
        return {**self.record(target).allocations, **self._allocations.get(target, {})}

    def facts_of(
        self, target: str, account_id: AccountId, *, request: AccountRequest | None = None
    ) -> AccountFacts:
        """What a step inside the account may know of it; ``request`` where it is that of its
        day."""
        return account_facts(
            request or self.request(target),
            self.desired.config,
            account_id=account_id,
            ou=self.ou_of(target, account_id),
            around=self.around,
            allocations=self.allocations_of(target),
        )

    def entrance(self, account_id: AccountId) -> tuple[Future[None], bool]:
        """Whether the account can be worked in, once somebody knows; and whether the one who asks
        is the first, who has to find out and settle it."""
        with self._lock:
            is_first = account_id not in self._entrances
            return self._entrances.setdefault(account_id, Future()), is_first

    def note_tags(
        self, target: str, *, added: Iterable[str] = (), removed: Iterable[str] = ()
    ) -> Mapping[str, Any]:
        """The tags that are aft's on this account by now, as event data."""
        with self._lock:
            before = self._tag_keys.get(target)
            if before is None:
                before = frozenset(self.record(target).tag_keys)
            keys = (before | frozenset(added)) - frozenset(removed)
            self._tag_keys[target] = keys
        return {"tag_keys": sorted(keys)}

    # --- outputs ---

    def outputs(self, target: str) -> Mapping[str, Outputs]:
        """What finished steps of this account left, by step id; this run's over older ones."""
        with self._lock:
            here = dict(self._outputs.get(target, {}))
        steps = self.record(target).steps_of(CUSTOMIZATION)
        older = {name: step.outputs for name, step in steps.items()}
        return {**older, **here}

    def leave_outputs(self, target: str, step_id: str, outputs: Outputs) -> None:
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
