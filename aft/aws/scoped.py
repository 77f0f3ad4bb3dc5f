"""Reads only what a few requests touch, whatever the size of the organization.

Two reads per account, one list per level on the way to an OU, one for each other OU it is in;
which organization it is, an account tells itself. Nothing is taken from memory: a scoped snapshot
is as fresh as a full one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    child_units,
    climb,
    parent_of,
    whereabouts,
)
from aft.errors import NotFound
from aft.organization.model import Account, OrganizationSnapshot
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
    account_ids: Sequence[AccountId],
    request_ids: Sequence[RequestId],
    unit_paths: Sequence[str],
) -> OrganizationSnapshot:
    """See ``aft.ports.OrganizationReader.read_scoped``. Accounts and OUs that do not exist are
    simply not in the snapshot."""
    client = sessions.organizations()
    read_at = sessions.clock.now()
    wanted = set(account_ids)
    if request_ids:
        wanted |= accounts_tagged(sessions.tagging(), request_ids)
    described = _side_by_side(
        lambda account_id: client.describe_account(AccountId=account_id)["Account"], sorted(wanted)
    )
    organization = _organization(client, described)
    root_id = organization.root_id
    known = KnownUnits([KnownUnit(id=root_id, name="Root", parent_id=None)])

    needed = {root_id, *_units_towards(client, known, root_id, sorted(set(unit_paths)))}
    # The first one alone: the OUs it is in are likely those of the others, and are asked for once.
    place = partial(_placed, client, known)
    accounts = (*_side_by_side(place, described[:1]), *_side_by_side(place, described[1:]))
    needed |= {account.parent_id for account in accounts}
    scope = (
        *(f"account/{account_id}" for account_id in sorted(set(account_ids))),
        *(f"request/{request_id}" for request_id in sorted(set(request_ids))),
        *(f"unit/{path}" for path in sorted(set(unit_paths))),
    )
    above = {unit.id: unit for unit_id in needed for unit in as_units(known.chain(unit_id))}
    return OrganizationSnapshot(
        organization_id=organization.organization_id,
        root_id=root_id,
        management_account_id=organization.management_account_id,
        units=tuple(above[unit_id] for unit_id in sorted(above)),
        accounts=accounts,
        scope=scope,
        read_at=read_at,
    )


def _units_towards(
    client: OrganizationsClient, known: KnownUnits, root_id: OrgUnitId, texts: Iterable[str]
) -> Iterator[OrgUnitId]:
    """The OUs that exist on the way to each path (or OU id); each OU is listed at most once."""
    listed: set[OrgUnitId] = set()
    for text in texts:
        if is_org_unit_id(text):
            with contextlib.suppress(NotFound):
                yield from (unit.id for unit in climb(client, known, OrgUnitId(text)))
            continue
        at = root_id
        for name in OrgUnitPath.parse(text).names:
            if at not in listed:
                for unit in child_units(client, at):
                    known.add(unit)
                listed.add(at)
            below = {unit.name: unit.id for unit in known.children(at)}
            if name not in below:
                break
            at = below[name]
            yield at


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
