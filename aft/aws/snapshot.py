"""Reads the organization: the whole of it in bulk, or only what a few requests touch.

The cheapest complete read known: two lists per OU side by side, tags a hundred accounts at a
time, and the targets of our own policies. No call per account but where tags must be fresh.

A scoped read costs the same for any size of the organization: two reads per account, one list
per level on the way to an OU, one for each other OU it is in; which organization it is, an account
tells itself. Nothing is taken from memory: a scoped snapshot is as fresh as a full one.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from aft.aws.accounts import (
    RecentlyTagged,
    account_from,
    accounts_tagged,
    bulk_tags,
    placed_account,
    read_tags,
)
from aft.aws.answers import account_id_in
from aft.aws.session import AwsSessions
from aft.aws.units import (
    KnownUnit,
    KnownUnits,
    Whereabouts,
    as_units,
    child_units,
    climb,
    parent_of,
    path_of,
    whereabouts,
)
from aft.errors import Conflict, NotFound
from aft.organization.model import Account, OrganizationSnapshot, Policy
from aft.organization.narrowed import scope_of
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId, is_org_unit_id

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.type_defs import AccountTypeDef, RootTypeDef

THREADS, SCOPED_THREADS = 16, 8
TRIES = 3
"""Reads of the whole organization, when an OU vanishes while it is being read."""

_A = TypeVar("_A")
_F = TypeVar("_F")


@dataclass(slots=True)
class _Tree:
    """What the walk has found so far."""

    units: dict[OrgUnitId, KnownUnit] = field(default_factory=dict)
    accounts: list[tuple[OrgUnitId, AccountTypeDef]] = field(default_factory=list)


class AwsOrganizationReader:
    """Implements ``aft.ports.OrganizationReader``."""

    def __init__(self, sessions: AwsSessions, *, known: KnownUnits, tagged: RecentlyTagged) -> None:
        self._sessions = sessions
        self._known = known
        self._tagged = tagged

    def read(self, *, fresh_tags_for: Sequence[AccountId] = ()) -> OrganizationSnapshot:
        """Everything. ``fresh_tags_for``: accounts whose tags were written so lately that the
        bulk answer may not show it; one more read for each. Those that this process has written
        itself are known."""
        fresh_tags_for = (*fresh_tags_for, *self._tagged.accounts)
        for _ in range(TRIES - 1):
            try:
                return self._read(fresh_tags_for)
            except NotFound:
                continue  # an OU, policy or account went away between two calls: start over
        try:
            return self._read(fresh_tags_for)
        except NotFound as error:
            raise Conflict(
                f"the organization keeps changing while it is read: {error.message}",
                hint="run again when the other change is done",
            ) from error

    def read_scoped(
        self,
        *,
        account_ids: Sequence[AccountId],
        request_ids: Sequence[RequestId],
        unit_paths: Sequence[str],
    ) -> OrganizationSnapshot:
        """See the port. Accounts and OUs that do not exist are simply not in the snapshot."""
        before = self._sessions.calls.calls
        snapshot = _read_scoped(
            self._sessions, account_ids=account_ids, request_ids=request_ids, unit_paths=unit_paths
        )
        return replace(snapshot, calls=self._sessions.calls.calls - before)

    def _read(self, fresh_tags_for: Sequence[AccountId]) -> OrganizationSnapshot:
        client = self._sessions.organizations()
        before = self._sessions.calls.calls
        read_at = self._sessions.clock.now()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="aft-read") as pool:
            tags_asked = pool.submit(bulk_tags, self._sessions.tagging())
            organization = client.describe_organization()["Organization"]
            root = client.list_roots()["Roots"][0]
            policies_asked = pool.submit(_read_policies, client, root)
            tree = _walk(client, pool, root)
            _add_missed(client, tree, tags_asked.result())
            tags = self._tags(client, pool, tags_asked.result(), tree, fresh_tags_for)
            policies = policies_asked.result()
            accounts = _placed(client, tree, tags)
        self._known.replace(tree.units.values())
        known = KnownUnits(tree.units.values())
        units = (as_units(known.chain(unit_id))[-1] for unit_id in tree.units)
        return OrganizationSnapshot(
            organization_id=organization["Id"],
            root_id=OrgUnitId(root["Id"]),
            management_account_id=account_id_in(organization["MasterAccountId"]),
            units=tuple(sorted(units, key=lambda unit: unit.id)),
            accounts=tuple(sorted(accounts, key=lambda account: account.id)),
            policies=tuple(sorted(policies, key=lambda policy: policy.id)),
            read_at=read_at,
            calls=self._sessions.calls.calls - before,
        )

    @staticmethod
    def _tags(
        client: OrganizationsClient,
        pool: ThreadPoolExecutor,
        bulk: Mapping[AccountId, Mapping[str, str]],
        tree: _Tree,
        fresh_tags_for: Iterable[AccountId],
    ) -> Mapping[AccountId, Mapping[str, str]]:
        """The bulk answer, with single reads where it cannot be trusted. No tag at all in an
        organization that has accounts may mean that none is tagged, or that the tagging API does
        not know Organizations here: then every account is asked itself."""
        present = {AccountId(raw["Id"]) for _, raw in tree.accounts}
        single = sorted((present & set(fresh_tags_for)) if bulk else present)
        asked = [pool.submit(read_tags, client, account_id) for account_id in single]
        return {**bulk, **dict(zip(single, (future.result() for future in asked), strict=True))}


def _walk(client: OrganizationsClient, pool: ThreadPoolExecutor, root: RootTypeDef) -> _Tree:
    """Every OU and account below ``root``; each list is a separate task."""
    tree = _Tree()
    root_id = OrgUnitId(root["Id"])
    tree.units[root_id] = KnownUnit(id=root_id, name=root.get("Name", "Root"), parent_id=None)

    def children(parent: OrgUnitId) -> Callable[[], None]:
        found = child_units(client, parent)

        def take() -> None:
            for unit in found:
                tree.units[unit.id] = unit
                begin(unit.id)

        return take

    def accounts(parent: OrgUnitId) -> Callable[[], None]:
        pages = client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent)
        found = [(parent, raw) for page in pages for raw in page["Accounts"]]
        return lambda: tree.accounts.extend(found)

    open_tasks: set[Future[Callable[[], None]]] = set()

    def begin(parent: OrgUnitId) -> None:
        open_tasks.update((pool.submit(children, parent), pool.submit(accounts, parent)))

    begin(root_id)
    try:
        while open_tasks:
            done, _ = wait(open_tasks, return_when=FIRST_COMPLETED)
            open_tasks.difference_update(done)
            for task in done:
                task.result()()  # what was found is taken in by this thread alone
    finally:
        for task in open_tasks:
            task.cancel()
    return tree


def _add_missed(client: OrganizationsClient, tree: _Tree, tagged: Iterable[AccountId]) -> None:
    """Accounts that have tags but were in no list: they moved from an OU not listed yet into one
    that was. The tagging API may also still show one that has left the organization."""
    for account_id in sorted(set(tagged) - {raw["Id"] for _, raw in tree.accounts}):
        try:
            raw = client.describe_account(AccountId=account_id)["Account"]
            tree.accounts.append((parent_of(client, account_id), raw))
        except NotFound:
            continue


def _placed(
    client: OrganizationsClient, tree: _Tree, tags: Mapping[AccountId, Mapping[str, str]]
) -> tuple[Account, ...]:
    """The accounts in their OUs; one that moved during the walk is asked where it is now."""
    known = KnownUnits(tree.units.values())
    paths = {unit_id: path_of(known.chain(unit_id)) for unit_id in tree.units}
    seen = Counter(raw["Id"] for _, raw in tree.accounts)
    placed: dict[AccountId, Account] = {}
    for found_in, raw in tree.accounts:
        account_id = AccountId(raw["Id"])
        if account_id in placed:
            continue
        parent = found_in if seen[account_id] == 1 else parent_of(client, account_id)
        if parent not in paths:
            raise NotFound(f"account {account_id} moved to an OU that is not in the tree yet")
        placed[account_id] = account_from(
            raw, parent_id=parent, ou=paths[parent], tags=tags.get(account_id, {})
        )
    return tuple(placed.values())


def _read_policies(client: OrganizationsClient, root: RootTypeDef) -> tuple[Policy, ...]:
    """Our own policies of the enabled types. AWS's own are left out: FullAWSAccess alone has
    every account as a target."""
    found: list[Policy] = []
    types = root.get("PolicyTypes", ())
    for policy_type in sorted(item["Type"] for item in types if item["Status"] == "ENABLED"):
        pages = client.get_paginator("list_policies").paginate(Filter=policy_type)
        for raw in (raw for page in pages for raw in page["Policies"] if not raw["AwsManaged"]):
            targets = client.get_paginator("list_targets_for_policy").paginate(PolicyId=raw["Id"])
            ids = sorted(item["TargetId"] for page in targets for item in page["Targets"])
            name, kind = raw["Name"], raw["Type"]
            found.append(Policy(id=raw["Id"], name=name, type=kind, targets=tuple(ids)))
    return tuple(found)


# --- a part of it -----------------------------------------------------------------------------


def _read_scoped(
    sessions: AwsSessions,
    *,
    account_ids: Sequence[AccountId],
    request_ids: Sequence[RequestId],
    unit_paths: Sequence[str],
) -> OrganizationSnapshot:
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
    place = partial(_described, client, known)
    accounts = (*_side_by_side(place, described[:1]), *_side_by_side(place, described[1:]))
    needed |= {account.parent_id for account in accounts}
    above = {unit.id: unit for unit_id in needed for unit in as_units(known.chain(unit_id))}
    return OrganizationSnapshot(
        organization_id=organization.organization_id,
        root_id=root_id,
        management_account_id=organization.management_account_id,
        units=tuple(above[unit_id] for unit_id in sorted(above)),
        accounts=accounts,
        scope=scope_of(account_ids, request_ids, unit_paths),
        read_at=read_at,
    )


def _units_towards(
    client: OrganizationsClient, known: KnownUnits, root_id: OrgUnitId, texts: Iterable[str]
) -> Iterator[OrgUnitId]:
    """The OUs that exist on the way to each path (or OU id); each OU is listed at most once."""
    listed: set[OrgUnitId] = set()
    for text in sorted(texts, key=is_org_unit_id):  # lists of the paths may show the others, too
        if is_org_unit_id(text):
            with contextlib.suppress(NotFound):
                yield from (unit.id for unit in climb(client, known, OrgUnitId(text)))
            continue
        at = root_id
        for name in OrgUnitPath.of_text(text).names:
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
        management_account_id=account_id_in(organization["MasterAccountId"]),
        root_id=root_id,
        parent_id=root_id,
    )


def _described(client: OrganizationsClient, known: KnownUnits, raw: AccountTypeDef) -> Account:
    told = whereabouts(raw)
    parent_id = told.parent_id if told is not None else parent_of(client, raw["Id"])
    return placed_account(client, known, raw, parent_id)


def _side_by_side(read: Callable[[_A], _F], asked: Sequence[_A]) -> tuple[_F, ...]:
    """What ``read`` gives for each; what does not (or no longer) exist is left out."""

    def look(item: _A) -> _F | None:
        try:
            return read(item)
        except NotFound:
            return None

    with ThreadPoolExecutor(SCOPED_THREADS, thread_name_prefix="aft-read") as pool:
        return tuple(found for found in pool.map(look, asked) if found is not None)
