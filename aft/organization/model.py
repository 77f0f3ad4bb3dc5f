"""The organization as AWS reports it: plain, immutable, comparable.

Read by ``aft.aws.snapshot``; compared with the desired state by ``aft.plan.diff``. Knows no
AWS client. ``AccountFacts`` is what a baseline setting, a template or a script may see of one
account.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from aft.values.canonical_json import digest
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

REQUEST_TAG = "aft:request"
"""The tag that binds an account to its request when the ledger is lost."""

OU_TAG = "aft:ou"
"""The tag of an OU that holds its name in ``organization.yaml``: the second witness of what the
ledger says, and the only one when the ledger is lost."""


class AccountState(enum.StrEnum):
    """``State`` of an account; ``Status`` (retired 2026-09-09) is mapped onto it at the edge."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationalUnit:
    """An OU (or the root, with path ``()`` and no parent)."""

    id: OrgUnitId
    name: str
    path: OrgUnitPath
    parent_id: OrgUnitId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as it is. ``ou`` is the path of ``parent_id``."""

    id: AccountId
    name: str
    email: str
    state: AccountState
    parent_id: OrgUnitId
    ou: OrgUnitPath
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Our own organization policy (AWS-managed ones are left out) and its targets."""

    id: str
    name: str
    type: str
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OrganizationSnapshot:
    """Everything AWS said at one moment, sorted by id. ``scope`` is ``None`` when the whole
    organization was read. A scoped snapshot holds only the accounts in question and the OUs on the
    way to them, and must not be used to conclude that something else is missing. ``objects`` are
    the things that installed kinds read, by kind and key, as plain JSON values; a kind that is not
    there was not read, which is not the same as none."""

    organization_id: str
    root_id: OrgUnitId
    management_account_id: AccountId
    units: tuple[OrganizationalUnit, ...]
    accounts: tuple[Account, ...]
    policies: tuple[Policy, ...] = ()
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scope: tuple[str, ...] | None = None
    read_at: datetime
    calls: int = 0

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """A short digest per object, so that two snapshots can say what moved between them. Keys
        are ``ou/<id>``, ``account/<id>``, ``policy/<id>`` and ``<kind>/<key>``."""
        things: dict[str, object] = {f"ou/{unit.id}": unit for unit in self.units}
        things |= {f"account/{account.id}": account for account in self.accounts}
        things |= {f"policy/{policy.id}": policy for policy in self.policies}
        for kind, objects in self.objects.items():
            things |= {f"{kind}/{key}": values for key, values in objects.items()}
        return {name: digest(item)[7:23] for name, item in things.items()}

    def with_kinds(self, kinds: Collection[str]) -> OrganizationSnapshot:
        """The same, with the objects of ``kinds`` alone."""
        if self.objects.keys() <= set(kinds):
            return self
        return replace(
            self, objects={kind: self.objects[kind] for kind in self.objects if kind in kinds}
        )

    @cached_property
    def digest(self) -> str:
        """Digest of what was read; not of when, nor by how many calls."""
        return digest([self.organization_id, self.scope, self.fingerprints])

    @cached_property
    def account_by_id(self) -> Mapping[AccountId, Account]:
        return {account.id: account for account in self.accounts}

    @cached_property
    def unit_by_path(self) -> Mapping[OrgUnitPath, OrganizationalUnit]:
        return {unit.path: unit for unit in self.units}

    @cached_property
    def unit_by_id(self) -> Mapping[OrgUnitId, OrganizationalUnit]:
        return {unit.id: unit for unit in self.units}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An alternate contact, as AWS's Account Management API takes it."""

    name: str
    title: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the account may cost: US dollars a month, and at which percentages whom to warn."""

    monthly_usd: float
    alert_at: tuple[float, ...]
    subscribers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The organization around an account, as far as it is known. ``accounts`` are the accounts of
    requests, by request id; nothing is known of any of it while only files are looked at."""

    organization_id: str = ""
    management_account_id: AccountId | None = None
    accounts: Mapping[str, AccountId] = field(default_factory=dict)


NOT_FOR_STEPS = frozenset({"budget", "around"})
"""Facts that baseline settings see, and customization steps and their digests do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What settings, templates and scripts may see of one account: inputs, never secrets.
    ``account_id`` is ``None`` only while planning an account that does not exist yet. ``regions``
    are the governed regions of this account, home region first. ``allocations`` are the ranges of
    addresses given to its settings, by the setting's name. ``budget`` and ``around`` are for
    baseline settings alone."""

    request_id: str
    account_id: AccountId | None
    name: str
    email: str
    ou: OrgUnitPath
    home_region: str
    regions: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    owner: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    allocations: Mapping[str, str] = field(default_factory=dict)
    budget: Budget | None = None
    around: Surroundings = Surroundings()

    @property
    def organization_id(self) -> str:
        """``o-…``, or an empty string while only files are looked at."""
        return self.around.organization_id

    @property
    def management_account_id(self) -> AccountId | None:
        return self.around.management_account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedPolicy:
    """One policy as it is attached now; ``content`` is its JSON."""

    id: str
    name: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedLevel:
    """The root, an OU or the account; ``None`` for a policy type that is off."""

    id: str
    scps: tuple[AttachedPolicy, ...] | None
    rcps: tuple[AttachedPolicy, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedPolicies:
    """Of one account, root first. ``path`` is AWS's entity path of its parent."""

    account_id: AccountId
    organization_id: str
    management_account_id: AccountId
    path: str
    levels: tuple[AttachedLevel, ...]
