"""Accounts: asynchronous creation, moves, closure, reading.

CreateAccount answers IN_PROGRESS; what becomes of it is settled when time has passed and
somebody looks. Nothing here waits.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Invocation
from aft.sandbox.organizations_backend.model import (
    ACCESS_ROLE,
    CreationRequest,
    MemberAccount,
    new_account_id,
    new_id,
)
from aft.sandbox.organizations_backend.paging import page, with_token
from aft.sandbox.organizations_backend.rules import (
    Context,
    account_of,
    constraint,
    default_policies,
    invalid,
    parent_of,
    tags_from,
)
from aft.values.ids import EmailAddress

Result = Mapping[str, Any]
_CLOSE_WINDOW = 30 * 86_400.0
_STATUS_OF_STATE = {"PENDING_ACTIVATION": "ACTIVE", "CLOSED": "SUSPENDED"}


def describe(context: Context, account: MemberAccount) -> dict[str, Any]:
    """``Account`` as the API gives it. ``Status`` is kept although AWS retires it."""
    organization = context.organization
    return {
        "Id": account.id,
        "Arn": organization.arn("account", account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": _STATUS_OF_STATE.get(account.state, account.state),
        "State": account.state,
        "Paths": [organization.path(account.parent_id, account.id)],
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": account.joined_at,
    }


def _create_account(context: Context, call: Invocation) -> Result:
    """Begin a creation, or refuse it at once for quota and slots."""
    organization, behaviour = context.organization, context.world.behaviour
    name, email = call.params["AccountName"], call.params["Email"]
    role_name = call.params.get("RoleName") or ACCESS_ROLE
    if role_name.startswith("AWSServiceRoleFor"):
        raise invalid("INVALID_ROLE_NAME", f"{role_name!r} begins with a reserved prefix.")
    tags = tags_from(call.params.get("Tags"))
    if len(organization.open_creations) >= behaviour.concurrent_creations:
        raise constraint(
            "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
            "You have exceeded the number of accounts that can be in creation at one time "
            f"({behaviour.concurrent_creations}). Try again when one of them is complete.",
        )
    if len(organization.accounts) + len(organization.open_creations) >= behaviour.account_quota:
        raise constraint(
            "ACCOUNT_NUMBER_LIMIT_EXCEEDED",
            f"You have exceeded the allowed number of AWS accounts ({behaviour.account_quota}).",
        )
    now, rng = context.now(), context.world.rng
    request = CreationRequest(
        serial=organization.next_serial(),
        id=new_id(rng, "car-", 32),
        name=name,
        email=email,
        tags=tags,
        role_name=role_name,
        requested_at=now,
        ready_at=now + rng.uniform(*behaviour.creation_seconds),
    )
    organization.creations[request.id] = request
    organization.open_creations[request.id] = None
    return {"CreateAccountStatus": _creation(request)}


def settle_creations(context: Context, *, looking: bool) -> None:
    """Let creations whose time has come succeed or fail.

    A zero-delay creation is settled only when somebody looks, so that even then a client
    sees IN_PROGRESS once and slots can be full.
    """
    organization, now = context.organization, context.now()
    for request_id in list(organization.open_creations):
        request = organization.creations[request_id]
        grace = 0.0 if looking else 1.0
        if now >= request.ready_at + grace:
            _complete(context, request, now=max(request.ready_at, request.requested_at))


def _complete(context: Context, request: CreationRequest, *, now: float) -> None:
    organization = context.organization
    del organization.open_creations[request.id]
    request.completed_at = now
    reason = _failure(context, request)
    if reason:
        request.state, request.failure_reason = "FAILED", reason
        return
    account = add_account(
        context,
        name=request.name,
        email=request.email,
        tags=request.tags,
        role_name=request.role_name,
        joined_at=now,
    )
    account.role_usable_at = now + context.world.behaviour.role_usable_seconds
    request.state, request.account_id = "SUCCEEDED", account.id


def _failure(context: Context, request: CreationRequest) -> str | None:
    if EmailAddress.problem_of(request.email):
        return "INVALID_EMAIL"
    email = request.email.casefold()
    if email in context.organization.emails:
        return "EMAIL_ALREADY_EXISTS"
    for failure in context.world.creation_failures:
        pattern = failure.pattern.casefold()
        if pattern in email or fnmatch.fnmatchcase(email, pattern):
            return failure.reason
    return None


def add_account(
    context: Context,
    *,
    name: str,
    email: str,
    tags: dict[str, str],
    role_name: str | None,
    joined_at: float,
    account_id: str | None = None,
    parent_id: str | None = None,
) -> MemberAccount:
    """Put a finished account into the organization, in the root unless told otherwise."""
    organization = context.organization
    account = MemberAccount(
        serial=organization.next_serial(),
        id=account_id or new_account_id(context.world.rng, organization.accounts),
        name=name,
        email=email,
        tags=dict(tags),
        role_name=role_name,
        parent_id=parent_id or organization.root_id,
        joined_at=joined_at,
        policies=default_policies(organization),
    )
    organization.accounts[account.id] = account
    organization.emails[email.casefold()] = account.id
    organization.units[account.parent_id].accounts[account.id] = None
    for policy_id in account.policies:
        organization.policies[policy_id].targets[account.id] = None
    return account


def _creation(request: CreationRequest) -> dict[str, Any]:
    found = {
        "Id": request.id,
        "AccountName": request.name,
        "State": request.state,
        "RequestedTimestamp": request.requested_at,
        "CompletedTimestamp": request.completed_at,
        "AccountId": request.account_id,
        "FailureReason": request.failure_reason,
    }
    return {name: value for name, value in found.items() if value is not None}


def _describe_create_account_status(context: Context, call: Invocation) -> Result:
    request = context.organization.creations.get(call.params["CreateAccountRequestId"])
    if request is None:
        raise ApiError(
            "CreateAccountStatusNotFoundException",
            "We can't find a create account request with the CreateAccountRequestId that you "
            "specified.",
        )
    return {"CreateAccountStatus": _creation(request)}


def _list_create_account_status(context: Context, call: Invocation) -> Result:
    states = call.params.get("States") or []
    found = [
        request
        for request in context.organization.creations.values()
        if not states or request.state in states
    ]
    items, token = page(
        found, call.params, scope=f"creations:{sorted(states)}", key=lambda item: item.serial
    )
    return with_token("CreateAccountStatuses", [_creation(item) for item in items], token)


def _describe_account(context: Context, call: Invocation) -> Result:
    return {"Account": describe(context, account_of(context, call.params["AccountId"]))}


def _listed(
    context: Context, accounts: Iterable[MemberAccount], call: Invocation, *, scope: str
) -> Result:
    items, token = page(accounts, call.params, scope=scope, key=lambda item: item.serial)
    return with_token("Accounts", [describe(context, item) for item in items], token)


def _list_accounts(context: Context, call: Invocation) -> Result:
    return _listed(context, context.organization.accounts.values(), call, scope="accounts")


def _list_accounts_for_parent(context: Context, call: Invocation) -> Result:
    parent = parent_of(context, call.params["ParentId"])
    everyone = context.organization.accounts
    # A moved account is the last to arrive; pages go by account, so they are sorted.
    found = sorted((everyone[found] for found in parent.accounts), key=lambda item: item.serial)
    return _listed(context, found, call, scope=f"accounts:{parent.id}")


def _move_account(context: Context, call: Invocation) -> Result:
    organization = context.organization
    account = account_of(context, call.params["AccountId"])
    source, destination = call.params["SourceParentId"], call.params["DestinationParentId"]
    if source not in organization.units or account.parent_id != source:
        raise ApiError(
            "SourceParentNotFoundException",
            "You specified a source root or OU that doesn't exist or does not hold the account.",
        )
    if destination not in organization.units:
        raise ApiError(
            "DestinationParentNotFoundException",
            "You specified a destination root or OU that doesn't exist.",
        )
    if source == destination:
        raise ApiError(
            "DuplicateAccountException", "That account is already present in the destination."
        )
    del organization.units[source].accounts[account.id]
    organization.units[destination].accounts[account.id] = None
    account.parent_id = destination
    return {}


def _close_account(context: Context, call: Invocation) -> Result:
    organization, now = context.organization, context.now()
    account = account_of(context, call.params["AccountId"])
    if account.id == organization.management_account_id:
        raise constraint(
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "You cannot close the management account."
        )
    if account.state in ("SUSPENDED", "CLOSED"):
        raise ApiError("AccountAlreadyClosedException", "The account is already closed.")
    if account.state == "PENDING_CLOSURE":
        raise ApiError(
            "ConflictException", "The account is being closed; wait until that is complete."
        )
    if account.id in organization.delegated:
        raise constraint(
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
            "The account is a delegated administrator; deregister it first.",
        )
    since = now - _CLOSE_WINDOW
    organization.closures = [moment for moment in organization.closures if moment > since]
    members = len(organization.accounts) - 1
    if len(organization.closures) >= min(1000, max(250, members // 5)):
        raise constraint(
            "CLOSE_ACCOUNT_QUOTA_EXCEEDED",
            "You have exceeded close account quota for the past 30 days.",
        )
    organization.closures.append(now)
    account.state = "PENDING_CLOSURE"
    organization.closing[account.id] = now + context.world.behaviour.closure_seconds
    return {}


def settle_closures(context: Context) -> None:
    """Turn PENDING_CLOSURE into SUSPENDED when its time has come."""
    organization, now = context.organization, context.now()
    for account_id, closes_at in list(organization.closing.items()):
        if now >= closes_at:
            organization.accounts[account_id].state = "SUSPENDED"
            del organization.closing[account_id]


def _remove_account(context: Context, call: Invocation) -> Result:
    """RemoveAccountFromOrganization: only accounts that can stand alone may go."""
    organization = context.organization
    account = account_of(context, call.params["AccountId"])
    if account.id == organization.management_account_id:
        raise ApiError(
            "MasterCannotLeaveOrganizationException",
            "You can't remove a management account from an organization.",
        )
    if account.id in organization.delegated:
        raise constraint(
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
            "The account is a delegated administrator; deregister it first.",
        )
    if account.joined_method == "CREATED" and context.now() < account.joined_at + 7 * 86_400:
        raise constraint(
            "WAIT_PERIOD_ACTIVE", "An account must be 7 days old before it can be removed."
        )
    if account.joined_method == "CREATED":
        raise constraint(
            "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED",
            "The account lacks the payment method it needs to stand alone.",
        )
    del organization.accounts[account.id]
    del organization.units[account.parent_id].accounts[account.id]
    del organization.emails[account.email.casefold()]
    for policy_id in account.policies:
        organization.policies[policy_id].targets.pop(account.id, None)
    return {}


OPERATIONS = {
    "CreateAccount": _create_account,
    "DescribeCreateAccountStatus": _describe_create_account_status,
    "ListCreateAccountStatus": _list_create_account_status,
    "DescribeAccount": _describe_account,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "MoveAccount": _move_account,
    "CloseAccount": _close_account,
    "RemoveAccountFromOrganization": _remove_account,
}
