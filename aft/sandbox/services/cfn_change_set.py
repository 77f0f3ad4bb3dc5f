"""A change set: being made until somebody has looked twice, and what it would change.

Starting, naming and executing it is ``cfn_backend``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation.models import Change, ChangeSet

from aft.sandbox.services import cfn_resources
from aft.sandbox.services.cfn_events import LOOKS_IN_PROGRESS
from aft.sandbox.services.cfn_stack import StrictStack
from aft.sandbox.services.cfn_template import parse


class StrictChangeSet(ChangeSet):
    """A change set that is being made until somebody has looked twice."""

    status: str | None
    looks: int = LOOKS_IN_PROGRESS
    outcome: tuple[str, str, str | None] = ("CREATE_COMPLETE", "AVAILABLE", None)
    token: str = ""
    execution_token: str = ""

    def look(self) -> None:
        if self.status == "CREATE_IN_PROGRESS":
            self.looks -= 1
            if self.looks < 0:
                self.status, self.execution_status, self.status_reason = self.outcome

    def _parse_template(self) -> None:
        self.template_dict = parse(self.template)

    def diff(self) -> list[Change]:
        """By what a resource would be made from, not only by the template's text."""
        stack: StrictStack = self.stack
        wanted = self.template_dict["Resources"]
        present = stack.deployed
        preview = _preview(stack, self.template, self.parameters)
        changes = [
            Change("Add", name, resource["Type"])
            for name, resource in wanted.items()
            if name not in present and preview.wants(name)
        ]
        changes += [
            Change("Modify", name, wanted[name]["Type"])
            for name, item in present.items()
            if preview.wants(name) and preview.differs(name, item.json)
        ]
        changes += [
            Change("Remove", name, item.type)
            for name, item in present.items()
            if not preview.wants(name)
        ]
        return changes


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
