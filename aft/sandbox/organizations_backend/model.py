"""The organization as state: accounts, units, policies, creation requests.

Plain mutable records in dictionaries, so that a look-up costs the same at ten accounts and at
ten thousand. Rules live beside the operations; times are seconds since 1970.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

_LOWER = string.ascii_lowercase + string.digits
FULL_AWS_ACCESS = "p-FullAWSAccess"
RCP_FULL_AWS_ACCESS = "p-RCPFullAWSAccess"
ACCESS_ROLE = "OrganizationAccountAccessRole"


@dataclass(slots=True, kw_only=True)
class Taggable:
    """Tags, and which policies (by id) are attached."""

    tags: dict[str, str] = field(default_factory=dict)
    policies: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class MemberAccount(Taggable):
    """An account of the organization (the management account, too)."""

    serial: int
    id: str
    name: str
    email: str
    parent_id: str
    state: str = "ACTIVE"
    joined_method: str = "CREATED"
    joined_at: float
    role_name: str | None = ACCESS_ROLE
    """The access role the account was created with; ``None`` for accounts without one."""
    role_usable_at: float = 0.0
    role_exists: bool = False
    """The role is put into IAM when the account is first touched; 10,000 are cheap that way."""
    indexed_tags: dict[str, str] | None = None
    """What the tagging API still shows, until ``indexed_at``."""
    indexed_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class Unit(Taggable):
    """An OU, or the root (no parent). Children are kept in order of arrival."""

    serial: int
    id: str
    name: str
    parent_id: str | None
    units: dict[str, None] = field(default_factory=dict)
    accounts: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class PolicyRecord:
    """A policy and whom it is attached to."""

    serial: int
    id: str
    name: str
    description: str
    type: str
    content: str
    aws_managed: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class CreationRequest:
    """One CreateAccount. The e-mail is never told again by AWS."""

    serial: int
    id: str
    name: str
    email: str
    tags: dict[str, str]
    role_name: str
    requested_at: float
    ready_at: float
    state: str = "IN_PROGRESS"
    completed_at: float | None = None
    account_id: str | None = None
    failure_reason: str | None = None


@dataclass(slots=True, kw_only=True)
class Organization:
    """Everything AWS Organizations knows."""

    id: str
    root_id: str
    management_account_id: str
    management_email: str
    units: dict[str, Unit] = field(default_factory=dict)
    accounts: dict[str, MemberAccount] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    """Case-folded e-mail to account id; closed accounts keep theirs."""
    policies: dict[str, PolicyRecord] = field(default_factory=dict)
    policy_types: set[str] = field(default_factory=set)
    trusted_services: dict[str, float] = field(default_factory=dict)
    delegated: dict[str, dict[str, float]] = field(default_factory=dict)
    creations: dict[str, CreationRequest] = field(default_factory=dict)
    open_creations: dict[str, None] = field(default_factory=dict)
    closing: dict[str, float] = field(default_factory=dict)
    """Accounts that are PENDING_CLOSURE, and until when."""
    closures: list[float] = field(default_factory=list)
    resource_policy: str | None = None
    resource_policy_id: str = ""
    serial: int = 0

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    @property
    def root(self) -> Unit:
        return self.units[self.root_id]

    def node(self, target_id: str) -> Unit | MemberAccount | None:
        """A root, OU or account by id."""
        return self.units.get(target_id) or self.accounts.get(target_id)

    def ancestors(self, parent_id: str | None) -> Iterator[Unit]:
        """From ``parent_id`` up to the root."""
        while parent_id is not None:
            unit = self.units[parent_id]
            yield unit
            parent_id = unit.parent_id

    def path(self, parent_id: str, leaf: str = "") -> str:
        """AWS's entity path: ``o-…/r-…/ou-…/``, with an account id at the end when given."""
        ids = [unit.id for unit in self.ancestors(parent_id)]
        names = [self.id, *reversed(ids), *([leaf] if leaf else [])]
        return "/".join(names) + "/"

    def arn(self, kind: str, *ids: str) -> str:
        tail = "/".join((kind, self.id, *ids))
        return f"arn:aws:organizations::{self.management_account_id}:{tail}"


def new_id(rng: random.Random, prefix: str, length: int) -> str:
    """An id as AWS forms them, from the seed."""
    return prefix + "".join(rng.choices(_LOWER, k=length))


def new_account_id(rng: random.Random, taken: dict[str, MemberAccount]) -> str:
    """Twelve digits nobody has yet."""
    while True:
        candidate = f"{rng.randrange(10**11, 10**12)}"
        if candidate not in taken:
            return candidate
