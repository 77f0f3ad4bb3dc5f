"""Policies of every type: content rules, attachment rules, policy types on the root."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aft.policy_language.grammar import check
from aft.policy_language.policy_types import RCP, limits_of
from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Invocation
from aft.sandbox.organizations_backend.model import (
    MemberAccount,
    Organization,
    PolicyRecord,
    Unit,
    new_id,
)
from aft.sandbox.organizations_backend.paging import page, with_token
from aft.sandbox.organizations_backend.rules import (
    Context,
    constraint,
    invalid,
    policy_of,
    tags_from,
)
from aft.sandbox.organizations_backend.units import describe_root

Result = Mapping[str, Any]


def _summary(context: Context, policy: PolicyRecord) -> dict[str, Any]:
    if policy.aws_managed:
        arn = f"arn:aws:organizations::aws:policy/{policy.type.lower()}/{policy.id}"
    else:
        arn = context.organization.arn("policy", policy.type.lower(), policy.id)
    return {
        "Id": policy.id,
        "Arn": arn,
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def _whole(context: Context, policy: PolicyRecord) -> Result:
    return {"Policy": {"PolicySummary": _summary(context, policy), "Content": policy.content}}


def _check_content(kind: str, content: str) -> None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not document:
        raise _malformed("The provided policy document is not a JSON object.")
    limit = limits_of(kind).characters
    if len(content) > limit:
        raise constraint(
            "POLICY_CONTENT_LIMIT_EXCEEDED",
            f"You have exceeded the size limit of {limit} characters for this policy type.",
        )
    wrong = [finding for finding in check(document, kind) if finding.is_error]
    if wrong:
        raise _malformed("; ".join(finding.message for finding in wrong[:3]))


def _malformed(message: str) -> ApiError:
    return ApiError("MalformedPolicyDocumentException", message)


def _check_name(context: Context, name: str, kind: str, *, but: str = "") -> None:
    """Names are unique among the policies of one type."""
    for policy in context.organization.policies.values():
        if policy.name == name and policy.type == kind and policy.id != but:
            raise ApiError(
                "DuplicatePolicyException", "A policy with the same name already exists."
            )


def _mutable(policy: PolicyRecord) -> PolicyRecord:
    if policy.aws_managed:
        raise invalid("IMMUTABLE_POLICY", "You can't change a policy that AWS manages.")
    return policy


def _create(context: Context, call: Invocation) -> Result:
    organization, params = context.organization, call.params
    kind = params["Type"]
    of_kind = [policy for policy in organization.policies.values() if policy.type == kind]
    if sum(not policy.aws_managed for policy in of_kind) >= limits_of(kind).policies:
        raise constraint(
            "POLICY_NUMBER_LIMIT_EXCEEDED", "You have exceeded the number of policies."
        )
    _check_content(kind, params["Content"])
    _check_name(context, params["Name"], kind)
    policy = PolicyRecord(
        serial=organization.next_serial(),
        id=new_id(context.world.rng, "p-", 10),
        name=params["Name"],
        description=params.get("Description", ""),
        type=kind,
        content=params["Content"],
        tags=tags_from(params.get("Tags")),
    )
    organization.policies[policy.id] = policy
    return _whole(context, policy)


def _describe(context: Context, call: Invocation) -> Result:
    return _whole(context, policy_of(context, call.params["PolicyId"]))


def _update(context: Context, call: Invocation) -> Result:
    policy = _mutable(policy_of(context, call.params["PolicyId"]))
    if call.params.get("Content") is not None:
        _check_content(policy.type, call.params["Content"])
    if call.params.get("Name") is not None:
        _check_name(context, call.params["Name"], policy.type, but=policy.id)
        policy.name = call.params["Name"]
    policy.content = call.params.get("Content") or policy.content
    if call.params.get("Description") is not None:
        policy.description = call.params["Description"]
    return _whole(context, policy)


def _delete(context: Context, call: Invocation) -> Result:
    policy = _mutable(policy_of(context, call.params["PolicyId"]))
    if policy.targets:
        raise ApiError(
            "PolicyInUseException",
            "The policy is attached to one or more entities. You must detach it from all roots, "
            "OUs, and accounts before performing this operation.",
        )
    del context.organization.policies[policy.id]
    return {}


def _target(context: Context, target_id: str) -> Unit | MemberAccount:
    found = context.organization.node(target_id)
    if found is None:
        raise ApiError("TargetNotFoundException", "You specified a target that doesn't exist.")
    return found


def _attach(context: Context, call: Invocation) -> Result:
    organization = context.organization
    policy = policy_of(context, call.params["PolicyId"])
    target = _target(context, call.params["TargetId"])
    if policy.type not in organization.policy_types:
        raise ApiError(
            "PolicyTypeNotEnabledException",
            "This operation can be performed only for enabled policy types.",
        )
    if policy.id in target.policies:
        raise ApiError(
            "DuplicatePolicyAttachmentException",
            "The selected policy is already attached to the specified target.",
        )
    limit = limits_of(policy.type).attached
    if _attached(context, target, policy.type) >= limit:
        raise constraint(
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            f"You have attached the maximum number of policies ({limit}) to the specified target.",
        )
    target.policies.append(policy.id)
    policy.targets[target.id] = None
    return {}


def _detach(context: Context, call: Invocation) -> Result:
    policy = policy_of(context, call.params["PolicyId"])
    target = _target(context, call.params["TargetId"])
    if policy.id not in target.policies:
        raise ApiError(
            "PolicyNotAttachedException", "The policy isn't attached to the specified target."
        )
    if policy.type == RCP and policy.aws_managed:
        raise invalid("NON_DETACHABLE_POLICY", "RCPFullAWSAccess can't be detached.")
    if _attached(context, target, policy.type) <= limits_of(policy.type).least_attached:
        raise constraint(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You cannot remove the last policy of this type from the specified target.",
        )
    target.policies.remove(policy.id)
    del policy.targets[target.id]
    return {}


def _attached(context: Context, target: Unit | MemberAccount, kind: str) -> int:
    policies = context.organization.policies
    return sum(1 for found in target.policies if policies[found].type == kind)


def _list_policies(context: Context, call: Invocation) -> Result:
    kind = call.params["Filter"]
    found = [item for item in context.organization.policies.values() if item.type == kind]
    items, token = page(found, call.params, scope=f"policies:{kind}", key=lambda i: i.serial)
    return with_token("Policies", [_summary(context, item) for item in items], token)


def _list_for_target(context: Context, call: Invocation) -> Result:
    policies, kind = context.organization.policies, call.params["Filter"]
    target = _target(context, call.params["TargetId"])
    found = sorted(
        (policies[item] for item in target.policies if policies[item].type == kind),
        key=lambda item: item.serial,
    )
    scope = f"policies:{target.id}:{kind}"
    items, token = page(found, call.params, scope=scope, key=lambda item: item.serial)
    return with_token("Policies", [_summary(context, item) for item in items], token)


def _list_targets(context: Context, call: Invocation) -> Result:
    organization = context.organization
    policy = policy_of(context, call.params["PolicyId"])
    found = [node for item in policy.targets if (node := organization.node(item)) is not None]
    found.sort(key=lambda item: item.serial)
    scope = f"targets:{policy.id}"
    items, token = page(found, call.params, scope=scope, key=lambda item: item.serial)
    entries = []
    for item in items:
        if isinstance(item, MemberAccount):
            kind, arn_kind = "ACCOUNT", "account"
        elif item.parent_id is None:
            kind, arn_kind = "ROOT", "root"
        else:
            kind, arn_kind = "ORGANIZATIONAL_UNIT", "ou"
        arn = organization.arn(arn_kind, item.id)
        entries.append({"TargetId": item.id, "Arn": arn, "Name": item.name, "Type": kind})
    return with_token("Targets", entries, token)


def _enable_type(context: Context, call: Invocation) -> Result:
    organization, kind = context.organization, call.params["PolicyType"]
    _check_root(context, call.params["RootId"])
    if kind in organization.policy_types:
        raise ApiError(
            "PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled."
        )
    organization.policy_types.add(kind)
    for policy in organization.policies.values():
        if policy.type == kind and policy.aws_managed:  # AWS's own allows everything again
            _attach_everywhere(organization, policy)
    return {"Root": describe_root(context)}


def _disable_type(context: Context, call: Invocation) -> Result:
    organization, kind = context.organization, call.params["PolicyType"]
    _check_root(context, call.params["RootId"])
    if kind not in organization.policy_types:
        raise ApiError(
            "PolicyTypeNotEnabledException",
            "This operation can be performed only for enabled policy types.",
        )
    organization.policy_types.discard(kind)
    for policy in organization.policies.values():
        if policy.type == kind:
            _detach_everywhere(organization, policy)
    return {"Root": describe_root(context)}


def _attach_everywhere(organization: Organization, policy: PolicyRecord) -> None:
    nodes: list[Unit | MemberAccount] = [
        *organization.units.values(),
        *organization.accounts.values(),
    ]
    for node in nodes:
        if policy.id not in node.policies:
            node.policies.append(policy.id)
            policy.targets[node.id] = None


def _detach_everywhere(organization: Organization, policy: PolicyRecord) -> None:
    for target_id in policy.targets:
        node = organization.node(target_id)
        if node is not None and policy.id in node.policies:
            node.policies.remove(policy.id)
    policy.targets.clear()


def _check_root(context: Context, root_id: str) -> None:
    if root_id != context.organization.root_id:
        raise ApiError("RootNotFoundException", "You specified a root that doesn't exist.")


OPERATIONS = {
    "CreatePolicy": _create,
    "DescribePolicy": _describe,
    "UpdatePolicy": _update,
    "DeletePolicy": _delete,
    "AttachPolicy": _attach,
    "DetachPolicy": _detach,
    "ListPolicies": _list_policies,
    "ListPoliciesForTarget": _list_for_target,
    "ListTargetsForPolicy": _list_targets,
    "EnablePolicyType": _enable_type,
    "DisablePolicyType": _disable_type,
}
