"""Which policies hold for an account in one OU and no longer, or only, in another.

Own policies alone: those of AWS, such as FullAWSAccess, are attached everywhere. A policy that
holds in both places, by one OU or another, is neither left nor gained. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aft.organization.model import OrganizationSnapshot, Policy
from aft.plan.fields import POLICIES
from aft.plan.model import FieldChange
from aft.plan.ou_tree import UnitTree
from aft.plan.targets import AccountSite
from aft.plan.view import PlanView
from aft.values.ids import OrgUnitId
from aft.values.words import listed

MOST_DAYS = timedelta(days=1)
"""How long a plan of a few accounts believes what was published: read yesterday or today."""

_SHORT = {"SERVICE_CONTROL_POLICY": "SCP", "RESOURCE_CONTROL_POLICY": "RCP"}


class Attached(NamedTuple):
    """One policy on one OU, the root or an account."""

    id: str
    name: str
    type: str

    def __str__(self) -> str:
        kind = _SHORT.get(self.type) or self.type.lower().replace("_", " ")
        return f"{kind} {self.name}"


class Seen(NamedTuple):
    """What is attached to each target that was looked at. ``published_at`` is when that was, where
    it was not just now."""

    by_target: Mapping[str, Sequence[Attached]]
    published_at: datetime | None = None


def moving(view: PlanView, sites: Iterable[AccountSite]) -> Iterator[AccountSite]:
    """The sites whose accounts this plan wants to move."""
    looked_at = {request.id for request in view.requests}
    for site in sites:
        if site.moves and not site.stays and site.request.id in looked_at:
            yield site


class Ways(NamedTuple):
    """What policies hold for accounts by: only where they are or only where they go, and both."""

    apart: frozenset[str]
    common: frozenset[str]


def ways_of(view: PlanView, tree: UnitTree, sites: Iterable[AccountSite]) -> Ways:
    """The targets whose policies decide what these accounts leave and gain. A policy that is
    attached to none of ``apart`` is neither, so ``common`` matters only to those that are."""
    pairs = [(_before(view, site), _after(view, tree, site)) for site in sites]
    apart = frozenset().union(*(here ^ there for here, there in pairs))
    return Ways(apart, frozenset().union(*(here & there for here, there in pairs)) - apart)


def vouched(view: PlanView, ways: Ways) -> OrganizationSnapshot | None:
    """The organization as last published, where that is recent and knows all of these places."""
    found = view.published()
    if found is None or found.organization_id != view.snapshot.organization_id:
        return None
    places = {*found.unit_by_id, *found.account_by_id}
    is_recent = view.today - found.read_at.date() <= MOST_DAYS
    return found if is_recent and ways.apart | ways.common <= places else None


def seen_in(policies: Iterable[Policy], *, published_at: datetime | None = None) -> Seen:
    """What a snapshot of the whole organization says."""
    found: dict[str, list[Attached]] = {}
    for policy in policies:
        for target in policy.targets:
            found.setdefault(target, []).append(Attached(policy.id, policy.name, policy.type))
    return Seen(found, published_at)


class Exchanged(NamedTuple):
    """The policies that an account leaves and gains by a move."""

    left: frozenset[Attached] = frozenset()
    gained: frozenset[Attached] = frozenset()
    is_known: bool = True
    published_at: datetime | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """A line each; nothing where nothing changes."""
        pairs = {"leaves": self.left, "gains": self.gained}
        lines = tuple(
            f"{verb} {listed(sorted(map(str, policies)))}"
            for verb, policies in pairs.items()
            if policies
        )
        if not lines or self.published_at is None:
            return lines
        return (*lines, f"policies as published, read {self.published_at:%Y-%m-%d %H:%M} UTC")

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """What a review and a later plan are compared by: names may change, ids do not."""
        if self.is_known and not self.left and not self.gained:
            return ()
        before, after = (" ".join(sorted(it.id for it in some)) for some in self[:2])
        field = FieldChange(
            field=POLICIES, before=before or None, after=after or None, known=self.is_known
        )
        return (field,)


def exchanged(view: PlanView, tree: UnitTree, site: AccountSite, seen: Seen | None) -> Exchanged:
    """What the account leaves and gains. ``seen`` is ``None`` where no policies were read."""
    if seen is None:
        return Exchanged(is_known=False)
    here, there = _before(view, site), _after(view, tree, site)
    before = {policy for target in here for policy in seen.by_target.get(target, ())}
    after = {policy for target in there for policy in seen.by_target.get(target, ())}
    left, gained = frozenset(before - after), frozenset(after - before)
    return Exchanged(left, gained, published_at=seen.published_at)


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
