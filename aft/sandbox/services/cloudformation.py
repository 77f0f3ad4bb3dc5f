"""CloudFormation's answers: what is refused at once, and what a look at a stack shows.

State and rules are in ``cfn_backend`` and ``cfn_stack``; stack sets are moto's.
"""

from __future__ import annotations

from typing import Any, ClassVar

import moto.cloudformation.urls as cloudformation_urls
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from aft.sandbox.services.cfn_backend import StackRequest, StrictCloudFormationBackend
from aft.sandbox.services.cfn_events import ResourceState
from aft.sandbox.services.cfn_parameters import needed_capabilities
from aft.sandbox.services.cfn_stack import StrictStack
from aft.sandbox.services.cfn_template import check_body_size, invalid, parse
from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

_NAME = r"[a-zA-Z][-a-zA-Z0-9]*"


class StrictCloudFormationResponse(ModelConstraints, CloudFormationResponse):
    """moto's answers, after the model's constraints and CloudFormation's own checks."""

    validation_code: ClassVar[str] = "ValidationError"

    @property
    def cloudformation_backend(self) -> StrictCloudFormationBackend:
        backend: StrictCloudFormationBackend = super().cloudformation_backend
        return backend

    def _request(self, *, previous: StrictStack | None = None) -> StackRequest:
        tags = self._get_param("Tags", None)
        on_failure = self._get_param("OnFailure", None) or self._get_param("OnStackFailure", None)
        if self._get_bool_param("DisableRollback", False):
            if on_failure:
                raise invalid("You cannot specify both DisableRollback and OnFailure")
            on_failure = "DO_NOTHING"
        return StackRequest(
            stack_name=self._get_param("StackName"),
            template=self._template(previous),
            parameters=self._get_param("Parameters", []),
            capabilities=self._get_param("Capabilities", []),
            tags={tag["Key"]: tag["Value"] for tag in tags} if tags is not None else None,
            role_arn=self._get_param("RoleARN"),
            notification_arns=self._get_param("NotificationARNs", []),
            on_failure=on_failure or "ROLLBACK",
            termination_protection=bool(self._get_bool_param("EnableTerminationProtection", False)),
            timeout_in_minutes=self._get_param("TimeoutInMinutes"),
            description=self._get_param("Description"),
            change_set_name=self._get_param("ChangeSetName", ""),
        )

    def _template(self, previous: StrictStack | None) -> str:
        body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
        use_previous = self._get_bool_param("UsePreviousTemplate", False)
        if [bool(body), bool(url), bool(use_previous)].count(True) != 1:
            raise invalid("Either Template URL or Template Body must be specified.")
        if body:
            check_body_size(body)
            return str(body)
        if url:
            return str(self._get_stack_from_s3_url(url))
        if previous is None or not previous.template:
            raise invalid("Either Template URL or Template Body must be specified.")
        return str(previous.template)

    def _check_stack_name(self) -> None:
        name = self._get_param("StackName")
        plain = name.replace("-", "")
        if not (name[:1].isalpha() and plain.isalnum() and name.isascii() and len(name) <= 128):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy "
                "constraint: Member must have length less than or equal to 128 and satisfy "
                f"regular expression pattern: {_NAME}"
            )

    # --- stacks ------------------------------------------------------------------------

    def create_stack(self) -> ActionResult:
        self._check_stack_name()
        stack = self.cloudformation_backend.begin_creation(self._request())
        return ActionResult({"StackId": stack.stack_id})

    def update_stack(self) -> ActionResult:
        backend = self.cloudformation_backend
        previous = backend.existing(self._get_param("StackName"))
        stack = backend.begin_update(self._request(previous=previous))
        return ActionResult({"StackId": stack.stack_id})

    def delete_stack(self) -> ActionResult:
        self.cloudformation_backend.begin_deletion(
            self._get_param("StackName"), keep=self._get_param("RetainResources", [])
        )
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        stack = self.cloudformation_backend.existing(self._get_param("StackName"))
        stack.enable_termination_protection = bool(
            self._get_bool_param("EnableTerminationProtection", False)
        )
        return ActionResult({"StackId": stack.stack_id})

    def describe_stacks(self) -> ActionResult:
        self.cloudformation_backend.look(self._get_param("StackName"))
        return super().describe_stacks()

    def list_stacks(self) -> ActionResult:
        self.cloudformation_backend.look()
        return super().list_stacks()

    def describe_stack_events(self) -> ActionResult:
        name = self._get_param("StackName")
        self.cloudformation_backend.look(name)
        try:
            return super().describe_stack_events()
        except Exception as missing:
            if getattr(missing, "code", "") == "ValidationError":
                raise invalid(f"Stack [{name}] does not exist") from missing
            raise

    def _states(self) -> tuple[StrictStack, list[ResourceState]]:
        name = self._get_param("StackName")
        backend = self.cloudformation_backend
        backend.look(name)
        stack: StrictStack = backend.get_stack(name)
        return stack, list(stack.resource_states.values())

    @staticmethod
    def _described(stack: StrictStack, state: ResourceState) -> dict[str, Any]:
        return {
            "StackName": stack.name,
            "StackId": stack.stack_id,
            "LogicalResourceId": state.logical_resource_id,
            "PhysicalResourceId": state.physical_resource_id or None,
            "ResourceType": state.resource_type,
            "Timestamp": state.timestamp,
            "LastUpdatedTimestamp": state.timestamp,
            "ResourceStatus": state.resource_status,
            "ResourceStatusReason": state.resource_status_reason,
        }

    def describe_stack_resource(self) -> ActionResult:
        stack, states = self._states()
        wanted = self._get_param("LogicalResourceId")
        for state in states:
            if state.logical_resource_id == wanted:
                return ActionResult({"StackResourceDetail": self._described(stack, state)})
        raise invalid(f"Resource {wanted} does not exist for stack {stack.name}")

    def describe_stack_resources(self) -> ActionResult:
        stack, states = self._states()
        wanted = self._get_param("LogicalResourceId")
        found = [s for s in states if wanted in (None, s.logical_resource_id)]
        return ActionResult({"StackResources": [self._described(stack, s) for s in found]})

    def list_stack_resources(self) -> ActionResult:
        stack, states = self._states()
        summaries = [self._described(stack, state) for state in states]
        return ActionResult({"StackResourceSummaries": summaries})

    # --- change sets -------------------------------------------------------------------

    def create_change_set(self) -> ActionResult:
        self._check_change_set_stack()
        backend = self.cloudformation_backend
        kind = self._get_param("ChangeSetType", None) or "UPDATE"
        if kind not in ("CREATE", "UPDATE"):
            raise invalid(f"aft's sandbox does not simulate change sets of type {kind}")
        previous = backend.live_stack(self._get_param("StackName"))
        made = backend.begin_change_set(
            self._request(previous=previous),
            kind=kind,
            token=self._get_param("ClientToken") or "",
        )
        return ActionResult({"Id": made.change_set_id, "StackId": made.stack_id})

    def _check_change_set_stack(self) -> None:
        if not self._get_param("StackName").startswith("arn:"):
            self._check_stack_name()

    def describe_change_set(self) -> ActionResult:
        change_set = self.cloudformation_backend.change_set(
            self._get_param("ChangeSetName"), self._get_param("StackName")
        )
        change_set.look()
        return ActionResult(change_set.page(self._get_param("NextToken") or ""))

    def execute_change_set(self) -> ActionResult:
        self.cloudformation_backend.execute_change_set(
            self._get_param("ChangeSetName"),
            self._get_param("StackName"),
            token=self._get_param("ClientRequestToken") or "",
        )
        return EmptyResult()

    def delete_change_set(self) -> ActionResult:
        backend = self.cloudformation_backend
        try:
            change_set = backend.change_set(
                self._get_param("ChangeSetName"), self._get_param("StackName")
            )
        except Refusal as missing:
            if missing.code == "ChangeSetNotFound":
                return EmptyResult()
            raise
        backend.change_sets.pop(change_set.change_set_id)
        return EmptyResult()

    def list_change_sets(self) -> ActionResult:
        backend = self.cloudformation_backend
        stack = backend.existing(self._get_param("StackName"))
        found = [c for c in backend.change_sets.values() if c.stack_id == stack.stack_id]
        return ActionResult({"Summaries": found})

    # --- templates ---------------------------------------------------------------------

    def validate_template(self) -> ActionResult:
        template = parse(self._template(None))
        capabilities = list(needed_capabilities(template))
        result: dict[str, Any] = {
            "Description": template.get("Description", ""),
            "Capabilities": capabilities,
            "Parameters": [
                {
                    "ParameterKey": key,
                    "DefaultValue": str(slot["Default"]) if "Default" in slot else None,
                    "NoEcho": str(slot.get("NoEcho", False)).lower() == "true",
                    "Description": slot.get("Description"),
                }
                for key, slot in (template.get("Parameters") or {}).items()
            ],
        }
        if capabilities:
            result["CapabilitiesReason"] = (
                "The following resource(s) require capabilities: IAM resources"
            )
        return ActionResult(result)


def install() -> None:
    """Make moto's CloudFormation strict in this process; again changes nothing."""
    use_backend(cloudformation_backends, StrictCloudFormationBackend)
    use_responses(cloudformation_urls, StrictCloudFormationResponse)
