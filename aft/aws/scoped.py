"""Reads only what a few requests touch, whatever the size of the organization.

Two reads per account, one list per level on the way to an OU, one for each other OU it is in;
which organization it is, an account tells itself. Nothing is taken from memory: a scoped snapshot
is as fresh as a full one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from aft.aws.accounts import placed_account
from aft.aws.session import AwsSessions
from aft.aws.tags import accounts_tagged
from aft.aws.units import (
    KnownUnit,
    KnownUnits,
    Whereabouts,
    as_units,
    climb,
    parent_of,
    whereabouts,
)
from aft.errors import NotFound
from aft.organization.model import Account, OrganizationalUnit, OrganizationSnapshot
from aft.ports import Clock
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId, is_org_unit_id

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.type_defs import AccountTypeDef

THREADS = 8

_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")


def read_scoped(
    sessions: AwsSessions,
    *,
    clock: Clock,
    account_ids: Sequence[AccountId],
    request_ids: Sequence[RequestId],
    unit_paths: Sequence[str],
) -> OrganizationSnapshot:
    """See ``aft.ports.OrganizationReader.read_scoped``. Accounts and OUs that do not exist are
    simply not in the snapshot."""
    client = sessions.organizations()
    read_at = clock.now()
    wanted = set(account_ids)
    if request_ids:
        tagging = sessions.management("resourcegroupstaggingapi", sessions.global_region)
        wanted |= accounts_tagged(tagging, request_ids)
    described = _side_by_side(partial(_describe, client), sorted(wanted))
    organization = _organization(client, described)
    root_id = organization.root_id
    known = KnownUnits([KnownUnit(id=root_id, name="Root", parent_id=None)])

    walk = _Walk(client, known, root_id)
    needed = {root_id} | {
        unit_id for text in sorted(set(unit_paths)) for unit_id in walk.units_towards(text)
    }
    # The first one alone: the OUs it is in are likely those of the others, and are asked for once.
    place = partial(_placed, client, known)
    accounts = (*_side_by_side(place, described[:1]), *_side_by_side(place, described[1:]))
    needed |= {account.parent_id for account in accounts}
    scope = (
        *(f"account/{account_id}" for account_id in sorted(set(account_ids))),
        *(f"request/{request_id}" for request_id in sorted(set(request_ids))),
        *(f"unit/{path}" for path in sorted(set(unit_paths))),
    )
    return OrganizationSnapshot(
        organization_id=organization.organization_id,
        root_id=root_id,
        management_account_id=organization.management_account_id,
        units=_units_above(known, needed),
        accounts=accounts,
        scope=scope,
        read_at=read_at,
    )


class _Walk:
    """Goes down from the root, listing each OU's children at most once."""

    def __init__(self, client: OrganizationsClient, known: KnownUnits, root_id: OrgUnitId) -> None:
        self._client = client
        self._known = known
        self._root_id = root_id
        self._listed: set[OrgUnitId] = set()

    def units_towards(self, text: str) -> tuple[OrgUnitId, ...]:
        """The OUs that exist on the way to a path (or to an OU id), the last one last."""
        if is_org_unit_id(text):
            try:
                return tuple(unit.id for unit in climb(self._client, self._known, OrgUnitId(text)))
            except NotFound:
                return ()
        at = self._root_id
        found: list[OrgUnitId] = []
        for name in OrgUnitPath.parse(text).names:
            self._list(at)
            below = {unit.name: unit.id for unit in self._known.children(at)}
            if name not in below:
                break
            at = below[name]
            found.append(at)
        return tuple(found)

    def _list(self, parent: OrgUnitId) -> None:
        if parent in self._listed:
            return
        pages = self._client.get_paginator("list_organizational_units_for_parent").paginate(
            ParentId=parent
        )
        for page in pages:
            for raw in page["OrganizationalUnits"]:
                self._known.add(
                    KnownUnit(id=OrgUnitId(raw["Id"]), name=raw["Name"], parent_id=parent)
                )
        self._listed.add(parent)


def _describe(client: OrganizationsClient, account_id: AccountId) -> AccountTypeDef:
    return client.describe_account(AccountId=account_id)["Account"]


def _organization(client: OrganizationsClient, described: Iterable[AccountTypeDef]) -> Whereabouts:
    """Which organization this is: as an account in it says, else as Organizations does."""
    for raw in described:
        told = whereabouts(raw)
        if told is not None:
            return told
    organization = client.describe_organization()["Organization"]
    root_id = OrgUnitId(client.list_roots()["Roots"][0]["Id"])
    return Whereabouts(
        organization_id=organization["Id"],
        management_account_id=AccountId.parse(organization["MasterAccountId"]),
        root_id=root_id,
        parent_id=root_id,
    )


def _placed(client: OrganizationsClient, known: KnownUnits, raw: AccountTypeDef) -> Account:
    told = whereabouts(raw)
    parent_id = told.parent_id if told is not None else parent_of(client, raw["Id"])
    return placed_account(client, known, raw, parent_id)


def _side_by_side(read: Callable[[_Asked], _Found], asked: Sequence[_Asked]) -> tuple[_Found, ...]:
    """What ``read`` gives for each; what does not exist (any more) is left out."""

    def look(item: _Asked) -> _Found | None:
        try:
            return read(item)
        except NotFound:
            return None

    with ThreadPoolExecutor(THREADS, thread_name_prefix="aft-read") as pool:
        return tuple(found for found in pool.map(look, asked) if found is not None)


def _units_above(
    known: KnownUnits, unit_ids: Iterable[OrgUnitId]
) -> tuple[OrganizationalUnit, ...]:
    found = {unit.id: unit for unit_id in unit_ids for unit in as_units(known.chain(unit_id))}
    return tuple(found[unit_id] for unit_id in sorted(found))
