"""What service control policies, and a session held to reading, let a member account do.

At every level from the root to the account some attached SCP must allow the action, and none
may deny it. The management account and service-linked roles are never bound. The ARN a call is
about is not known here, so a Deny that names single resources is not enforced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aft.sandbox.credentials import Caller
from aft.sandbox.organizations_backend.model import MemberAccount, Organization, Unit
from aft.sandbox.policy_language import (
    Context,
    action_applies,
    as_list,
    conditions_hold,
    statements,
)

_SCP = "SERVICE_CONTROL_POLICY"
_READS = re.compile(
    r"[\w-]+:(Get|List|Describe|Head|BatchGet|Search|Lookup|Query|Scan|Select|View)"
)
"""About what AWS's policy ReadOnlyAccess allows."""


def refusal(organization: Organization, caller: Caller, *, action: str, region: str) -> str | None:
    """AWS's sentence when an SCP stands in the way, else ``None``."""
    if getattr(caller, "read_only", False) and not _READS.match(action):  # of older states, too
        return _sentence(caller, action, f"because no session policy allows the {action} action")
    account = organization.accounts.get(caller.account_id)
    if account is None or account.id == organization.management_account_id:
        return None
    if action == "sts:GetCallerIdentity":  # AWS answers it whatever a policy says
        return None
    if caller.service_linked or _SCP not in organization.policy_types:
        return None
    context = _context(organization, account, caller, region)
    allowed_everywhere = True
    path: list[Unit | MemberAccount] = [account, *organization.ancestors(account.parent_id)]
    for node in path:
        allowed, denied = _level(organization, node, action, context)
        if denied:
            return _sentence(caller, action, "with an explicit deny in a service control policy")
        allowed_everywhere = allowed_everywhere and allowed
    if allowed_everywhere:
        return None
    return _sentence(
        caller, action, f"because no service control policy allows the {action} action"
    )


def _sentence(caller: Caller, action: str, why: str) -> str:
    return f"User: {caller.arn} is not authorized to perform: {action} on resource: * {why}"


def _level(
    organization: Organization, node: Unit | MemberAccount, action: str, context: Context
) -> tuple[bool, bool]:
    allowed = denied = False
    for policy_id in node.policies:
        policy = organization.policies[policy_id]
        if policy.type != _SCP:
            continue
        for statement in _parsed(policy.content):
            if not action_applies(statement, action) or not conditions_hold(statement, context):
                continue
            if statement.get("Effect") == "Allow":
                allowed = True
            elif "*" in as_list(statement.get("Resource")):
                denied = True
    return allowed, denied


def _context(
    organization: Organization, account: MemberAccount, caller: Caller, region: str
) -> Context:
    principal = caller.role_arn or caller.arn
    return {
        "aws:requestedregion": region,
        "aws:principalarn": principal,
        "aws:principalaccount": account.id,
        "aws:principalorgid": organization.id,
        "aws:principalorgpaths": [organization.path(account.parent_id)],
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole" if caller.role_arn else "User",
        "aws:userid": caller.user_id,
        "aws:sourceaccount": account.id,
    }


@lru_cache(maxsize=1024)
def _parsed(content: str) -> tuple[Mapping[str, Any], ...]:
    document = json.loads(content)
    return tuple(statements(document))
