"""The root and the OUs: creation, names, depth, emptiness, reading the tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Invocation
from aft.sandbox.organizations_backend.model import Unit, new_id
from aft.sandbox.organizations_backend.paging import page, with_token
from aft.sandbox.organizations_backend.rules import (
    Context,
    constraint,
    default_policies,
    invalid,
    parent_of,
    tags_from,
    unit_of,
)

Result = Mapping[str, Any]
MAX_DEPTH = 5  # AWS quota: levels of OUs below the root
MAX_UNITS = 2000  # AWS quota


def describe(context: Context, unit: Unit) -> dict[str, Any]:
    """``OrganizationalUnit`` as the API gives it."""
    organization = context.organization
    return {
        "Id": unit.id,
        "Arn": organization.arn("ou", unit.id),
        "Name": unit.name,
        "Path": organization.path(unit.id),
    }


def describe_root(context: Context) -> dict[str, Any]:
    """``Root`` as the API gives it."""
    organization = context.organization
    return {
        "Id": organization.root_id,
        "Arn": organization.arn("root", organization.root_id),
        "Name": "Root",
        "PolicyTypes": [
            {"Type": kind, "Status": "ENABLED"} for kind in sorted(organization.policy_types)
        ],
    }


def add_unit(context: Context, *, parent: Unit, name: str, tags: dict[str, str]) -> Unit:
    """Put an OU below ``parent``, within AWS's limits."""
    organization = context.organization
    _check_name(context, parent, name)
    if sum(1 for _ in organization.ancestors(parent.id)) > MAX_DEPTH:
        raise constraint(
            "OU_DEPTH_LIMIT_EXCEEDED",
            f"You have exceeded the limit of {MAX_DEPTH} nested levels of OUs.",
        )
    if len(organization.units) - 1 >= MAX_UNITS:
        raise constraint(
            "OU_NUMBER_LIMIT_EXCEEDED", f"You have exceeded the limit of {MAX_UNITS} OUs."
        )
    unit = Unit(
        serial=organization.next_serial(),
        id=new_id(context.world.rng, f"ou-{organization.root_id[2:]}-", 8),
        name=name,
        parent_id=parent.id,
        tags=tags,
        policies=default_policies(organization),
    )
    organization.units[unit.id] = unit
    parent.units[unit.id] = None
    for policy_id in unit.policies:
        organization.policies[policy_id].targets[unit.id] = None
    return unit


def _check_name(context: Context, parent: Unit, name: str) -> None:
    units = context.organization.units
    if any(units[sibling].name == name for sibling in parent.units):
        raise ApiError(
            "DuplicateOrganizationalUnitException", "An OU with the same name already exists."
        )


def _create(context: Context, call: Invocation) -> Result:
    parent = parent_of(context, call.params["ParentId"])
    unit = add_unit(
        context, parent=parent, name=call.params["Name"], tags=tags_from(call.params.get("Tags"))
    )
    return {"OrganizationalUnit": describe(context, unit)}


def _update(context: Context, call: Invocation) -> Result:
    unit = unit_of(context, call.params["OrganizationalUnitId"])
    name = call.params.get("Name")
    if name is not None and name != unit.name:
        _check_name(context, context.organization.units[str(unit.parent_id)], name)
        unit.name = name
    return {"OrganizationalUnit": describe(context, unit)}


def _delete(context: Context, call: Invocation) -> Result:
    organization = context.organization
    unit = unit_of(context, call.params["OrganizationalUnitId"])
    if unit.units or unit.accounts:
        raise ApiError(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts to another root or to other OUs, "
            "remove all child OUs, and try the operation again.",
        )
    for policy_id in unit.policies:
        organization.policies[policy_id].targets.pop(unit.id, None)
    del organization.units[str(unit.parent_id)].units[unit.id]
    del organization.units[unit.id]
    return {}


def _describe_unit(context: Context, call: Invocation) -> Result:
    unit = unit_of(context, call.params["OrganizationalUnitId"])
    return {"OrganizationalUnit": describe(context, unit)}


def _list_roots(context: Context, _: Invocation) -> Result:
    return {"Roots": [describe_root(context)]}


def _list_for_parent(context: Context, call: Invocation) -> Result:
    parent = parent_of(context, call.params["ParentId"])
    units = [context.organization.units[found] for found in parent.units]
    items, token = page(
        units, call.params, scope=f"units:{parent.id}", key=lambda item: item.serial
    )
    return with_token("OrganizationalUnits", [describe(context, item) for item in items], token)


def _list_parents(context: Context, call: Invocation) -> Result:
    organization, child_id = context.organization, call.params["ChildId"]
    child = organization.node(child_id)
    if child is None or child.parent_id is None:
        raise ApiError(
            "ChildNotFoundException", "We can't find an OU or account with that ChildId."
        )
    kind = "ROOT" if child.parent_id == organization.root_id else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": child.parent_id, "Type": kind}]}


def _list_children(context: Context, call: Invocation) -> Result:
    organization = context.organization
    parent = parent_of(context, call.params["ParentId"])
    kind = call.params["ChildType"]
    if kind == "ACCOUNT":
        found = [(organization.accounts[child].serial, child) for child in parent.accounts]
    elif kind == "ORGANIZATIONAL_UNIT":
        found = [(organization.units[child].serial, child) for child in parent.units]
    else:
        raise invalid("INVALID_ENUM", "You specified an invalid value.")
    items, token = page(
        sorted(found), call.params, scope=f"children:{parent.id}:{kind}", key=lambda item: item[0]
    )
    return with_token("Children", [{"Id": child, "Type": kind} for _, child in items], token)


OPERATIONS = {
    "CreateOrganizationalUnit": _create,
    "UpdateOrganizationalUnit": _update,
    "DeleteOrganizationalUnit": _delete,
    "DescribeOrganizationalUnit": _describe_unit,
    "ListRoots": _list_roots,
    "ListOrganizationalUnitsForParent": _list_for_parent,
    "ListParents": _list_parents,
    "ListChildren": _list_children,
}
