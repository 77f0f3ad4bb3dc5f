"""An organization snapshot as a few JSON files and back, equal: what is published on the ledger.

``index.json`` says what and when, ``units.json`` and ``policies.json`` hold those, and
``accounts/<two last digits>.json`` the accounts, one a line: of ten thousand accounts a change
rewrites a hundredth. ``objects/<kind>.json`` holds what a kind read; one that is not installed
here goes through unharmed. What can be derived (paths of OUs) is not written. Reading is strict,
since plans rest on it. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, Protocol, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from aft.organization.model import (
    Account,
    AccountState,
    OrganizationalUnit,
    OrganizationSnapshot,
    Policy,
)
from aft.values.canonical_json import canonical_json
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, is_org_unit_id

INDEX = "index.json"
UNITS = "units.json"
POLICIES = "policies.json"
ACCOUNTS = "accounts/"
OBJECTS = "objects/"

_T = TypeVar("_T")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Index(_Strict):
    format: Literal[1]  # raised when a reader of the old one would misread the new
    digest: str
    organization_id: str
    root_id: str
    management_account_id: str
    read_at: AwareDatetime
    units: int
    accounts: int
    policies: int


class _Unit(_Strict):
    """``parent_id`` is empty for the root."""

    id: str
    name: str
    parent_id: str


class _Account(_Strict):
    id: str
    name: str
    email: str
    state: AccountState
    parent_id: str
    tags: dict[str, str]


class _Policy(_Strict):
    id: str
    name: str
    type: str
    targets: tuple[str, ...]


class _Object(_Strict):
    key: str
    value: Any


_INDEX, _UNITS = TypeAdapter(_Index), TypeAdapter(list[_Unit])
_ACCOUNTS, _POLICIES = TypeAdapter(list[_Account]), TypeAdapter(list[_Policy])
_OBJECTS = TypeAdapter(list[_Object])
_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    INDEX: _INDEX,
    UNITS: _UNITS,
    POLICIES: _POLICIES,
    ACCOUNTS: _ACCOUNTS,
    OBJECTS: _OBJECTS,
}


def encode_snapshot(snapshot: OrganizationSnapshot) -> Mapping[str, bytes]:
    """The files by name. Raises ``ValueError`` for a snapshot of a part of the organization."""
    if snapshot.scope is not None:
        raise ValueError("only a snapshot of the whole organization can be published")
    index = _Index(
        format=1,
        digest=snapshot.digest,
        organization_id=snapshot.organization_id,
        root_id=snapshot.root_id,
        management_account_id=snapshot.management_account_id,
        read_at=snapshot.read_at,
        units=len(snapshot.units),
        accounts=len(snapshot.accounts),
        policies=len(snapshot.policies),
    )
    shards: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for account in sorted(snapshot.accounts, key=attrgetter("id")):
        row = {key: getattr(account, key) for key in _Account.model_fields}
        shards[account.id[-2:]].append(row)
    return {
        INDEX: canonical_json(index.model_dump()).encode() + b"\n",
        UNITS: _lines(
            {"id": unit.id, "name": unit.name, "parent_id": unit.parent_id or ""}
            for unit in snapshot.units
        ),
        POLICIES: _lines(snapshot.policies),
        **{f"{ACCOUNTS}{shard}.json": _lines(rows) for shard, rows in sorted(shards.items())},
        **{
            f"{OBJECTS}{kind}.json": _lines(
                {"key": key, "value": things[key]} for key in sorted(things)
            )
            for kind, things in sorted(snapshot.objects.items())
        },
    }


def decode_snapshot(files: Mapping[str, bytes]) -> OrganizationSnapshot:
    """The snapshot that ``encode_snapshot`` wrote. Raises ``ValueError`` for anything else."""
    index = _read(_INDEX, files, INDEX)
    units = _units(_read(_UNITS, files, UNITS), root_id=index.root_id)
    unit_by_id: Mapping[str, OrganizationalUnit] = {unit.id: unit for unit in units}
    accounts: list[Account] = []
    objects: dict[str, Mapping[str, Any]] = {}
    for name in sorted(files):
        if name.startswith(ACCOUNTS):
            accounts.extend(
                _account(row, unit_by_id, name) for row in _read(_ACCOUNTS, files, name)
            )
        elif name.startswith(OBJECTS):
            kind = name.removeprefix(OBJECTS).removesuffix(".json")
            objects[kind] = {row.key: row.value for row in _read(_OBJECTS, files, name)}
    policies = [Policy(**dict(row)) for row in _read(_POLICIES, files, POLICIES)]
    snapshot = OrganizationSnapshot(
        organization_id=index.organization_id,
        root_id=OrgUnitId(index.root_id),
        management_account_id=AccountId.parse(index.management_account_id),
        units=units,
        accounts=_by_id(accounts),
        policies=_by_id(policies),
        objects=objects,
        read_at=index.read_at,
    )
    for what in ("units", "accounts", "policies"):
        found, announced = len(getattr(snapshot, what)), getattr(index, what)
        if found != announced:
            raise ValueError(f"{INDEX} announces {announced} {what}, {found} are there")
    return snapshot


def decode_file(name: str, content: bytes) -> Any:
    """What is in one of the files; ``None`` for one that has no place in a snapshot. Raises
    ``ValueError`` for what ``encode_snapshot`` does not write."""
    folder, slash, _ = name.partition("/")
    adapter = _ADAPTERS.get(folder + slash)
    return None if adapter is None else _read(adapter, {name: content}, name)


def published_digest(index: bytes) -> tuple[str, datetime]:
    """The digest of what was published and when it was read, of ``index.json`` alone. Raises
    ``ValueError``."""
    values = _read(_INDEX, {INDEX: index}, INDEX)
    return values.digest, values.read_at


def _units(rows: list[_Unit], *, root_id: str) -> tuple[OrganizationalUnit, ...]:
    below: dict[str, list[_Unit]] = defaultdict(list)
    for row in rows:
        below[row.parent_id].append(row)
    roots = below.pop("", [])
    if [row.id for row in roots] != [root_id]:
        raise ValueError(f"{UNITS} does not contain the root {root_id!r}")
    units: list[OrganizationalUnit] = []
    queue = [(roots[0], OrgUnitPath())]
    while queue:
        row, path = queue.pop()
        is_root = row.id == root_id
        if not (is_root or is_org_unit_id(row.id)):
            raise ValueError(f"{row.id!r} is not the id of an OU")
        units.append(
            OrganizationalUnit(
                id=OrgUnitId(row.id),
                name=row.name,
                path=path,
                parent_id=None if is_root else OrgUnitId(row.parent_id),
            )
        )
        queue.extend((child, path.child(child.name)) for child in below.pop(row.id, ()))
    if below:
        raise ValueError(f"OU {min(below)!r} is not below the root")
    return _by_id(units)


def _account(row: _Account, units: Mapping[str, OrganizationalUnit], name: str) -> Account:
    parent = units.get(row.parent_id)
    if parent is None:
        raise ValueError(f"account {row.id} is in OU {row.parent_id!r}, which is not there")
    if name != f"{ACCOUNTS}{row.id[-2:]}.json":
        raise ValueError(f"account {row.id} is in {name}")
    return Account(
        id=AccountId.parse(row.id),
        name=row.name,
        email=row.email,
        state=row.state,
        parent_id=parent.id,
        ou=parent.path,
        tags=row.tags,
    )


def _lines(rows: Iterable[Any]) -> bytes:
    """A JSON list, one row a line, so that git shows and stores what changed."""
    return ("[\n" + ",\n".join(canonical_json(row) for row in rows) + "\n]\n").encode()


def _read(adapter: TypeAdapter[_T], files: Mapping[str, bytes], name: str) -> _T:
    try:
        return adapter.validate_json(files.get(name, b""))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, (name, *problem["loc"])))
        raise ValueError(f"{where}: {problem['msg']}, found {problem['input']!r:.60}") from None


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_H = TypeVar("_H", bound=_HasId)


def _by_id(items: Sequence[_H]) -> tuple[_H, ...]:
    ordered = tuple(sorted(items, key=attrgetter("id")))
    if len({item.id for item in ordered}) != len(ordered):
        raise ValueError("something is there twice")
    return ordered
