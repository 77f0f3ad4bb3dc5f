"""Tags of the organization's root, as a kind: the half that reaches AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.account_provider import ManagementAccess
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.ledger.events import EventKind
from aft.plan.model import Action, Change


class OrganizationTagEffects(Effects):
    """Reads, sets and removes tags of the root."""

    def connect(self, management: ManagementAccess) -> None:
        self._management = management

    def read(self) -> Mapping[str, Any]:
        tags = self._organizations.list_tags_for_resource(ResourceId=self._root())["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        root = self._root()
        if change.action is Action.DELETE:
            self._organizations.untag_resource(ResourceId=root, TagKeys=[change.key])
            return StepSuccess(
                summary=f"Remove tag {change.key} of the root", event=EventKind.STEP_REMOVED
            )
        tag = {"Key": change.key, "Value": change.fields[0].after or ""}
        self._organizations.tag_resource(ResourceId=root, Tags=[tag])
        return StepSuccess(summary=f"Tag the root {change.key}={tag['Value']}")

    def _root(self) -> str:
        root: str = self._organizations.list_roots()["Roots"][0]["Id"]
        return root

    @property
    def _organizations(self) -> Any:
        return self._management.client("organizations", self._management.global_region)
