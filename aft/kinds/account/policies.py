"""Which policies hold for an account in one OU and no longer, or only, in another.

Own policies alone: those of AWS, such as FullAWSAccess, are attached everywhere. A policy that
holds in both places, by one OU or another, is neither left nor gained. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aft.organization.model import Policy
from aft.plan.ou_tree import UnitTree
from aft.plan.targets import AccountSite
from aft.plan.view import PlanView
from aft.values.ids import OrgUnitId
from aft.values.words import listed

_SHORT = {"SERVICE_CONTROL_POLICY": "SCP", "RESOURCE_CONTROL_POLICY": "RCP"}


class Attached(NamedTuple):
    """One policy on one OU, the root or an account."""

    id: str
    name: str
    type: str

    def __str__(self) -> str:
        kind = _SHORT.get(self.type) or self.type.lower().replace("_", " ")
        return f"{kind} {self.name}"


Seen = Mapping[str, Sequence[Attached]]
"""What is attached to each target that was looked at."""


def moving(view: PlanView, sites: Iterable[AccountSite]) -> Iterator[AccountSite]:
    """The sites whose accounts this plan wants to move."""
    looked_at = {request.id for request in view.requests}
    for site in sites:
        if site.moves and not site.stays and site.request.id in looked_at:
            yield site


def targets_of(view: PlanView, tree: UnitTree, site: AccountSite) -> frozenset[str]:
    """All that policies hold for the account by, where it is and where it goes."""
    return _before(view, site) | _after(view, tree, site)


def seen_in(policies: Iterable[Policy]) -> Seen:
    """What a snapshot of the whole organization says."""
    found: dict[str, list[Attached]] = {}
    for policy in policies:
        for target in policy.targets:
            found.setdefault(target, []).append(Attached(policy.id, policy.name, policy.type))
    return found


def told(view: PlanView, tree: UnitTree, site: AccountSite, seen: Seen) -> tuple[str, ...]:
    """What the account leaves and gains, in words; nothing where nothing changes."""
    here, there = _before(view, site), _after(view, tree, site)
    before = {policy for target in here for policy in seen.get(target, ())}
    after = {policy for target in there for policy in seen.get(target, ())}
    lines = {"leaves": before - after, "gains": after - before}
    return tuple(
        f"{verb} {listed(sorted(map(str, policies)))}"
        for verb, policies in lines.items()
        if policies
    )


def _before(view: PlanView, site: AccountSite) -> frozenset[str]:
    account = site.account
    return _chain(view, account.parent_id, account.id) if account is not None else frozenset()


def _after(view: PlanView, tree: UnitTree, site: AccountSite) -> frozenset[str]:
    """A new OU has no policy yet; those above it hold."""
    path, unit_id = site.place.path, site.place.id
    while unit_id is None:
        path = path.parent
        unit_id = tree.id_at(path)
    return _chain(view, unit_id, site.account_id or "")


def _chain(view: PlanView, unit_id: OrgUnitId, account_id: str) -> frozenset[str]:
    found: set[str] = {account_id}
    current: OrgUnitId | None = unit_id
    while current is not None:
        found.add(current)
        unit = view.snapshot.unit_by_id.get(current)
        current = unit.parent_id if unit is not None else None
    return frozenset(found)
