"""Our organization as moto's other services expect it (StackSets, RAM, Security Hub).

Read-only and without state of its own, so it can be pickled and thrown away at will.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import moto.organizations.urls as organizations_urls
from moto.organizations.models import OrganizationsBackend

from aft.sandbox.organizations_backend.model import Organization

_shown: list[Organization] = []


def show(organization: Organization | None) -> None:
    """Choose the organization that moto's services see."""
    _shown[:] = [] if organization is None else [organization]


def is_trusted(principal: str) -> bool:
    """Has the shown organization trusted access enabled for the service?"""
    return bool(_shown) and principal in _shown[0].trusted_services


class OrganizationsView(OrganizationsBackend):
    """The few members moto reads of an organization, computed from ours."""

    @property
    def _url_module(self) -> Any:
        return organizations_urls

    def _reset(self) -> None:
        """There is nothing to begin with."""

    def _organization(self) -> Organization | None:
        if not _shown or self.account_id not in _shown[0].accounts:
            return None
        return _shown[0]

    @property
    def org(self) -> Any:
        found = self._organization()
        if found is None or self.account_id != found.management_account_id:
            return None
        return SimpleNamespace(
            id=found.id,
            root_id=found.root_id,
            arn=found.arn("organization"),
            master_account_id=found.management_account_id,
            feature_set="ALL",
        )

    @property
    def accounts(self) -> list[Any]:
        found = self._organization()
        return list(found.accounts.values()) if found else []

    @property
    def ou(self) -> list[Any]:
        found = self._organization()
        return list(found.units.values()) if found else []

    def describe_organization(self) -> dict[str, Any]:
        found = self._organization()
        if found is None:
            result: dict[str, Any] = super().describe_organization()
            return result
        return {
            "Organization": {
                "Id": found.id,
                "Arn": found.arn("organization"),
                "FeatureSet": "ALL",
                "MasterAccountArn": found.arn("account", found.management_account_id),
                "MasterAccountId": found.management_account_id,
                "MasterAccountEmail": found.management_email,
                "AvailablePolicyTypes": [],
            }
        }

    def list_roots(self) -> dict[str, Any]:
        found = self._organization()
        if found is None:
            return {"Roots": []}
        return {"Roots": [{"Id": found.root_id, "Arn": found.arn("root", found.root_id)}]}

    def list_organizational_units_for_parent(
        self, parent_id: str, **_: Any
    ) -> tuple[list[Any], None]:
        found = self._organization()
        children = found.units[parent_id].units if found and parent_id in found.units else {}
        units = [found.units[child] for child in children] if found else []
        return [
            SimpleNamespace(id=unit.id, name=unit.name, arn=found.arn("ou", unit.id))
            for unit in units
            if found is not None
        ], None
