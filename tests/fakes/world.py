"""A small organization in memory behind the AWS ports, stricter than it needs to be.

Creation takes time and happens by itself; five at once and not one more; an e-mail address is used
once; a move names the right parent or is refused; an account answers only after a while. Every
port call is counted, takes ``latency``, and can be made to fail or to be the process's last; right
before and right after it, ``moment`` is called.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from builders_plan import MANAGEMENT, ROOT, unit_id

from aft.account_provider import (
    Application,
    Creation,
    CreationFailure,
    CreationState,
    EarlierApplication,
    ProviderTraits,
)
from aft.errors import Conflict, Denied, NotFound, Terminal, Throttled
from aft.organization.model import (
    REQUEST_TAG,
    Account,
    AccountState,
    OrganizationalUnit,
    OrganizationSnapshot,
)
from aft.ports import AccessRefusal
from aft.providers.organizations.failures import failure_of
from aft.providers.organizations.provider import TRAITS
from aft.values.ids import AccountId, EmailAddress, OrgUnitId, OrgUnitPath
from fakes.clocks import SimulatedClock, SteppingClock

NO_TAGS: Mapping[str, str] = {}
_LEDGER = ("append", "append-durable", "publish")


class Crash(BaseException):
    """The process has been killed: nothing may catch this, and nothing works afterwards."""


@dataclass
class Fault:
    """Raise ``error`` at calls of ``operation``; ``lost`` lets the call take effect first."""

    operation: str
    error: BaseException
    times: int = 1
    lost: bool = False


@dataclass
class Birth:
    """A creation and what will come of it at ``ends``."""

    creation: Creation
    email: str
    ends: datetime
    listed_from: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: OrgUnitId = ROOT
    token: str = ""
    explain: Callable[[str], CreationFailure] = failure_of


@dataclass
class _Unit:
    name: str
    parent: OrgUnitId | None
    tags: dict[str, str] = field(default_factory=dict)


class FakeWorld:
    """The organization's state; the ports below act on it. Look at it in tests."""

    max_in_flight = 5

    def __init__(
        self,
        clock: SteppingClock | SimulatedClock,
        *,
        units: Iterable[str] = ("Workloads",),
        creation_seconds: float = 5.0,
        usable_after: float = 2.0,
        latency: float = 0.0,
        ledger_latency: float = 0.0,
        list_lag: float = 0.0,
        unique_emails: bool = True,
    ) -> None:
        self.clock = clock
        self.creation_seconds = creation_seconds
        self.usable_after = usable_after
        self.latency = latency
        self.ledger_latency = ledger_latency
        self.list_lag = list_lag
        self.unique_emails = unique_emails
        self.lock = threading.RLock()
        self.units: dict[OrgUnitId, _Unit] = {ROOT: _Unit("Root", None)}
        self.accounts: dict[AccountId, Account] = {}
        self.born: dict[AccountId, datetime] = {}
        self.inside: dict[AccountId, dict[str, Any]] = {}
        self.births: dict[str, Birth] = {}
        self.foreign_emails: set[str] = set()
        self.failing_names: dict[str, list[str]] = {}
        self.faults: list[Fault] = []
        self.refusal: AccessRefusal | None = None
        self.calls: Counter[str] = Counter()
        self.most_in_progress = 0
        self.refused_starts = 0
        self.accepted_starts: Counter[str] = Counter()
        self.crash_at: tuple[int, str] | None = None
        self.crash_after: tuple[str, int] | None = None
        self.dead = False
        self.moment: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._recorded = threading.local()
        for text in units:
            here = OrgUnitPath.parse(text)
            parent = ROOT if here.parent.is_root else unit_id(str(here.parent))
            self.units[unit_id(text)] = _Unit(here.name, parent)

    # --- the way in: every port call goes through here ---

    @contextlib.contextmanager
    def call(self, operation: str, *, write: bool = False) -> Iterator[None]:
        with self.lock:
            self._alive()
            self.calls[operation] += 1
            number = self.calls.total()
            fault = next((item for item in self.faults if item.operation == operation), None)
            if fault is not None:
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
        last = self.crash_at is not None and self.crash_at[0] == number
        last = last or self.crash_after == (operation, self.calls[operation])
        if last and self.crash_at is not None and self.crash_at[1] == "before":
            self.dead = True
            raise Crash(operation)
        latency = self.ledger_latency if operation in _LEDGER else self.latency
        if latency:
            self.clock.sleep(latency)
        if fault is not None and not fault.lost:
            raise fault.error
        self.moment()
        if check := getattr(self._recorded, "check", None):
            check()
        with self.lock:
            self._alive()
            self._let_time_pass()
            yield
        if write:
            for sink in getattr(self._recorded, "sinks", []):
                sink.append(f"organizations:{operation}:request-{number}")
        if last:
            self.dead = True
            raise Crash(operation)
        self.moment()
        if fault is not None:
            raise fault.error

    @contextlib.contextmanager
    def checked(self, check: Callable[[], None]) -> Iterator[None]:
        self._recorded.check = check
        try:
            yield
        finally:
            self._recorded.check = None

    def _alive(self) -> None:
        if self.dead:
            raise Crash("the process is dead")

    def revive(self) -> None:
        """A new process on the same world."""
        self.dead = False
        self.crash_at = self.crash_after = None

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[str]]:
        sinks = self._recorded.__dict__.setdefault("sinks", [])
        sink: list[str] = []
        sinks.append(sink)
        try:
            yield sink
        finally:
            sinks.remove(sink)

    # --- time ---

    def _let_time_pass(self) -> None:
        now = self.clock.now()
        for key, birth in self.births.items():
            if birth.creation.state is CreationState.IN_PROGRESS and birth.ends <= now:
                self.births[key] = self._ended(birth)

    def _ended(self, birth: Birth) -> Birth:
        reason = self._failure(birth)
        if reason:
            failure = birth.explain(reason)
            failed = replace(birth.creation, state=CreationState.FAILED, failure=failure)
            return replace(birth, creation=failed)
        account_id = self.add_account(
            birth.creation.account_name,
            birth.email,
            tags=birth.tags,
            parent=birth.parent,
            born=birth.ends,
        )
        done = replace(birth.creation, state=CreationState.SUCCEEDED, account_id=account_id)
        return replace(birth, creation=done)

    def _failure(self, birth: Birth) -> str:
        planned = self.failing_names.get(birth.creation.account_name)
        if planned:
            return planned.pop(0)
        key = EmailAddress(birth.email).key
        taken = {EmailAddress(item.email).key for item in self.accounts.values()}
        taken = taken if self.unique_emails else set()
        return "EMAIL_ALREADY_EXISTS" if key in taken | self.foreign_emails else ""

    def add_account(
        self,
        name: str,
        email: str,
        *,
        tags: Mapping[str, str] | None = None,
        parent: OrgUnitId = ROOT,
        born: datetime | None = None,
    ) -> AccountId:
        account_id = AccountId(f"{next(self._numbers):012d}")
        self.accounts[account_id] = Account(
            id=account_id,
            name=name,
            email=email,
            state=AccountState.ACTIVE,
            parent_id=parent,
            ou=self.path(parent),
            tags=dict(tags or {}),
        )
        self.born[account_id] = born or self.clock.now() - timedelta(days=1)
        self.inside[account_id] = {}
        return account_id

    # --- looking ---

    def path(self, unit: OrgUnitId) -> OrgUnitPath:
        names: list[str] = []
        here = unit
        while (parent := self.units[here].parent) is not None:
            names.insert(0, self.units[here].name)
            here = parent
        return OrgUnitPath(tuple(names))

    def paths(self) -> set[str]:
        return {str(self.path(unit)) for unit in self.units if unit != ROOT}

    def ou_of(self, name: str) -> str:
        return str(self.path(self.account(name).parent_id))

    def account(self, name: str) -> Account:
        """The one account of that name; two of them fail the test."""
        (found,) = (item for item in self.accounts.values() if item.name == name)
        return found

    def snapshot(self) -> OrganizationSnapshot:
        self._let_time_pass()
        return OrganizationSnapshot(
            organization_id="o-example123",
            root_id=ROOT,
            management_account_id=MANAGEMENT,
            units=tuple(
                OrganizationalUnit(
                    id=key, name=unit.name, path=self.path(key), parent_id=unit.parent
                )
                for key, unit in sorted(self.units.items())
            ),
            accounts=tuple(
                replace(item, ou=self.path(item.parent_id))
                for _, item in sorted(self.accounts.items())
            ),
            read_at=self.clock.now(),
        )

    def in_progress(self) -> int:
        return sum(
            birth.creation.state is CreationState.IN_PROGRESS for birth in self.births.values()
        )


