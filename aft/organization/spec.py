"""The organization as the repository wants it: the OU tree of ``organization.yaml``."""

from __future__ import annotations

from dataclasses import dataclass

from aft.findings.model import SourceRef
from aft.values.ids import OrgUnitPath


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSpec:
    """One OU to have. ``previously`` is the full path it had, to rename instead of create."""

    path: OrgUnitPath
    previously: OrgUnitPath | None
    source: SourceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationSpec:
    """The OU tree, parents before children, and the OUs to delete once they are empty. OUs that AWS
    has and this does not name are left alone."""

    units: tuple[UnitSpec, ...] = ()
    removed: tuple[UnitSpec, ...] = ()

    @property
    def paths(self) -> frozenset[OrgUnitPath]:
        return frozenset(unit.path for unit in self.units)
