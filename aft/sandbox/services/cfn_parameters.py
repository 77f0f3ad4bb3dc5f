"""A stack's parameters and capabilities: what CloudFormation refuses before it starts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aft.sandbox.services.cfn_template import Template, invalid
from aft.sandbox.services.moto_seams import Refusal

_IAM_TYPES = frozenset(
    {
        "AWS::IAM::AccessKey",
        "AWS::IAM::Group",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::User",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::UserToGroupAddition",
    }
)
_IAM_NAMES: Mapping[str, str] = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}


def resolve(
    template: Template, given: Sequence[Mapping[str, Any]], previous: Mapping[str, str]
) -> dict[str, str]:
    """The values as the caller means them; ``previous`` serves ``UsePreviousValue``.

    Raises ValidationError for unknown, missing and unfit parameters.
    """
    declared: Mapping[str, Mapping[str, Any]] = template.get("Parameters") or {}
    values: dict[str, str] = {}
    for parameter in given:
        key = parameter["ParameterKey"]
        if parameter.get("UsePreviousValue"):
            if parameter.get("ParameterValue"):
                raise invalid(
                    f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as "
                    "true and non empty value for a parameter"
                )
            if key in previous:
                values[key] = previous[key]
        else:
            values[key] = str(parameter.get("ParameterValue", ""))
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [
        key for key, slot in declared.items() if key not in values and slot.get("Default") is None
    ]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for key, slot in declared.items():
        _check_value(key, slot, values.get(key, str(slot.get("Default", ""))))
    return values


def _check_value(key: str, slot: Mapping[str, Any], value: str) -> None:
    kind = slot.get("Type")
    if kind is None:
        raise invalid(
            f"Template format error: Every Parameters object must contain a Type member. ({key})"
        )
    if kind == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise invalid(f"Parameter '{key}' must be a number.")
    hint = f", {slot['ConstraintDescription']}" if "ConstraintDescription" in slot else ""
    allowed = [str(item) for item in slot.get("AllowedValues", ())]
    parts = value.split(",") if str(kind).startswith(("List", "CommaDelimited")) else [value]
    if allowed and any(part.strip() not in allowed for part in parts):
        raise invalid(f"Parameter '{key}' must be one of AllowedValues{hint}")
    pattern = slot.get("AllowedPattern")
    if pattern and any(not re.fullmatch(pattern, part) for part in parts):
        raise invalid(
            f"Parameter '{key}' failed to satisfy constraint: "
            + (slot.get("ConstraintDescription") or f"must match pattern {pattern}")
        )
    _check_bounds(key, slot, value)


def _check_bounds(key: str, slot: Mapping[str, Any], value: str) -> None:
    bounds = {
        name: float(slot[name])
        for name in ("MinLength", "MaxLength", "MinValue", "MaxValue")
        if name in slot
    }
    if "MinLength" in bounds and len(value) < bounds["MinLength"]:
        raise invalid(f"Parameter '{key}' must contain at least {slot['MinLength']} characters")
    if "MaxLength" in bounds and len(value) > bounds["MaxLength"]:
        raise invalid(f"Parameter '{key}' must contain at most {slot['MaxLength']} characters")
    if "MinValue" in bounds and float(value) < bounds["MinValue"]:
        raise invalid(f"Parameter '{key}' must be a number not less than {slot['MinValue']}")
    if "MaxValue" in bounds and float(value) > bounds["MaxValue"]:
        raise invalid(f"Parameter '{key}' must be a number not greater than {slot['MaxValue']}")


def needed_capabilities(template: Template) -> tuple[str, ...]:
    """Named IAM resources need the stronger word, any other IAM resource the weaker."""
    found = ""
    for resource in template["Resources"].values():
        kind = resource["Type"]
        if kind not in _IAM_TYPES:
            continue
        if _IAM_NAMES.get(kind, "") in (resource.get("Properties") or {}):
            return ("CAPABILITY_NAMED_IAM",)
        found = "CAPABILITY_IAM"
    return (found,) if found else ()


def check_capabilities(template: Template, granted: Sequence[str]) -> None:
    """Raise InsufficientCapabilitiesException as AWS does."""
    needed = needed_capabilities(template)
    enough = {
        "CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"},
        "CAPABILITY_NAMED_IAM": {"CAPABILITY_NAMED_IAM"},
    }
    if any(not enough[capability] & set(granted) for capability in needed):
        raise Refusal(
            "InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]"
        )
