"""A change set: being made until somebody has looked twice, and what it would change.

Starting, naming and executing it is ``cfn_backend``'s.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from moto.cloudformation.models import Change, ChangeSet

from aft.cloudformation.compare import TemplateChanges, compare_templates
from aft.cloudformation.template import Template, TemplateError, template_of
from aft.sandbox.services import cfn_resources
from aft.sandbox.services.cfn_events import LOOKS_IN_PROGRESS
from aft.sandbox.services.cfn_stack import StrictStack
from aft.sandbox.services.cfn_template import parse
from aft.sandbox.services.moto_seams import Refusal
from aft.values.parts import PartChange, PartOutcome, PropertyChange, Replacement

PAGE = 100
"""Changes at a time. AWS documents a page as 1 MB; users have seen it end after 100 changes [I:
mapbox/cfn-config#156]."""


class StrictChangeSet(ChangeSet):
    """A change set that is being made until somebody has looked twice."""

    status: str | None
    looks: int = LOOKS_IN_PROGRESS
    outcome: tuple[str, str, str | None] = ("CREATE_COMPLETE", "AVAILABLE", None)
    token: str = ""
    execution_token: str = ""
    next_token: str | None = None

    def look(self) -> None:
        if self.status == "CREATE_IN_PROGRESS":
            self.looks -= 1
            if self.looks < 0:
                self.status, self.execution_status, self.status_reason = self.outcome

    def page(self, token: str) -> Self:
        """The changes from ``token`` on, "" for the first ones, with the token of the rest."""
        named, _, start = token.rpartition("/") if token else (self.change_set_id, "", "0")
        if named != self.change_set_id or not start.isdecimal():
            raise Refusal("ValidationError", "The specified NextToken is not valid")
        ends = int(start) + PAGE
        found = copy.copy(self)
        found.changes = self.changes[int(start) : ends]
        found.next_token = f"{named}/{ends}" if ends < len(self.changes) else None
        return found

    def _parse_template(self) -> None:
        self.template_dict = parse(self.template)

    def diff(self) -> list[Change]:
        """By what a resource would be made from, not only by the template's text."""
        stack: StrictStack = self.stack
        wanted = self.template_dict["Resources"]
        present = stack.deployed
        preview = _preview(stack, self.template, self.parameters)
        compared = {item.id: item for item in self._compared().resources}
        added = [name for name in wanted if name not in present and preview.wants(name)]
        kept = [name for name in present if preview.wants(name)]
        return [
            *(StrictChange("Add", name, wanted[name]["Type"]) for name in added),
            *(
                StrictChange(
                    "Modify",
                    name,
                    wanted[name]["Type"],
                    physical_id=present[name].physical_id,
                    compared=compared.get(name),
                    policy=wanted[name].get("UpdateReplacePolicy", "Delete"),
                )
                for name in kept
                if name in compared or preview.differs(name, present[name].json)
            ),
            *(
                StrictChange(
                    "Remove",
                    name,
                    item.type,
                    physical_id=item.physical_id,
                    policy=item.deletion_policy,
                )
                for name, item in present.items()
                if name not in kept
            ),
        ]

    def _compared(self) -> TemplateChanges:
        stack: StrictStack = self.stack
        pseudo = {
            "AWS::AccountId": stack.account_id,
            "AWS::Partition": "aws",
            "AWS::Region": stack.region_name,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        try:
            before = _with_values(stack.template_dict or {}, stack.parameters)
            after = _with_values(self.template_dict, self.parameters)
        except TemplateError as error:
            raise Refusal("ValidationError", f"Template format error: it {error}") from error
        return compare_templates(before, after, pseudo)


class StrictChange(Change):
    """A change with what AWS says of it (API reference, ``ResourceChange``).

    ``Replacement`` is given for a ``Modify`` alone.
    """

    def __init__(
        self,
        action: str,
        name: str,
        kind: str,
        *,
        physical_id: str = "",
        compared: PartChange | None = None,
        policy: str = "",
    ) -> None:
        super().__init__(action, name, kind)
        self.physical_resource_id = physical_id or None
        self.details: list[dict[str, Any]] = []
        self.scope: list[str] = []
        self.replacement = "False" if action == "Modify" else None
        policy = "Retain" if policy == "RetainExceptOnCreate" else policy
        self.policy_action = policy if action == "Remove" else None
        if compared is None:
            return
        self.replacement = {
            PartOutcome.REPLACED: "True",
            PartOutcome.MAY_BE_REPLACED: "Conditional",
        }.get(compared.outcome, "False")
        if self.replacement != "False":
            self.policy_action = f"ReplaceAnd{policy}"
        self.details = [_detail(item) for item in compared.properties]
        self.scope = sorted({item["Target"]["Attribute"] for item in self.details})


_RECREATION = {
    Replacement.ALWAYS: "Always",
    Replacement.CONDITIONAL: "Conditionally",
    Replacement.NEVER: "Never",
}


def _detail(change: PropertyChange) -> dict[str, Any]:
    name = change.path.partition("/")[0]
    target = {"Attribute": name, "RequiresRecreation": "Never"}
    if name not in {"DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy"}:
        target = {
            "Attribute": "Tags" if name == "Tags" else "Properties",
            "Name": name,
            "Path": f"/Properties/{change.path}",
            "RequiresRecreation": _RECREATION[change.replacement],
        }
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _with_values(template: Mapping[str, Any], values: Mapping[str, Any]) -> Template:
    """The template as it reads with its parameters' values."""
    parameters = {
        name: {**item, "Default": values[name]} if name in values else item
        for name, item in (template.get("Parameters") or {}).items()
    }
    return template_of({**template, "Parameters": parameters})


@dataclass(frozen=True, slots=True)
class _Preview:
    """A stack as it would be, for comparing."""

    stack: StrictStack

    def wants(self, name: str) -> bool:
        return self.stack._wanted(name)  # noqa: SLF001 - the same module family

    def differs(self, name: str, present: Mapping[str, Any]) -> bool:
        source = self.stack.template_dict["Resources"][name]
        try:
            return cfn_resources.cleaned(source, self.stack.resource_map) != present
        except cfn_resources.ResourceFailure:
            return True  # depends on a resource that is still to be made


def _preview(stack: StrictStack, template: str, parameters: Mapping[str, str]) -> _Preview:
    shadow = StrictStack(
        stack_id=stack.stack_id,
        name=stack.name,
        template=template,
        parameters=dict(parameters),
        account_id=stack.account_id,
        region_name=stack.region_name,
        tags=dict(stack.tags),
        cross_stack_resources=stack.cross_stack_resources,
    )
    for name, item in stack.deployed.items():
        shadow.resource_map.learn(name, item.resource)
    return _Preview(shadow)
