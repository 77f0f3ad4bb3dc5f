"""One CloudFormation stack: creation, change and deletion with events, failures and rollback.

The work is done when it is asked for; what it came to is shown later: the first look finds the
stack still in progress, the next one its end, so that nobody can rely on a synchronous
CloudFormation. moto keeps the stack; resources are made by ``cfn_resources``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import Export, ResourceMap, clean_json
from moto.core.utils import utcnow

from aft.sandbox.services import cfn_resources
from aft.sandbox.services.cfn_adapters import Place
from aft.sandbox.services.cfn_events import Chronicle, ResourceState
from aft.sandbox.services.cfn_resources import Deployed, ResourceFailure
from aft.sandbox.services.cfn_template import creation_order, invalid, parse


class StrictResourceMap(ResourceMap):
    """Names of a template to values; moto's makes a resource whenever one is looked up."""

    def __getitem__(self, key: str) -> Any:
        if key not in self._parsed_resources:
            raise ResourceFailure(f"Resource {key} does not exist")
        return self._parsed_resources[key]

    def validate_outputs(self) -> None:
        """Outputs are evaluated once, when the stack stands."""

    def learn(self, name: str, resource: Any) -> None:
        self._parsed_resources[name] = resource

    def forget(self, name: str) -> None:
        self._parsed_resources.pop(name, None)


