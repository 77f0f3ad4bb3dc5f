"""The SCPs and RCPs on the way from the root to one account, with their texts."""

from __future__ import annotations

from dataclasses import dataclass

from aft.values.ids import AccountId


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
