"""Where things are in the organization: OUs remembered between reads, and what paths and ARNs say.

An OU can be renamed but never hung elsewhere, so what is known stays true until our own writer, or
the next full read, says otherwise. An account that was described tells by its path and ARN which
organization, root and OU it is in, which spares three further reads; where these are missing or in
another form, nothing is concluded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aft.errors import Transient
from aft.organization.model import OrganizationalUnit
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient


# organizations: Path (of an account or OU) and AccountArn, as botocore's model has them.
_PATH = re.compile(
    r"(?P<organization>o-[a-z0-9]{10,32})/(?P<above>r-[0-9a-z]{4,32}"
    r"(?:/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})*)(?:/(?P<account>\d{12}))?/"
)
_ACCOUNT_ARN = re.compile(
    r"arn:[a-z0-9-]+:organizations::(?P<management>\d{12}):account/"
    r"(?P<organization>o-[a-z0-9]{10,32})/\d{12}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUnit:
    """An OU, or the root when there is no parent."""

    id: OrgUnitId
    name: str
    parent_id: OrgUnitId | None


class KnownUnits:
    """Thread-safe."""

    def __init__(self, units: Iterable[KnownUnit] = ()) -> None:
        self._lock = threading.Lock()
        self._units = {unit.id: unit for unit in units}

    def get(self, unit_id: OrgUnitId) -> KnownUnit | None:
        with self._lock:
            return self._units.get(unit_id)

    def add(self, unit: KnownUnit) -> None:
        with self._lock:
            self._units[unit.id] = unit

    def forget(self, unit_id: OrgUnitId) -> None:
        with self._lock:
            self._units.pop(unit_id, None)

    def replace(self, units: Iterable[KnownUnit]) -> None:
        """What a full read found, and nothing older."""
        found = {unit.id: unit for unit in units}
        with self._lock:
            self._units = found

    def chain(self, unit_id: OrgUnitId) -> tuple[KnownUnit, ...]:
        """From the root down to ``unit_id``. Raises ``KeyError`` when a link is not known."""
        links: list[KnownUnit] = []
        with self._lock:
            current: OrgUnitId | None = unit_id
            while current is not None:
                links.append(self._units[current])
                current = links[-1].parent_id
        return tuple(reversed(links))

    def children(self, unit_id: OrgUnitId) -> tuple[KnownUnit, ...]:
        with self._lock:
            return tuple(unit for unit in self._units.values() if unit.parent_id == unit_id)


def child_units(client: OrganizationsClient, parent_id: OrgUnitId) -> list[KnownUnit]:
    """The OUs directly below an OU or the root."""
    paginator = client.get_paginator("list_organizational_units_for_parent")
    return [
        KnownUnit(id=OrgUnitId(raw["Id"]), name=raw["Name"], parent_id=parent_id)
        for page in paginator.paginate(ParentId=parent_id)
        for raw in page["OrganizationalUnits"]
    ]


def path_of(chain: Iterable[KnownUnit]) -> OrgUnitPath:
    """The path a chain from the root spells."""
    return OrgUnitPath(tuple(unit.name for unit in chain if unit.parent_id is not None))


def as_units(chain: Iterable[KnownUnit]) -> tuple[OrganizationalUnit, ...]:
    """The chain as the model's units, each with its path."""
    path = OrgUnitPath()
    units: list[OrganizationalUnit] = []
    for unit in chain:
        if unit.parent_id is not None:
            path = path.child(unit.name)
        units.append(
            OrganizationalUnit(id=unit.id, name=unit.name, path=path, parent_id=unit.parent_id)
        )
    return tuple(units)


def below_itself(unit_id: str) -> Transient:
    """Its parents, as AWS names them, have no end."""
    return Transient(f"AWS answers that {unit_id} is below itself", hint="the next run tries again")


def climb(
    client: OrganizationsClient, known: KnownUnits, unit_id: OrgUnitId
) -> tuple[KnownUnit, ...]:
    """The chain to ``unit_id``, asking AWS (one or two reads a level) for what is new."""
    current: OrgUnitId | None = unit_id
    seen: set[OrgUnitId] = set()
    while current is not None:
        if current in seen:
            raise below_itself(current)
        seen.add(current)
        unit = known.get(current) or _read_unit(client, current)
        known.add(unit)
        current = unit.parent_id
    return known.chain(unit_id)


def _read_unit(client: OrganizationsClient, unit_id: OrgUnitId) -> KnownUnit:
    if unit_id.startswith("r-"):
        return KnownUnit(id=unit_id, name="Root", parent_id=None)
    raw = client.describe_organizational_unit(OrganizationalUnitId=unit_id)["OrganizationalUnit"]
    parent_id = parent_in_path(raw) or parent_of(client, unit_id)
    return KnownUnit(id=unit_id, name=raw["Name"], parent_id=parent_id)


def parent_of(client: OrganizationsClient, child_id: str) -> OrgUnitId:
    """The OU or root an account or OU hangs in. Raises ``NotFound``."""
    return OrgUnitId(client.list_parents(ChildId=child_id)["Parents"][0]["Id"])


# --- what AWS says about a place in addition to what it was asked for -----------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where an account is. ``parent_id`` is its OU, or the root."""

    organization_id: str
    management_account_id: AccountId
    root_id: OrgUnitId
    parent_id: OrgUnitId


def whereabouts(raw: Mapping[str, Any]) -> Whereabouts | None:
    """What botocore's ``Account`` structure says of it; ``None`` when it says nothing sure."""
    paths: Sequence[str] = raw.get("Paths") or ()
    path = _PATH.fullmatch(paths[0]) if len(paths) == 1 else None
    arn = _ACCOUNT_ARN.fullmatch(raw.get("Arn", ""))
    if path is None or arn is None or path["account"] != raw["Id"]:
        return None
    if path["organization"] != arn["organization"]:
        return None
    above = path["above"].split("/")
    return Whereabouts(
        organization_id=arn["organization"],
        management_account_id=AccountId(arn["management"]),
        root_id=OrgUnitId(above[0]),
        parent_id=OrgUnitId(above[-1]),
    )


def parent_in_path(raw: Mapping[str, Any]) -> OrgUnitId | None:
    """The parent of botocore's ``OrganizationalUnit`` structure, if its path names it."""
    path = _PATH.fullmatch(raw.get("Path", ""))
    above = path["above"].split("/") if path is not None else []
    return OrgUnitId(above[-2]) if len(above) > 1 and above[-1] == raw["Id"] else None
