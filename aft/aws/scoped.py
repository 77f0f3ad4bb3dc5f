"""Reads only what a few requests touch, whatever the size of the organization.

Three reads per account, one list per level on the way to an OU, three shared calls. Nothing is
taken from memory: a scoped snapshot is as fresh as a full one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aft.aws.accounts import read_account
from aft.aws.session import AwsSessions
from aft.aws.tags import accounts_tagged
from aft.aws.units import KnownUnit, KnownUnits, as_units, climb
from aft.errors import NotFound
from aft.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId, is_org_unit_id
from aft.organization.model import Account, OrganizationalUnit, OrganizationSnapshot
from aft.ports import Clock

THREADS = 8


def read_scoped(
    sessions: AwsSessions,
    *,
    clock: Clock,
    account_ids: Sequence[AccountId],
    request_ids: Sequence[RequestId],
    unit_paths: Sequence[str],
) -> OrganizationSnapshot:
    """See ``aft.ports.OrganizationReader.read_scoped``.

    Accounts and OUs that do not exist are simply not in the snapshot.
    """
    client = sessions.organizations()
    read_at = clock.now()
    organization = client.describe_organization()["Organization"]
    root = client.list_roots()["Roots"][0]
    root_id = OrgUnitId(root["Id"])
    known = KnownUnits([KnownUnit(id=root_id, name=root.get("Name", "Root"), parent_id=None)])

    walk = _Walk(client, known, root_id)
    needed = {root_id} | {
        unit_id for text in sorted(set(unit_paths)) for unit_id in walk.units_towards(text)
    }
    wanted = set(account_ids)
    if request_ids:
        tagging = sessions.management("resourcegroupstaggingapi", sessions.global_region)
        wanted |= accounts_tagged(tagging, request_ids)
    accounts = _read_accounts(client, known, sorted(wanted))
    needed |= {account.parent_id for account in accounts}
    scope = (
        *(f"account/{account_id}" for account_id in sorted(set(account_ids))),
        *(f"request/{request_id}" for request_id in sorted(set(request_ids))),
        *(f"unit/{path}" for path in sorted(set(unit_paths))),
    )
    return OrganizationSnapshot(
        organization_id=organization["Id"],
        root_id=root_id,
        management_account_id=AccountId.parse(organization["MasterAccountId"]),
        units=_units_above(known, needed),
        accounts=accounts,
        scope=scope,
        read_at=read_at,
    )


class _Walk:
    """Goes down from the root, listing each OU's children at most once."""

    def __init__(self, client: Any, known: KnownUnits, root_id: OrgUnitId) -> None:
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


def _read_accounts(
    client: Any, known: KnownUnits, account_ids: Sequence[AccountId]
) -> tuple[Account, ...]:
    def read(account_id: AccountId) -> Account | None:
        try:
            return read_account(client, known, account_id)
        except NotFound:
            return None

    if not account_ids:
        return ()
    # The first one alone: the OUs it is in are likely those of the others, and are asked for once.
    first, rest = read(account_ids[0]), account_ids[1:]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="aft-read") as pool:
        return tuple(account for account in (first, *pool.map(read, rest)) if account is not None)


def _units_above(
    known: KnownUnits, unit_ids: Iterable[OrgUnitId]
) -> tuple[OrganizationalUnit, ...]:
    found = {unit.id: unit for unit_id in unit_ids for unit in as_units(known.chain(unit_id))}
    return tuple(found[unit_id] for unit_id in sorted(found))