@dataclass
class FakeProvider:
    """``AccountProvider``, as Organizations is one: asynchronous, five slots, one e-mail address
    each, born in the root."""

    world: FakeWorld
    traits: ProviderTraits = TRAITS

    def birthplace(self, ou: OrgUnitId, organization: OrganizationSnapshot) -> OrgUnitId:
        return organization.root_id

    def begin(self, application: Application) -> Creation:
        world, name = self.world, application.name
        with world.call("CreateAccount", write=True):
            assert application.tags[REQUEST_TAG] == application.request_id
            if world.in_progress() >= world.max_in_flight:
                world.refused_starts += 1
                raise Throttled("five creations are in progress")
            now = world.clock.now()
            creation = Creation(
                id=f"car-{len(world.births) + 1:04d}",
                account_name=name,
                state=CreationState.IN_PROGRESS,
                requested_at=now,
            )
            world.births[creation.id] = Birth(
                creation=creation,
                email=application.email,
                tags=application.tags,
                ends=now + timedelta(seconds=world.creation_seconds),
                listed_from=now + timedelta(seconds=world.list_lag),
            )
            world.accepted_starts[name] += 1
            world.most_in_progress = max(world.most_in_progress, world.in_progress())
        return creation

    def look(self, creation_id: str) -> Creation:
        with self.world.call("DescribeCreateAccountStatus"):
            if creation_id not in self.world.births:
                raise NotFound(f"no creation {creation_id}")
            return self.world.births[creation_id].creation

    def in_progress(self) -> Sequence[Creation]:
        listed = self._listed()
        return [item for item in listed if item.state is CreationState.IN_PROGRESS]

    def find(self, earlier: EarlierApplication) -> Sequence[Creation]:
        return [
            creation
            for creation in self._listed()
            if creation.account_name == earlier.name
            and creation.requested_at >= earlier.at
            and creation.state is not CreationState.FAILED
        ]

    def _listed(self) -> Sequence[Creation]:
        with self.world.call("ListCreateAccountStatus"):
            now = self.world.clock.now()
            found = self.world.births.values()
            return [birth.creation for birth in found if birth.listed_from <= now]