class StrictStack(Chronicle, Stack):
    """See the module. ``deployed`` holds what exists, in order of creation."""

    template: Any
    template_dict: dict[str, Any]
    parameters: dict[str, Any]
    tags: dict[str, str]
    role_arn: str | None
    resource_map: Any
    status: str

    def __init__(self, *args: Any, on_failure: str = "ROLLBACK", **kwargs: Any) -> None:
        self.deployed: dict[str, Deployed] = {}
        self.resource_states: dict[str, ResourceState] = {}
        self.evaluated_outputs: list[dict[str, Any]] = []
        self.evaluated_exports: list[Export] = []
        self.on_failure = on_failure
        self.begin_chronicle()
        super().__init__(*args, **kwargs)
        self.last_updated_time: datetime | None = None
        self.disable_rollback = on_failure == "DO_NOTHING"

    # --- what moto asks for ------------------------------------------------------------

    @property
    def stack_status(self) -> str:
        """For StackSummary; moto finds ``status`` only in a class named Stack."""
        return self.status

    @property
    def stack_name(self) -> str:
        return self.name

    @staticmethod
    def parse_template(template: str) -> dict[str, Any]:
        return parse(template)

    def _create_resource_map(self) -> StrictResourceMap:
        names = StrictResourceMap(
            self.stack_id,
            self.name,
            self.parameters,
            self.tags,
            account_id=self.account_id,
            region_name=self.region_name,
            template=self.template_dict,
            cross_stack_resources=self.cross_stack_resources,
        )
        try:
            names.load()
        except (AttributeError, KeyError, TypeError, ValueError, ResourceFailure) as broken:
            raise invalid(f"Template error: {broken}") from broken
        return names

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        hidden = self.resource_map.no_echo_parameter_keys
        return [
            {
                "ParameterKey": key,
                "ParameterValue": "****" if key in hidden else _as_text(value),
            }
            for key, value in self.resource_map.resolved_parameters.items()
        ]

    @property
    def stack_resources(self) -> Iterable[Any]:
        return [item.resource for item in self.deployed.values()]

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        return self.evaluated_outputs or None

    @property
    def exports(self) -> list[Export]:
        return self.evaluated_exports

    @property
    def place(self) -> Place:
        return Place(
            account_id=self.account_id,
            region=self.region_name,
            stack_id=self.stack_id,
            stack_name=self.name,
        )

    # --- operations --------------------------------------------------------------------

    def create_resources(self) -> None:
        """Make everything, or roll back."""
        self._start("CREATE_IN_PROGRESS")
        failed = self._make_all(creation_order(self.template_dict["Resources"]))
        if failed is None:
            self._end("CREATE_COMPLETE")
        elif self.on_failure == "DO_NOTHING":
            self._end("CREATE_FAILED", failed)
        else:
            self._say(f"{_rollback(self.on_failure)}_IN_PROGRESS", failed)
            self._unmake(list(self.deployed))
            self._end(f"{_rollback(self.on_failure)}_COMPLETE")

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Change what differs; on failure everything goes back to what it was."""
        before = (self.template, self.template_dict, self.parameters, self.tags, self.resource_map)
        old = {name: _copy(item) for name, item in self.deployed.items()}
        self.template, self.template_dict = template, parse(template)
        self.parameters = parameters if parameters is not None else self.parameters
        self.tags = tags if tags is not None else self.tags
        try:
            names = self._create_resource_map()
        except ValidationError:
            self.template, self.template_dict, self.parameters, self.tags, _ = before
            raise
        for name, item in self.deployed.items():
            names.learn(name, item.resource)
        self.resource_map = names
        self.role_arn = role_arn or self.role_arn
        self.last_updated_time = utcnow()
        self._start("UPDATE_IN_PROGRESS")
        failed = self._make_all(creation_order(self.template_dict["Resources"]))
        if failed is None:
            self._say("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._unmake([name for name in self.deployed if not self._wanted(name)])
            self._end("UPDATE_COMPLETE")
            return
        self._say("UPDATE_ROLLBACK_IN_PROGRESS", failed)
        self.template, self.template_dict, self.parameters, self.tags, self.resource_map = before
        self._go_back(old)
        self._say("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._end("UPDATE_ROLLBACK_COMPLETE")

    def delete(self) -> None:
        """Delete all but what is retained; what cannot go makes the stack DELETE_FAILED."""
        self._start("DELETE_IN_PROGRESS")
        stuck = self._unmake(list(self.deployed))
        if stuck:
            reason = f"The following resource(s) failed to delete: [{', '.join(sorted(stuck))}]. "
            self._end("DELETE_FAILED", reason)
        else:
            self._end("DELETE_COMPLETE")

    # --- the steps of an operation -----------------------------------------------------

    def _wanted(self, name: str) -> bool:
        resource = self.template_dict["Resources"].get(name)
        if resource is None:
            return False
        condition = resource.get("Condition")
        return condition is None or bool(self.resource_map.lazy_condition_map[condition])

    def _make_all(self, names: Iterable[str]) -> str | None:
        """Create or change the wanted resources; the reason of the first failure, if any."""
        updating = bool(self.deployed)
        for name in names:
            if not self._wanted(name):
                continue
            verb = "UPDATE" if name in self.deployed else "CREATE"
            try:
                self._make(name)
            except ResourceFailure as failure:
                kind = self.template_dict["Resources"][name]["Type"]
                old = self.deployed.get(name)
                physical = old.physical_id if old else ""
                self._note(
                    name, f"{verb}_FAILED", kind=kind, physical=physical, reason=str(failure)
                )
                what = "update" if verb == "UPDATE" else "create"
                end = "" if updating else "Rollback requested by user."
                return f"The following resource(s) failed to {what}: [{name}]. {end}"
        try:
            self._evaluate_outputs()
        except ResourceFailure as failure:
            return str(failure)
        return None

    def _make(self, name: str) -> None:
        source = self.template_dict["Resources"][name]
        kind = source["Type"]
        wanted = cfn_resources.cleaned(source, self.resource_map)
        old = self.deployed.get(name)
        if old is not None and old.json == wanted:
            return
        verb = "UPDATE" if old is not None else "CREATE"
        self._note(name, f"{verb}_IN_PROGRESS", kind=kind, physical=old.physical_id if old else "")
        if old is None:
            made = cfn_resources.create(name, wanted, place=self.place)
        else:
            made = cfn_resources.update(old, wanted, place=self.place)
        self.deployed[name] = made
        self.resource_map.learn(name, made.resource)
        self._note(name, f"{verb}_COMPLETE", kind=kind, physical=made.physical_id)

    def _unmake(self, names: Iterable[str]) -> set[str]:
        """Delete in reverse order, retained ones aside; the names of what would not go."""
        stuck: dict[str, str] = {}
        for name in reversed(list(names)):
            item = self.deployed[name]
            if item.deletion_policy == "Retain":
                self._note(name, "DELETE_SKIPPED", kind=item.type, physical=item.physical_id)
                self.deployed.pop(name)
                self.resource_map.forget(name)
                continue
            self._note(name, "DELETE_IN_PROGRESS", kind=item.type, physical=item.physical_id)
            try:
                cfn_resources.delete(item, place=self.place)
            except ResourceFailure as failure:
                stuck[name] = str(failure)
                self._note(
                    name,
                    "DELETE_FAILED",
                    kind=item.type,
                    physical=item.physical_id,
                    reason=str(failure),
                )
                continue
            self.deployed.pop(name)
            self.resource_map.forget(name)
            self._note(name, "DELETE_COMPLETE", kind=item.type, physical=item.physical_id)
        return set(stuck)

    def _go_back(self, old: Mapping[str, Deployed]) -> None:
        """Undo a failed update: new resources go, changed ones are changed back."""
        self._unmake([name for name in self.deployed if name not in old])
        for name, before in old.items():
            now = self.deployed.get(name, before)
            if now.json != before.json:
                with contextlib.suppress(ResourceFailure):
                    now = cfn_resources.update(now, before.json, place=self.place)
                self._note(name, "UPDATE_COMPLETE", kind=now.type, physical=now.physical_id)
            self.deployed[name] = now
            self.resource_map.learn(name, now.resource)
        self._evaluate_outputs()

    def _evaluate_outputs(self) -> None:
        outputs: list[dict[str, Any]] = []
        exports: list[Export] = []
        for name, source in (self.template_dict.get("Outputs") or {}).items():
            condition = source.get("Condition")
            if condition and not self.resource_map.lazy_condition_map[condition]:
                continue
            value = self._evaluated(name, source["Value"])
            output = {"OutputKey": name, "OutputValue": value}
            if source.get("Description"):
                output["Description"] = source["Description"]
            if source.get("Export"):
                output["ExportName"] = self._evaluated(name, source["Export"]["Name"])
                exports.append(Export(self.stack_id, output["ExportName"], value))
            outputs.append(output)
        taken = self.cross_stack_resources
        for export in exports:
            other = taken.get(export.name)
            if other is not None and other.exporting_stack_id != self.stack_id:
                raise ResourceFailure(
                    f"Export with name {export.name} is already exported by stack "
                    f"{other.exporting_stack_id.split('/')[1]}. Rollback requested by user."
                )
        self.evaluated_outputs, self.evaluated_exports = outputs, exports

    def _evaluated(self, name: str, value: Any) -> str:
        result = cfn_resources.explained(lambda: clean_json(value, self.resource_map))
        if isinstance(result, (dict, list)) or result is None:
            raise ResourceFailure(
                f"Template format error: Output {name} is malformed. The Value field of every "
                "Outputs member must evaluate to a String."
            )
        return _as_text(result)


def _rollback(on_failure: str) -> str:
    return "DELETE" if on_failure == "DELETE" else "ROLLBACK"


def _copy(item: Deployed) -> Deployed:
    return Deployed(
        logical_id=item.logical_id,
        type=item.type,
        json=item.json,
        resource=item.resource,
        deletion_policy=item.deletion_policy,
    )


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    return str(value)
