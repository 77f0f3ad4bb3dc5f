"""What the policies of an IAM role let its sessions do.

Managed and inline policies are evaluated by action and conditions; the ARN a call is about is
only known where a role is assumed, elsewhere every Allow counts and a Deny of single resources
is not enforced. Permissions boundaries are not evaluated. Keys of users are not bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from moto.iam.models import iam_backends

from aft.sandbox.credentials import Caller
from aft.sandbox.policy_language import (
    Context,
    action_applies,
    as_list,
    conditions_hold,
    like,
    statements,
)

_ALWAYS = "sts:GetCallerIdentity"
"""AWS: no permission is needed for it, and none can be taken away."""


def refusal(caller: Caller, *, action: str, region: str, resource: str | None = None) -> str | None:
    """AWS's sentence when the caller is a role session whose role may not, else ``None``."""
    if not caller.role_arn or caller.service_linked or action == _ALWAYS:
        return None
    role = iam_backends[caller.account_id]["aws"].roles.get(caller.user_id.partition(":")[0])
    if role is None:  # deleted since, and its policies with it
        return _sentence(caller, action, resource, "because no identity-based policy allows it")
    context: Context = {
        "aws:requestedregion": region,
        "aws:principalarn": caller.role_arn,
        "aws:principalaccount": caller.account_id,
    }
    allowed = False
    for statement in _statements_of(role):
        if not action_applies(statement, action) or not conditions_hold(statement, context):
            continue
        if not _covers(statement, resource):
            continue
        if statement.get("Effect") == "Deny":
            why = "with an explicit deny in an identity-based policy"
            return _sentence(caller, action, resource, why)
        allowed = True
    if allowed:
        return None
    why = f"because no identity-based policy allows the {action} action"
    return _sentence(caller, action, resource, why)


def _covers(statement: Mapping[str, Any], resource: str | None) -> bool:
    if "NotResource" in statement:
        listed = as_list(statement["NotResource"])
        return resource is None or not any(like(resource, str(item)) for item in listed)
    listed = as_list(statement.get("Resource"))
    if resource is None:
        return statement.get("Effect") == "Allow" or "*" in listed
    return any(like(resource, str(item)) for item in listed)


def _statements_of(role: Any) -> Iterator[Mapping[str, Any]]:
    for document in role.policies.values():
        yield from _parsed(_text(document))
    for policy in role.managed_policies.values():
        version = next(item for item in policy.versions if item.is_default)
        yield from _parsed(_text(version.document))


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


@lru_cache(maxsize=1024)
def _parsed(document: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(statements(json.loads(document)))


def _sentence(caller: Caller, action: str, resource: str | None, why: str) -> str:
    about = resource or "*"
    return f"User: {caller.arn} is not authorized to perform: {action} on resource: {about} {why}"
