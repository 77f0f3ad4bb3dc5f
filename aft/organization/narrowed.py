"""A part of a snapshot: what a scoped read would have seen of that organization. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from aft.organization.model import REQUEST_TAG, OrganizationSnapshot
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId, is_org_unit_id


def narrowed(
    snapshot: OrganizationSnapshot,
    *,
    account_ids: Sequence[AccountId],
    request_ids: Sequence[RequestId],
    unit_paths: Sequence[str],
) -> OrganizationSnapshot:
    """As ``aft.ports.OrganizationReader.read_scoped`` answers: equal digests for equal worlds."""
    wanted, tagged = set(account_ids), set(request_ids)
    accounts = tuple(
        account
        for account in snapshot.accounts
        if account.id in wanted or account.tags.get(REQUEST_TAG) in tagged
    )
    needed = {snapshot.root_id, *(account.parent_id for account in accounts)}
    for text in unit_paths:
        needed.update(_units_towards(snapshot, text))
    above = {found for unit_id in needed for found in _chain(snapshot, unit_id)}
    return replace(
        snapshot,
        units=tuple(unit for unit in snapshot.units if unit.id in above),
        accounts=accounts,
        policies=(),
        objects={},
        scope=scope_of(account_ids, request_ids, unit_paths),
    )


def scope_of(
    account_ids: Iterable[str], request_ids: Iterable[str], unit_paths: Iterable[str]
) -> tuple[str, ...]:
    """How a snapshot names what it was narrowed to."""
    asked = {"account": account_ids, "request": request_ids, "unit": unit_paths}
    return tuple(f"{kind}/{name}" for kind, names in asked.items() for name in sorted(set(names)))


def _units_towards(snapshot: OrganizationSnapshot, text: str) -> Iterator[OrgUnitId]:
    if is_org_unit_id(text):
        if OrgUnitId(text) in snapshot.unit_by_id:
            yield OrgUnitId(text)
        return
    names = OrgUnitPath.of_text(text).names
    for depth in range(1, len(names) + 1):
        unit = snapshot.unit_by_path.get(OrgUnitPath(names[:depth]))
        if unit is not None:
            yield unit.id


def _chain(snapshot: OrganizationSnapshot, unit_id: OrgUnitId) -> Iterator[OrgUnitId]:
    current: OrgUnitId | None = unit_id
    while current is not None:
        yield current
        current = snapshot.unit_by_id[current].parent_id
