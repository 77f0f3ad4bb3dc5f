"""The OU tree as it will be: the snapshot's, with the renames and creations planned so far. Space,
not a kind: accounts, baselines and every kind refer to OUs by their paths. Plans nothing."""

from __future__ import annotations

from dataclasses import dataclass

from aft.organization.model import OrganizationSnapshot
from aft.values.ids import OrgUnitId, OrgUnitPath
from aft.values.refs import Ref, ou_ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an account shall be. ``id`` is ``None`` while the OU is still to be created; ``uses``
    are the OUs that must have been made before an account can go there."""

    path: OrgUnitPath
    id: OrgUnitId | None
    uses: tuple[Ref, ...] = ()


class UnitTree:
    """Paths and ids of OUs after all that is planned."""

    def __init__(self, snapshot: OrganizationSnapshot) -> None:
        self._path_by_id = {unit.id: unit.path for unit in snapshot.units}
        self._id_by_path = {path: unit_id for unit_id, path in self._path_by_id.items()}
        root = OrgUnitPath()
        self._path_by_id.setdefault(snapshot.root_id, root)
        self._id_by_path.setdefault(root, snapshot.root_id)
        self._made: set[OrgUnitPath] = set()
        self._freed_by: dict[OrgUnitPath, OrgUnitPath] = {}
        self._held: set[OrgUnitPath] = set()

    @property
    def paths(self) -> frozenset[OrgUnitPath]:
        return frozenset(self._id_by_path) | frozenset(self._made)

    def id_at(self, path: OrgUnitPath) -> OrgUnitId | None:
        """The OU that will be at ``path`` and exists already."""
        return self._id_by_path.get(path)

    def path_of(self, unit_id: OrgUnitId) -> OrgUnitPath | None:
        return self._path_by_id.get(unit_id)

    def uses(self, path: OrgUnitPath) -> tuple[Ref, ...]:
        """What must have been made for ``path`` to be there: the nearest OU on the way to it that
        is created or renamed; those above come before it anyway."""
        here = path
        while here not in self._made:
            if here.is_root:
                return ()
            here = here.parent
        return (ou_ref(here),)

    def uses_of_new(self, path: OrgUnitPath) -> tuple[Ref, ...]:
        """The same for an OU that is to be made at ``path``: its parent, and the OU whose rename
        frees the name."""
        freed = self._freed_by.get(path)
        return (*self.uses(path.parent), *((ou_ref(freed),) if freed is not None else ()))

    def place(self, path: OrgUnitPath) -> Place | None:
        """The OU at ``path``, be it there or to be created; ``None`` when there will be none."""
        if path not in self._id_by_path and path not in self._made:
            return None
        return Place(path=path, id=self._id_by_path.get(path), uses=self.uses(path))

    def hold(self, path: OrgUnitPath, unit_id: OrgUnitId | None = None) -> None:
        """It is in doubt which OU is meant at ``path``: neither that one nor the OU ``unit_id`` is
        touched, nor anything in them."""
        self._held.add(path)
        if unit_id is not None:
            self._held.add(self._path_by_id[unit_id])

    def is_in_doubt(self, path: OrgUnitPath) -> bool:
        """True for what is held, and all below it."""
        return any(path.is_within(held) for held in self._held)

    def create(self, path: OrgUnitPath) -> None:
        """There will be a new OU at ``path``."""
        self._made.add(path)

    def rename(self, unit_id: OrgUnitId, path: OrgUnitPath) -> None:
        """The OU will be at ``path``, and everything below it goes along."""
        old = self._path_by_id[unit_id]
        self._made.add(path)
        self._freed_by[old] = path
        for below, was in list(self._path_by_id.items()):
            if was.is_within(old):
                self._path_by_id[below] = OrgUnitPath((*path.names, *was.names[old.depth :]))
        self._id_by_path = {where: found for found, where in self._path_by_id.items()}
