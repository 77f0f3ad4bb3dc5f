"""The OU tree as it is while a run changes it: the snapshot's, plus what this run did.

Later steps find the ids of OUs that earlier ones created. Calls nothing.
"""

from __future__ import annotations

import threading

from aft.errors import NotFound
from aft.organization.model import OrganizationSnapshot
from aft.values.ids import OrgUnitId, OrgUnitPath


class UnitIndex:
    """Paths and ids of OUs. Safe to use from several threads."""

    def __init__(self, snapshot: OrganizationSnapshot) -> None:
        self._lock = threading.Lock()
        self._ids = {unit.path: unit.id for unit in snapshot.units}
        self._ids[OrgUnitPath()] = snapshot.root_id

    def id_of(self, path: OrgUnitPath) -> OrgUnitId:
        """Raises ``NotFound`` when there is no OU at ``path``."""
        with self._lock:
            found = self._ids.get(path)
        if found is None:
            raise NotFound(
                f"there is no OU {path} in the organization",
                hint="make a new plan: the OU may have been renamed or deleted in the meantime",
            )
        return found

    def path_of(self, unit_id: OrgUnitId) -> OrgUnitPath | None:
        with self._lock:
            return next((path for path, key in self._ids.items() if key == unit_id), None)

    def created(self, path: OrgUnitPath, unit_id: OrgUnitId) -> None:
        with self._lock:
            self._ids[path] = unit_id

    def renamed(self, unit_id: OrgUnitId, path: OrgUnitPath) -> None:
        """The OU is at ``path`` now, and all that hangs below it with it."""
        with self._lock:
            old = next((here for here, key in self._ids.items() if key == unit_id), path)
            self._ids = {
                OrgUnitPath((*path.names, *here.names[old.depth :]))
                if here.is_within(old)
                else here: key
                for here, key in self._ids.items()
            }
            self._ids[path] = unit_id

    def deleted(self, path: OrgUnitPath) -> None:
        with self._lock:
            self._ids.pop(path, None)
