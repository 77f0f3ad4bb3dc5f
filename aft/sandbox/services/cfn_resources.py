"""One resource of a stack: made, changed and deleted through moto's models, failing as on AWS.

moto ignores many properties, makes nothing for unknown types and forgets to delete some; what
account customizations commonly use is completed here. Knows resources, not stacks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation.models import Stack as MotoStack
from moto.cloudformation.parsing import (
    clean_json,
    generate_resource_name,
    resource_class_from_type,
    resource_name_property_from_type,
)
from moto.core.common_models import CloudFormationModel

from aft.sandbox.services import cfn_oidc
from aft.sandbox.services.cfn_adapters import ADAPTERS, Adapter, Place
from aft.sandbox.services.cfn_properties import problems

WAIT_HANDLE = "AWS::CloudFormation::WaitConditionHandle"
_NOT_SIMULATED = frozenset({"AWS::CloudFormation::CustomResource", "?", "AWS::SERVICE::RESOURCE"})


class ResourceFailure(Exception):
    """Why AWS would not make, change or delete the resource; the text of the stack event."""


@dataclass(slots=True, kw_only=True)
class Deployed:
    """A resource that exists: what it was made from and what moto made."""

    logical_id: str
    type: str
    json: dict[str, Any]
    resource: Any
    deletion_policy: str = "Delete"

    @property
    def physical_id(self) -> str:
        if self.type == WAIT_HANDLE:
            return str(self.resource)
        found = getattr(self.resource, "physical_resource_id", None)
        return str(found) if found is not None else self.logical_id


def cleaned(resource_json: Mapping[str, Any], names: Any) -> dict[str, Any]:
    """``resource_json`` with every intrinsic function evaluated."""
    filled = {**resource_json, "Properties": resource_json.get("Properties") or {}}
    result = explained(lambda: clean_json(filled, names))
    unknown = _unevaluated(result["Properties"])
    if unknown:
        raise ResourceFailure(f"aft's sandbox does not evaluate {unknown}")
    evaluated: dict[str, Any] = result
    return evaluated


def _unevaluated(value: Any) -> str:
    if isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("Fn::"):
                return str(key)
            found = _unevaluated(item)
            if found:
                return found
    if isinstance(value, list):
        for item in value:
            found = _unevaluated(item)
            if found:
                return found
    return ""


def create(logical_id: str, resource: dict[str, Any], *, place: Place) -> Deployed:
    """Make it from evaluated JSON. Raises ``ResourceFailure``."""
    kind = resource["Type"]
    if kind == WAIT_HANDLE:
        made: Any = (
            f"https://cloudformation-waitcondition-{place.region}.s3.amazonaws.com/{logical_id}"
        )
        return Deployed(logical_id=logical_id, type=kind, json=resource, resource=made)
    model = _model(kind)
    _check_properties(logical_id, resource)
    adapter = ADAPTERS.get(kind, Adapter())
    prepared = {**resource, "Properties": dict(resource["Properties"])}
    name = _physical_name(kind, logical_id, prepared["Properties"], place)

    def make() -> Any:
        adapter.prepare(prepared["Properties"], name, place)
        made = model.create_from_cloudformation_json(
            name,
            prepared,
            place.account_id,
            place.region,
            LogicalId=logical_id,
            StackId=place.stack_id,
            ResourceType=kind,
        )
        made.cf_resource_type = kind
        made.logical_resource_id = logical_id
        return made

    deployed = Deployed(
        logical_id=logical_id,
        type=kind,
        json=resource,
        resource=explained(make),
        deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
    )
    _check_nested(deployed.resource)
    try:
        explained(lambda: adapter.finish(deployed.resource, resource["Properties"], place))
    except ResourceFailure:
        delete(deployed, place=place)
        raise
    return deployed


def update(old: Deployed, resource: dict[str, Any], *, place: Place) -> Deployed:
    """Change it in place where that is known, else replace it. Raises ``ResourceFailure``."""
    kind = resource["Type"]
    if kind != old.type:
        raise ResourceFailure(
            f"Update of resource type is not permitted. The new template modifies resource type "
            f"of the following resources: [{old.logical_id}]"
        )
    if kind == WAIT_HANDLE:
        return old
    _check_properties(old.logical_id, resource)
    adapter = ADAPTERS.get(kind, Adapter())
    properties = dict(resource["Properties"])
    if adapter.update is not None and adapter.keeps_identity(old.json["Properties"], properties):
        change = adapter.update
        name = old.physical_id
        explained(lambda: adapter.prepare_update(properties, name, place))
        explained(lambda: change(old.resource, properties, place))
        return Deployed(
            logical_id=old.logical_id,
            type=kind,
            json=resource,
            resource=old.resource,
            deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
        )
    return _replaced(old, resource, place=place)


def _replaced(old: Deployed, resource: dict[str, Any], *, place: Place) -> Deployed:
    named = resource_name_property_from_type(old.type)
    before, after = old.json["Properties"], resource["Properties"]
    same_name = bool(named) and named in after and before.get(named) == after.get(named)
    if not same_name:
        made = create(old.logical_id, resource, place=place)
        delete(old, place=place)
        return made
    # moto changes few types in place: for a custom name the old one must go first.
    delete(old, place=place)
    try:
        return create(old.logical_id, resource, place=place)
    except ResourceFailure:
        restored = create(old.logical_id, old.json, place=place)
        old.resource = restored.resource
        raise


def delete(deployed: Deployed, *, place: Place) -> None:
    """Raises ``ResourceFailure`` where AWS reports DELETE_FAILED."""
    if deployed.type == WAIT_HANDLE:
        return
    adapter = ADAPTERS.get(deployed.type, Adapter())
    resource = deployed.resource
    if adapter.delete is not None:
        remove = adapter.delete
        explained(lambda: remove(resource, deployed.json["Properties"], place))
        return
    model = type(resource)
    if hasattr(resource, "delete"):
        try:
            explained(lambda: resource.delete(place.account_id, place.region))
        except ResourceFailure as failure:
            if not isinstance(failure.__cause__, TypeError):
                raise
            explained(resource.delete)
    elif not hasattr(model.delete_from_cloudformation_json, "__isabstractmethod__"):
        explained(
            lambda: model.delete_from_cloudformation_json(
                deployed.physical_id, deployed.json, place.account_id, place.region
            )
        )


def _model(kind: str) -> type[CloudFormationModel]:
    model = None
    if kind == cfn_oidc.TYPE:
        return cfn_oidc.OidcProvider
    if kind not in _NOT_SIMULATED and not kind.startswith("Custom::"):
        model = resource_class_from_type(kind)
    if model is None:
        raise ResourceFailure(
            f"aft's sandbox does not simulate resources of type {kind}; it may still work on "
            "real AWS."
        )
    return model


def _check_properties(logical_id: str, resource: Mapping[str, Any]) -> None:
    found = list(problems(resource["Type"], resource["Properties"]))
    if found:
        raise ResourceFailure(
            f"Properties validation failed for resource {logical_id} with message:\n"
            + "\n".join(found)
        )


def _physical_name(kind: str, logical_id: str, properties: Mapping[str, Any], place: Place) -> str:
    named = resource_name_property_from_type(kind)
    if named and named in properties:
        return str(properties[named])
    return generate_resource_name(kind, place.stack_name, logical_id)


def _check_nested(resource: Any) -> None:
    if isinstance(resource, MotoStack) and resource.status != "CREATE_COMPLETE":
        raise ResourceFailure(
            f"Embedded stack {resource.stack_id} was not successfully created: "
            "The following resource(s) failed to create."
        )


def explained(work: Callable[[], Any]) -> Any:
    """Run ``work``; whatever it raises becomes a ``ResourceFailure`` with the reason."""
    try:
        return work()
    except ResourceFailure:
        raise
    except KeyError as missing:
        raise ResourceFailure(f"#: required key [{missing.args[0]}] not found") from missing
    except Exception as error:
        raise ResourceFailure(_reason(error)) from error


def _reason(error: Exception) -> str:
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    code = getattr(error, "code", None) or getattr(error, "error_type", None)
    if isinstance(code, str) and code not in str(message):
        return f"{message} (Error Code: {code}; Request ID: simulated)"
    return json.dumps(message) if isinstance(message, dict) else str(message)