@dataclass
class FakeWriter:
    """``OrganizationWriter``: idempotent, and strict about parents."""

    world: FakeWorld

    def create_unit(
        self, *, parent_id: OrgUnitId, name: str, tags: Mapping[str, str] = NO_TAGS
    ) -> OrgUnitId:
        with self.world.call("CreateOrganizationalUnit", write=True):
            units = self.world.units
            if parent_id not in units:
                raise NotFound(f"no OU {parent_id}")
            for key, unit in units.items():
                if unit.parent == parent_id and unit.name == name:
                    if not tags.items() <= unit.tags.items():
                        raise Conflict(f"OU {key} is not aft's")
                    return key
            parent = self.world.path(parent_id)
            key = unit_id(str(parent.child(name)))
            while key in units:  # two names of the same letters
                key = OrgUnitId(f"{key}0")
            units[key] = _Unit(name, parent_id, dict(tags))
            return key

    def tag_unit(self, unit_id: OrgUnitId, tags: Mapping[str, str]) -> None:
        with self.world.call("TagResource", write=True):
            if unit_id not in self.world.units:
                raise NotFound(f"no OU {unit_id}")
            self.world.units[unit_id].tags.update(tags)

    def rename_unit(self, unit_id: OrgUnitId, name: str) -> None:
        with self.world.call("UpdateOrganizationalUnit", write=True):
            self.world.units[unit_id].name = name

    def delete_unit(self, unit_id: OrgUnitId) -> None:
        with self.world.call("DeleteOrganizationalUnit", write=True):
            world = self.world
            inside = [item for item in world.accounts.values() if item.parent_id == unit_id]
            below = [item for item in world.units.values() if item.parent == unit_id]
            if inside or below:
                raise Terminal(f"OU {unit_id} is not empty")
            world.units.pop(unit_id, None)

    def move_account(
        self, account_id: AccountId, *, source: OrgUnitId, destination: OrgUnitId
    ) -> None:
        with self.world.call("MoveAccount", write=True):
            account = self._account(account_id)
            if destination not in self.world.units:
                raise NotFound(f"no OU {destination}")
            if account.parent_id == destination:
                return
            if account.parent_id != source:
                raise Conflict(f"account {account_id} is not in {source}")
            self._put(replace(account, parent_id=destination))

    def rename_account(self, account_id: AccountId, name: str) -> None:
        with self.world.call("PutAccountName", write=True):
            self._put(replace(self._account(account_id), name=name))

    def tag_account(self, account_id: AccountId, tags: Iterable[tuple[str, str]]) -> None:
        with self.world.call("TagResource", write=True):
            account = self._account(account_id)
            self._put(replace(account, tags={**account.tags, **dict(tags)}))

    def untag_account(self, account_id: AccountId, keys: Sequence[str]) -> None:
        with self.world.call("UntagResource", write=True):
            account = self._account(account_id)
            kept = {key: value for key, value in account.tags.items() if key not in keys}
            self._put(replace(account, tags=kept))

    def _account(self, account_id: AccountId) -> Account:
        if account_id not in self.world.accounts:
            raise NotFound(f"no account {account_id}")
        return self.world.accounts[account_id]

    def _put(self, account: Account) -> None:
        self.world.accounts[account.id] = account


