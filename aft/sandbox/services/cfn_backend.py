"""The stacks and change sets of one account and region, with AWS's rules about their states.

Operations start here and end when somebody looks (``cfn_stack``). moto keeps stack sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import moto.cloudformation.urls as cloudformation_urls
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id

from aft.sandbox.services.cfn_change_set import StrictChangeSet
from aft.sandbox.services.cfn_parameters import check_capabilities, resolve
from aft.sandbox.services.cfn_stack import StrictStack
from aft.sandbox.services.cfn_template import invalid, parse, same_template
from aft.sandbox.services.moto_seams import Refusal

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create "
    "a change set."
)
NO_UPDATES = "No updates are to be performed."
_UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRequest:
    """What CreateStack, UpdateStack and CreateChangeSet have in common."""

    stack_name: str
    template: str
    parameters: Sequence[Mapping[str, Any]] = ()
    capabilities: Sequence[str] = ()
    tags: Mapping[str, str] | None = None
    role_arn: str | None = None
    notification_arns: Sequence[str] = ()
    on_failure: str = "ROLLBACK"
    termination_protection: bool = False
    timeout_in_minutes: int | None = None
    description: str | None = None
    change_set_name: str = ""
    resources_to_keep: Sequence[str] = field(default=())


class StrictCloudFormationBackend(CloudFormationBackend):
    """See the module."""

    _url_module = property(lambda _: cloudformation_urls)

    # --- looking -----------------------------------------------------------------------

    def look(self, name_or_id: str | None = None) -> None:
        """Somebody looks at one stack, or at all of them; deleted ones leave the list."""
        for stack_id, stack in list(self.stacks.items()):
            if name_or_id in (None, stack.name, stack_id):
                stack.look()
                self._settled(stack_id, stack)

    def _settled(self, stack_id: str, stack: StrictStack) -> None:
        if stack.in_progress:
            return
        for name in [n for n, e in self.exports.items() if e.exporting_stack_id == stack_id]:
            self.exports.pop(name)
        if stack.status == "DELETE_COMPLETE":
            self.deleted_stacks[stack_id] = self.stacks.pop(stack_id)
            for change_set_id in [
                key for key, item in self.change_sets.items() if item.stack_id == stack_id
            ]:
                self.change_sets.pop(change_set_id)
            return
        for export in stack.exports:
            self.exports[export.name] = export

    def live_stack(self, name_or_id: str) -> StrictStack | None:
        for stack_id, stack in self.stacks.items():
            if name_or_id in (stack.name, stack_id):
                found: StrictStack = stack
                return found
        return None

    def existing(self, name_or_id: str) -> StrictStack:
        """Raises ValidationError as every operation on a stack does."""
        stack = self.live_stack(name_or_id)
        if stack is None:
            raise invalid(f"Stack [{name_or_id}] does not exist")
        return stack

    # --- stacks ------------------------------------------------------------------------

    def begin_creation(self, request: StackRequest) -> StrictStack:
        if self.live_stack(request.stack_name) is not None:
            raise Refusal("AlreadyExistsException", f"Stack [{request.stack_name}] already exists")
        template = parse(request.template)
        parameters = resolve(template, request.parameters, {})
        check_capabilities(template, request.capabilities)
        stack = self._new_stack(request, parameters)
        self.stacks[stack.stack_id] = stack
        stack.create_resources()
        return stack

    def _new_stack(self, request: StackRequest, parameters: dict[str, str]) -> StrictStack:
        return StrictStack(
            stack_id=generate_stack_id(request.stack_name, self.region_name, self.account_id),
            name=request.stack_name,
            template=request.template or {},
            parameters=parameters,
            account_id=self.account_id,
            region_name=self.region_name,
            notification_arns=list(request.notification_arns),
            tags=dict(request.tags or {}),
            role_arn=request.role_arn,
            cross_stack_resources=self.exports,
            enable_termination_protection=request.termination_protection,
            timeout_in_mins=request.timeout_in_minutes,
            on_failure=request.on_failure,
        )

    def begin_update(self, request: StackRequest) -> StrictStack:
        stack = self.existing(request.stack_name)
        self._must_be_updatable(stack)
        template = parse(request.template)
        parameters = resolve(template, request.parameters, stack.parameters)
        check_capabilities(template, request.capabilities)
        if self.is_same(stack, request, parameters):
            raise invalid(NO_UPDATES)
        stack.update(
            request.template,
            request.role_arn,
            parameters=parameters,
            tags=dict(request.tags) if request.tags is not None else None,
        )
        return stack

    @staticmethod
    def _must_be_updatable(stack: StrictStack) -> None:
        if stack.in_progress or stack.status not in _UPDATABLE:
            raise invalid(
                f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            )

    @staticmethod
    def is_same(stack: StrictStack, request: StackRequest, parameters: Mapping[str, str]) -> bool:
        """Would an update find nothing to do?"""
        return (
            same_template(stack.template_dict, parse(request.template))
            and dict(stack.parameters) == dict(parameters)
            and (request.tags is None or dict(stack.tags) == dict(request.tags))
        )

    def begin_deletion(self, name_or_id: str, *, keep: Sequence[str] = ()) -> None:
        """Deleting what is not there succeeds, as on AWS."""
        stack = self.live_stack(name_or_id)
        if stack is None:
            return
        if stack.enable_termination_protection:
            raise invalid(
                f"Stack [{stack.stack_id}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.status == "DELETE_IN_PROGRESS":
            return
        if stack.in_progress:
            stack.settle()  # AWS cancels what is in progress; here it has already happened
        if keep and stack.status != "DELETE_FAILED":
            raise invalid(
                f"Invalid operation on stack [{stack.stack_id}]. RetainResources parameter can "
                "only be specified for stacks in DELETE_FAILED state"
            )
        for name in keep:
            if name in stack.deployed:
                stack.deployed[name].deletion_policy = "Retain"
        users = self._importers(stack)
        if users:
            raise invalid(users)
        stack.delete()

    def _importers(self, stack: StrictStack) -> str:
        for export in stack.exports:
            for other in self.stacks.values():
                if other is not stack and f"'{export.name}'" in str(_imports(other.template_dict)):
                    return f"Export {export.name} cannot be deleted as it is in use by {other.name}"
        return ""

    # --- moto's own callers (stack sets, nested stacks): they know no asynchrony -----------

    def create_stack(
        self, name: str, template: str, parameters: dict[str, Any], **kwargs: Any
    ) -> Stack:
        given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
        stack = self.begin_creation(
            StackRequest(
                stack_name=name,
                template=template,
                parameters=given,
                capabilities=("CAPABILITY_NAMED_IAM",),
                tags=kwargs.get("tags"),
                role_arn=kwargs.get("role_arn"),
            )
        )
        stack.settle()
        self._settled(stack.stack_id, stack)
        return stack

    def delete_stack(self, name_or_stack_id: str) -> None:
        stack = self.live_stack(name_or_stack_id)
        if stack is not None:
            self.begin_deletion(name_or_stack_id)
            stack.settle()
            self._settled(stack.stack_id, stack)

    # --- change sets -------------------------------------------------------------------

    def begin_change_set(
        self, request: StackRequest, *, kind: str, token: str = ""
    ) -> StrictChangeSet:
        """``token`` is the caller's: the same one again gives the change set made before."""
        stack = self.live_stack(request.stack_name)
        same = stack and self._named_change_set(stack, request.change_set_name)
        if same and token and same.token == token:
            return same
        if kind == "UPDATE":
            stack = self.existing(request.stack_name)
            if stack.status == "REVIEW_IN_PROGRESS":
                raise invalid(f"Stack [{stack.name}] does not exist")
            self._must_be_updatable(stack)
        elif stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(
                f"Stack [{stack.name}] already exists and cannot be created again with the "
                f"changeSet [{request.change_set_name}]."
            )
        template = parse(request.template)
        previous = stack.parameters if stack is not None else {}
        parameters = resolve(template, request.parameters, previous)
        check_capabilities(template, request.capabilities)
        if stack is not None and self._named_change_set(stack, request.change_set_name):
            raise Refusal(
                "AlreadyExistsException", f"ChangeSet {request.change_set_name} already exists"
            )
        if stack is None:
            stack = self._reviewed_stack(request)
        made = StrictChangeSet(
            change_set_type=kind,
            change_set_id=generate_changeset_id(
                request.change_set_name, self.region_name, self.account_id
            ),
            change_set_name=request.change_set_name,
            stack=stack,
            template=request.template,
            parameters=parameters,
            description=request.description or "",
            notification_arns=list(request.notification_arns),
            tags=dict(request.tags) if request.tags is not None else dict(stack.tags),
            role_arn=request.role_arn,
        )
        made.token = token
        made.status, made.execution_status = "CREATE_IN_PROGRESS", "UNAVAILABLE"
        if kind == "UPDATE" and self.is_same(stack, request, parameters):
            made.outcome = ("FAILED", "UNAVAILABLE", NO_CHANGES)
        self.change_sets[made.change_set_id] = made
        return made

    def _reviewed_stack(self, request: StackRequest) -> StrictStack:
        stack = self._new_stack(
            StackRequest(
                stack_name=request.stack_name,
                template="",
                tags=request.tags,
                role_arn=request.role_arn,
                on_failure=request.on_failure,
            ),
            {},
        )
        stack.status = "REVIEW_IN_PROGRESS"
        stack.stack_status_reason = "User Initiated"
        stack._add_stack_event("REVIEW_IN_PROGRESS", resource_status_reason="User Initiated")  # noqa: SLF001 - moto's base
        self.stacks[stack.stack_id] = stack
        return stack

    def _named_change_set(self, stack: StrictStack, name: str) -> StrictChangeSet | None:
        for change_set in self.change_sets.values():
            if change_set.stack_id == stack.stack_id and change_set.change_set_name == name:
                found: StrictChangeSet = change_set
                return found
        return None

    def change_set(self, name_or_id: str, stack_name: str | None) -> StrictChangeSet:
        """Raises ChangeSetNotFound, or ValidationError without a stack."""
        if name_or_id in self.change_sets:
            by_id: StrictChangeSet = self.change_sets[name_or_id]
            return by_id
        if not stack_name:
            raise invalid(
                "StackName must be specified if ChangeSetName is not specified as an ARN."
            )
        stack = self.existing(stack_name)
        found = self._named_change_set(stack, name_or_id)
        if found is None:
            raise Refusal("ChangeSetNotFound", f"ChangeSet [{name_or_id}] does not exist")
        return found

    def execute_change_set(
        self, change_set_name: str, stack_name: str | None = None, *, token: str = ""
    ) -> None:
        change_set = self.change_set(change_set_name, stack_name)
        if token and change_set.execution_token == token:
            return  # the caller sends it again, because an answer was lost
        if change_set.status != "CREATE_COMPLETE" or change_set.execution_status != "AVAILABLE":
            raise Refusal(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current "
                f"status of [{change_set.status}]",
            )
        stack: StrictStack = change_set.stack
        if change_set.change_set_type == "UPDATE":
            self._must_be_updatable(stack)
        change_set.execution_status, change_set.execution_token = "EXECUTE_COMPLETE", token
        for key, other in list(self.change_sets.items()):
            if other.stack_id == stack.stack_id and other is not change_set:
                self.change_sets.pop(key)
        if change_set.change_set_type == "UPDATE":
            stack.update(
                change_set.template,
                change_set.role_arn,
                parameters=change_set.parameters,
                tags=change_set.tags,
            )
            return
        stack.template, stack.template_dict = change_set.template, change_set.template_dict
        stack.parameters = change_set.parameters
        stack.tags = dict(change_set.tags or {})
        stack.description = change_set.template_dict.get("Description")
        stack.resource_map = stack._create_resource_map()  # noqa: SLF001 - moto's base
        stack.create_resources()


def _imports(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in _imports(item)]
    if isinstance(value, dict):
        own = [value["Fn::ImportValue"]] if "Fn::ImportValue" in value else []
        return own + [found for item in value.values() for found in _imports(item)]
    return []
