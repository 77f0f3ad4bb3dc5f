"""A pair: the half that reaches AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aft.account_provider import ManagementAccess
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.ledger.events import EventKind
from aft.plan.model import Action, Change
from aft.values.refs import Ref

from .policies_kind import POLICY

_SCP = "SERVICE_CONTROL_POLICY"


class _OfOrganization(Effects):
    _client: Any = None

    def connect(self, management: ManagementAccess) -> None:
        self._open = lambda: management.client("organizations", management.global_region)

    @property
    def organizations(self) -> Any:
        return self._open()

    def policies(self) -> Mapping[str, str]:
        """The ids of policies, by name; AWS's own are nobody's."""
        listed = self.organizations.list_policies(Filter=_SCP)["Policies"]
        return {item["Name"]: item["Id"] for item in listed if not item["AwsManaged"]}


class PolicyEffects(_OfOrganization):
    """Service control policies."""

    def read(self) -> Mapping[str, Any]:
        found = {}
        for name, policy_id in self.policies().items():
            content = self.organizations.describe_policy(PolicyId=policy_id)["Policy"]["Content"]
            found[name] = {"id": policy_id, "denies": json.loads(content)["Statement"]["Action"]}
        return found

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        if change.action is Action.DELETE:
            self.organizations.delete_policy(PolicyId=run.id_of(change.ref))
            return StepSuccess(summary=f"Delete {change.key}", event=EventKind.STEP_REMOVED)
        action = change.fields[0].after
        content = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Deny", "Action": action, "Resource": "*"},
            }
        )
        if change.action is Action.UPDATE:
            policy_id = run.id_of(change.ref)
            self.organizations.update_policy(PolicyId=policy_id, Content=content)
            return StepSuccess(summary=f"Change {change.key}", made=policy_id)
        made = self.organizations.create_policy(
            Name=change.key, Description="a toy", Type=_SCP, Content=content
        )["Policy"]["PolicySummary"]["Id"]
        return StepSuccess(summary=f"Create policy {change.key} ({made})", made=made)


class AttachmentEffects(_OfOrganization):
    """Policies at OUs and accounts."""

    def read(self) -> Mapping[str, Any]:
        found = {}
        for name, policy_id in self.policies().items():
            listed = self.organizations.list_targets_for_policy(PolicyId=policy_id)["Targets"]
            for item in listed:
                key = f"{name}@{item['TargetId']}"
                found[key] = {"policy": name, "target": item["TargetId"]}
        return found

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        policy, _, place = change.key.partition("@")
        ids = {
            "PolicyId": run.id_of(Ref(POLICY, policy)),
            "TargetId": run.id_of(Ref.parse(place)),
        }
        if change.action is Action.DETACH:
            self.organizations.detach_policy(**ids)
            return StepSuccess(summary=f"Detach {change.key}", event=EventKind.STEP_REMOVED)
        self.organizations.attach_policy(**ids)
        return StepSuccess(summary=f"Attach {change.key}")