@dataclass
class FakeLookup:
    """``AccountLookup``."""

    world: FakeWorld

    def account(self, account_id: AccountId) -> Account:
        with self.world.call("DescribeAccount"):
            if account_id not in self.world.accounts:
                raise NotFound(f"no account {account_id}")
            found = self.world.accounts[account_id]
            return replace(found, ou=self.world.path(found.parent_id))

    def account_by_email(self, email: str) -> Account | None:
        with self.world.call("ListAccounts"):
            key = EmailAddress(email).key
            found = self.world.accounts.values()
            return next((item for item in found if EmailAddress(item.email).key == key), None)


@dataclass
class FakeSession:
    """``AccountSession``: ``client`` gives the account's inside, a plain dictionary."""

    world: FakeWorld
    account_id: AccountId
    home_region: str = "eu-central-1"

    def client(self, service: str, region: str | None = None) -> Any:
        with self.world.call("inside"):
            if not _answers(self.world, self.account_id):
                raise Denied(f"account {self.account_id} cannot be entered yet")
            return self.world.inside[self.account_id]

    def of(self, account_id: AccountId) -> FakeSession:
        if account_id not in self.world.accounts:
            raise Denied(f"there is no account {account_id} to enter")
        return FakeSession(self.world, account_id)

    def sleep(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    def environment(self) -> Mapping[str, str]:
        return {"AWS_REGION": self.home_region}


def _answers(world: FakeWorld, account_id: AccountId) -> bool:
    return world.clock.now() >= world.born[account_id] + timedelta(seconds=world.usable_after)


@dataclass
class FakeMembers:
    """``MemberAccess``."""

    world: FakeWorld

    def session(self, account_id: AccountId) -> FakeSession:
        return FakeSession(self.world, account_id)

    def is_usable(self, account_id: AccountId) -> bool:
        with self.world.call("AssumeRole"):
            if self.world.accounts[account_id].state is not AccountState.ACTIVE:
                raise Terminal(f"account {account_id} is suspended")
            return _answers(self.world, account_id)

    def refusal(self, account_id: AccountId) -> AccessRefusal | None:
        return None if _answers(self.world, account_id) else self.world.refusal


@dataclass
class FakeCalls:
    """``CallRecorder``: the writes of the current thread."""

    world: FakeWorld

    def recording(self) -> contextlib.AbstractContextManager[list[str]]:
        return self.world.recording()

    def checked(self, check: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        return self.world.checked(check)

    @property
    def calls(self) -> int:
        return self.world.calls.total()


@dataclass
class Witness:
    """``Observer`` that remembers."""

    seen: list[Any] = field(default_factory=list)

    def notify(self, progress: Any) -> None:
        self.seen.append(progress)
