"""An organization snapshot as a few JSON files and back, equal: what is published on the ledger.

``index.json`` says what and when, ``units.json`` and ``policies.json`` hold those, and
``accounts/<two last digits>.json`` the accounts, one a line: of ten thousand accounts a change
rewrites a hundredth. ``objects/<kind>.json`` holds what a kind read; one that is not installed
here goes through unharmed. What can be derived (paths of OUs) is not written. Reading is strict,
since plans rest on it. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from aft.organization.model import (
    Account,
    AccountState,
    OrganizationalUnit,
    OrganizationSnapshot,
    Policy,
)
from aft.values.canonical_json import canonical_json
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, is_org_unit_id

FORMAT = 1
"""Raised when a reader of the old one would misread the new."""

INDEX = "index.json"
UNITS = "units.json"
POLICIES = "policies.json"
ACCOUNTS = "accounts/"
OBJECTS = "objects/"

_INDEX_KEYS = {
    "format": int,
    "digest": str,
    "organization_id": str,
    "root_id": str,
    "management_account_id": str,
    "read_at": str,
    "units": int,
    "accounts": int,
    "policies": int,
}
_UNIT_KEYS = {"id": str, "name": str, "parent_id": str}
_OBJECT_KEYS = {"key": str, "value": object}
_POLICY_KEYS = {"id": str, "name": str, "type": str, "targets": list}
_ACCOUNT_KEYS = {
    "id": str,
    "name": str,
    "email": str,
    "state": str,
    "parent_id": str,
    "tags": dict,
}

_T = TypeVar("_T")


def encode_snapshot(snapshot: OrganizationSnapshot) -> Mapping[str, bytes]:
    """The files by name. Raises ``ValueError`` for a snapshot of a part of the organization."""
    if snapshot.scope is not None:
        raise ValueError("only a snapshot of the whole organization can be published")
    index = {
        "format": FORMAT,
        "digest": snapshot.digest,
        "organization_id": snapshot.organization_id,
        "root_id": snapshot.root_id,
        "management_account_id": snapshot.management_account_id,
        "read_at": snapshot.read_at,
        "units": len(snapshot.units),
        "accounts": len(snapshot.accounts),
        "policies": len(snapshot.policies),
    }
    units = (
        {"id": unit.id, "name": unit.name, "parent_id": unit.parent_id or ""}
        for unit in snapshot.units
    )
    shards: dict[str, list[Mapping[str, Any]]] = {}
    for account in sorted(snapshot.accounts, key=lambda item: item.id):
        shards.setdefault(account.id[-2:], []).append(
            {
                "id": account.id,
                "name": account.name,
                "email": account.email,
                "state": account.state,
                "parent_id": account.parent_id,
                "tags": account.tags,
            }
        )
    return {
        INDEX: canonical_json(index).encode() + b"\n",
        UNITS: _lines(units),
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
    index = _read_index(files.get(INDEX, b""))
    units = _units(_rows(files, UNITS, _UNIT_KEYS), root_id=index["root_id"])
    unit_by_id = {unit.id: unit for unit in units}
    accounts: list[Account] = []
    for name in sorted(files):
        if name.startswith(ACCOUNTS):
            for row in _rows(files, name, _ACCOUNT_KEYS):
                account = _account(row, unit_by_id)
                if name != f"{ACCOUNTS}{account.id[-2:]}.json":
                    raise ValueError(f"account {account.id} is in {name}")
                accounts.append(account)
    policies = [_policy(row) for row in _rows(files, POLICIES, _POLICY_KEYS)]
    snapshot = OrganizationSnapshot(
        organization_id=index["organization_id"],
        root_id=OrgUnitId(index["root_id"]),
        management_account_id=AccountId.parse(index["management_account_id"]),
        units=units,
        accounts=_by_id(accounts, lambda item: item.id),
        policies=_by_id(policies, lambda item: item.id),
        objects={
            name.removeprefix(OBJECTS).removesuffix(".json"): {
                row["key"]: row["value"] for row in _rows(files, name, _OBJECT_KEYS)
            }
            for name in sorted(files)
            if name.startswith(OBJECTS)
        },
        read_at=_moment(index["read_at"]),
    )
    for what in ("units", "accounts", "policies"):
        found = len(getattr(snapshot, what))
        if found != index[what]:
            raise ValueError(f"{INDEX} announces {index[what]} {what}, {found} are there")
    return snapshot


def published_digest(index: bytes) -> tuple[str, datetime]:
    """The digest of what was published and when it was read, of ``index.json`` alone. Raises
    ``ValueError``."""
    values = _read_index(index)
    return values["digest"], _moment(values["read_at"])


def _read_index(content: bytes) -> Mapping[str, Any]:
    values = _json(content, INDEX)
    if isinstance(values, dict) and values.get("format") != FORMAT:
        raise ValueError(
            f"it has format {values.get('format')!r}; this version of aft reads {FORMAT}"
        )
    return _checked(values, _INDEX_KEYS, INDEX)


def _units(rows: Iterable[Mapping[str, Any]], *, root_id: str) -> tuple[OrganizationalUnit, ...]:
    by_id = {row["id"]: row for row in rows}
    paths: dict[str, OrgUnitPath] = {root_id: OrgUnitPath()}

    def path_of(unit_id: str, depth: int = 0) -> OrgUnitPath:
        known = paths.get(unit_id)
        if known is not None:
            return known
        row = by_id.get(unit_id)
        if row is None or depth > len(by_id) or not is_org_unit_id(unit_id):
            raise ValueError(f"OU {unit_id!r} does not hang below the root")
        paths[unit_id] = path_of(row["parent_id"], depth + 1).child(row["name"])
        return paths[unit_id]

    if by_id.get(root_id, {}).get("parent_id") != "":
        raise ValueError(f"{UNITS} does not hold the root {root_id!r}")
    units = [
        OrganizationalUnit(
            id=OrgUnitId(row["id"]),
            name=row["name"],
            path=path_of(row["id"]),
            parent_id=OrgUnitId(row["parent_id"]) if row["id"] != root_id else None,
        )
        for row in by_id.values()
    ]
    return _by_id(units, lambda item: item.id)


def _account(row: Mapping[str, Any], units: Mapping[OrgUnitId, OrganizationalUnit]) -> Account:
    parent = units.get(row["parent_id"])
    if parent is None:
        raise ValueError(f"account {row['id']} is in OU {row['parent_id']!r}, which is not there")
    if any(type(value) is not str for value in row["tags"].values()):
        raise ValueError(f"a tag of account {row['id']} is not text")
    return Account(
        id=AccountId.parse(row["id"]),
        name=row["name"],
        email=row["email"],
        state=AccountState(row["state"]),
        parent_id=parent.id,
        ou=parent.path,
        tags=row["tags"],
    )


def _policy(row: Mapping[str, Any]) -> Policy:
    if any(type(target) is not str for target in row["targets"]):
        raise ValueError(f"a target of policy {row['id']} is not text")
    return Policy(id=row["id"], name=row["name"], type=row["type"], targets=tuple(row["targets"]))


def _lines(rows: Iterable[Any]) -> bytes:
    """A JSON list, one row a line, so that git shows and stores what changed."""
    return ("[\n" + ",\n".join(canonical_json(row) for row in rows) + "\n]\n").encode()


def _rows(
    files: Mapping[str, bytes], name: str, keys: Mapping[str, type]
) -> Sequence[Mapping[str, Any]]:
    rows = _json(files.get(name, b""), name)
    if type(rows) is not list:
        raise ValueError(f"{name} is not a list")
    return [_checked(row, keys, name) for row in rows]


def _checked(values: Any, keys: Mapping[str, type], name: str) -> Mapping[str, Any]:
    if type(values) is not dict or values.keys() != keys.keys():
        raise ValueError(f"{name}: expected the keys {', '.join(keys)}")
    for key, wanted in keys.items():
        if wanted is not object and type(values[key]) is not wanted:
            raise ValueError(f"{name}: {key} is not {wanted.__name__}")
    return values


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from None


def _by_id(items: Sequence[_T], key: Callable[[_T], str]) -> tuple[_T, ...]:
    ordered = tuple(sorted(items, key=key))
    if len({key(item) for item in ordered}) != len(ordered):
        raise ValueError("something is there twice")
    return ordered


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment
