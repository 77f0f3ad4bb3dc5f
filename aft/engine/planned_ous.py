"""Where accounts will be once a plan is done: what baselines and templates may know of an OU.

Pure; the same answer while planning, reading and applying, so that digests agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aft.desired.model import AccountRequest
from aft.engine.units import UnitIndex
from aft.organization.model import OrganizationSnapshot
from aft.plan.fields import OU, OU_ID, field_of
from aft.plan.model import ORGANIZATION, Change
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath


class Places:
    """OU paths after the plan's renames, creations and moves."""

    def __init__(self, changes: Iterable[Change], snapshot: OrganizationSnapshot) -> None:
        tree = UnitIndex(snapshot)
        self._destinations: dict[str, OrgUnitPath] = {}
        for change in changes:
            unit, path = field_of(change, OU_ID), field_of(change, OU)
            if path is None or path.after is None:
                continue
            if change.target == ORGANIZATION and unit is not None and unit.before:
                tree.renamed(OrgUnitId(unit.before), OrgUnitPath.parse(path.after))
            elif change.target != ORGANIZATION:
                self._destinations[change.target] = OrgUnitPath.parse(path.after)
        self._paths: Mapping[OrgUnitId, OrgUnitPath] = tree.paths()
        self._here = {
            account.id: self._paths.get(account.parent_id, account.ou)
            for account in snapshot.accounts
        }

    def of(self, request: AccountRequest, account_id: AccountId | None) -> OrgUnitPath:
        """Where the plan brings the request's account, else where it is, else where it should
        be (an account that has appeared since the snapshot)."""
        found = self._destinations.get(request.id)
        if found is None and account_id is not None:
            found = self._here.get(account_id)
        if found is not None:
            return found
        if isinstance(request.ou, OrgUnitPath):
            return request.ou
        return self._paths.get(request.ou, OrgUnitPath())
