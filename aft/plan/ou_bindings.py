"""Which OU of AWS each OU of ``organization.yaml`` is, as far as the ledger knows. Pure.

An OU is bound by AWS's id once aft has made it, renamed it or found it at its path. AWS never
hangs an OU elsewhere, so what a binding says is the name that the OU has below its parent: a
renamed parent leaves the bindings of all that is below it right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aft.ledger.events import MADE_ID, ORGANIZATION, AccountRecord, LedgerState
from aft.organization.model import OrganizationSnapshot
from aft.values.ids import OrgUnitId, OrgUnitPath, is_org_unit_id
from aft.values.refs import OU, Ref

Made = Callable[[str], Mapping[str, str]]
"""Ids of things as the events of a subject say them, for records written before they were kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundUnit:
    """``path`` is where the OU was when it was bound, ``at`` when that was. ``is_hearsay``: only an
    event says the id, from before OUs were bound."""

    id: OrgUnitId
    path: OrgUnitPath
    at: datetime
    is_hearsay: bool = False


def bound_units(ledger: LedgerState, made: Made) -> Mapping[OrgUnitId, BoundUnit]:
    """Every OU that the ledger knows, as it was bound last."""
    found: dict[OrgUnitId, BoundUnit] = {}
    for unit in sorted(_bound(ledger, made), key=lambda item: (item.at, item.path)):
        found[unit.id] = unit
    return found


def _bound(ledger: LedgerState, made: Made) -> Iterable[BoundUnit]:
    for subject, record in _records(ledger).items():
        for key, step in record.steps_of(OU).items():
            kept = step.outputs.get(MADE_ID)
            unit_id = kept or made(subject).get(str(Ref(OU, key)), "")
            path = _path(key)
            if path is not None and is_org_unit_id(unit_id):
                yield BoundUnit(id=OrgUnitId(unit_id), path=path, at=step.at, is_hearsay=not kept)


def credible(
    bound: Mapping[OrgUnitId, BoundUnit],
    snapshot: OrganizationSnapshot,
    listed: Collection[OrgUnitPath],
) -> Mapping[OrgUnitId, BoundUnit]:
    """Without the hearsay that what is there contradicts: an OU has the name that is said to be
    another's, or one that the file lists."""
    return {
        unit.id: unit
        for unit in bound.values()
        if not unit.is_hearsay
        or (
            unit.path not in snapshot.unit_by_path
            and (here := snapshot.unit_by_id.get(unit.id)) is not None
            and here.path not in listed
        )
    }


def recorded_paths(ledger: LedgerState) -> frozenset[OrgUnitPath]:
    """Every path at which the ledger has an OU, by id or not."""
    keys = (key for record in _records(ledger).values() for key in record.steps_of(OU))
    return frozenset(path for path in map(_path, keys) if path is not None)


def _records(ledger: LedgerState) -> Mapping[str, AccountRecord]:
    return {
        subject: record
        for subject, record in ledger.records.items()
        if subject == ORGANIZATION or subject.startswith(f"{OU}/")
    }


def _path(key: str) -> OrgUnitPath | None:
    try:
        return OrgUnitPath.of_text(key)
    except ValueError:
        return None  # a damaged ledger binds nothing


def bound_on_the_way(
    path: OrgUnitPath, bound: Collection[BoundUnit], listed: Collection[OrgUnitPath]
) -> frozenset[OrgUnitId]:
    """The OUs that may be those on the way to ``path``, under any name. One that
    was bound below a parent of another name counts by its own name, unless that path is ``listed``
    itself."""
    chain = {OrgUnitPath(path.names[:depth]) for depth in range(1, path.depth + 1)}
    exact = {unit.path: unit.id for unit in bound if unit.path in chain}
    missing = {step.name for step in chain - exact.keys()}
    similar = {unit.id for unit in bound if unit.path.name in missing and unit.path not in listed}
    return frozenset(exact.values()) | similar
