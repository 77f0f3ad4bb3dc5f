"""The organization itself: description, trusted access, delegated administrators, its policy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Invocation
from aft.sandbox.organizations_backend.accounts import describe as describe_account
from aft.sandbox.organizations_backend.model import new_id
from aft.sandbox.organizations_backend.paging import page, with_token
from aft.sandbox.organizations_backend.rules import Context, account_of, constraint, invalid

Result = Mapping[str, Any]
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.amazonaws\.com\.?")


def _describe(context: Context, _: Invocation) -> Result:
    organization = context.organization
    management_id = organization.management_account_id
    return {
        "Organization": {
            "Id": organization.id,
            "Arn": organization.arn("organization"),
            "FeatureSet": "ALL",
            "MasterAccountArn": organization.arn("account", management_id),
            "MasterAccountId": management_id,
            "MasterAccountEmail": organization.management_email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


def _create(_: Context, __: Invocation) -> Result:
    raise ApiError(
        "AlreadyInOrganizationException",
        "The AWS account is already a member of an organization.",
    )


def _delete(_: Context, __: Invocation) -> Result:
    raise ApiError(
        "OrganizationNotEmptyException",
        "The sandbox keeps its organization; use `aft sandbox reset` for a new one.",
    )


def _service(call: Invocation) -> str:
    principal = str(call.params["ServicePrincipal"])
    if not _SERVICE_PRINCIPAL.fullmatch(principal):
        raise invalid(
            "UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal."
        )
    return principal


def _enable_access(context: Context, call: Invocation) -> Result:
    context.organization.trusted_services.setdefault(_service(call), context.now())
    return {}


def _disable_access(context: Context, call: Invocation) -> Result:
    context.organization.trusted_services.pop(_service(call), None)
    return {}


def _list_access(context: Context, call: Invocation) -> Result:
    found = sorted(context.organization.trusted_services.items())
    numbered = list(enumerate(found))
    items, token = page(numbered, call.params, scope="trusted", key=lambda item: item[0])
    entries = [{"ServicePrincipal": name, "DateEnabled": when} for _, (name, when) in items]
    return with_token("EnabledServicePrincipals", entries, token)


def _register(context: Context, call: Invocation) -> Result:
    organization = context.organization
    account = account_of(context, call.params["AccountId"])
    service = _service(call)
    if account.id == organization.management_account_id:
        raise constraint(
            "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register the management account as a delegated administrator.",
        )
    if account.state != "ACTIVE":
        raise constraint(
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register a suspended account as a delegated administrator.",
        )
    if service not in organization.trusted_services:
        raise constraint(
            "SERVICE_ACCESS_NOT_ENABLED", f"Trusted access is not enabled for {service}."
        )
    services = organization.delegated.setdefault(account.id, {})
    if service in services:
        raise ApiError(
            "AccountAlreadyRegisteredException",
            "The account is already a delegated administrator for this service.",
        )
    services[service] = context.now()
    return {}


def _deregister(context: Context, call: Invocation) -> Result:
    organization = context.organization
    account = account_of(context, call.params["AccountId"])
    services = organization.delegated.get(account.id, {})
    if services.pop(_service(call), None) is None:
        raise ApiError(
            "AccountNotRegisteredException",
            "The account is not a delegated administrator for this service.",
        )
    if not services:
        del organization.delegated[account.id]
    return {}


def _list_delegated(context: Context, call: Invocation) -> Result:
    organization, service = context.organization, call.params.get("ServicePrincipal")
    found = [
        (organization.accounts[account_id].serial, account_id, services)
        for account_id, services in organization.delegated.items()
        if service is None or service in services
    ]
    items, token = page(
        sorted(found), call.params, scope=f"delegated:{service}", key=lambda item: item[0]
    )
    entries = []
    for _, account_id, services in items:
        entry = describe_account(context, organization.accounts[account_id])
        del entry["Paths"]
        entries.append({**entry, "DelegationEnabledDate": min(services.values())})
    return with_token("DelegatedAdministrators", entries, token)


def _list_delegated_services(context: Context, call: Invocation) -> Result:
    account = account_of(context, call.params["AccountId"])
    services = context.organization.delegated.get(account.id)
    if services is None:
        raise ApiError(
            "AccountNotRegisteredException", "The account is not a delegated administrator."
        )
    return {
        "DelegatedServices": [
            {"ServicePrincipal": name, "DelegationEnabledDate": when}
            for name, when in sorted(services.items())
        ]
    }


def _put_resource_policy(context: Context, call: Invocation) -> Result:
    organization, content = context.organization, call.params["Content"]
    try:
        json.loads(content)
    except ValueError as error:
        text = "The resource policy is not JSON."
        raise invalid("INVALID_RESOURCE_POLICY_JSON", text) from error
    organization.resource_policy = content
    organization.resource_policy_id = organization.resource_policy_id or new_id(
        context.world.rng, "rp-", 8
    )
    return _describe_resource_policy(context, call)


def _describe_resource_policy(context: Context, _: Invocation) -> Result:
    organization = context.organization
    if organization.resource_policy is None:
        raise ApiError(
            "ResourcePolicyNotFoundException", "The organization has no resource policy."
        )
    summary = {
        "Id": organization.resource_policy_id,
        "Arn": organization.arn("resourcepolicy", organization.resource_policy_id),
    }
    content = organization.resource_policy
    return {"ResourcePolicy": {"ResourcePolicySummary": summary, "Content": content}}


def _delete_resource_policy(context: Context, call: Invocation) -> Result:
    _describe_resource_policy(context, call)
    context.organization.resource_policy = None
    return {}


OPERATIONS = {
    "DescribeOrganization": _describe,
    "CreateOrganization": _create,
    "DeleteOrganization": _delete,
    "EnableAWSServiceAccess": _enable_access,
    "DisableAWSServiceAccess": _disable_access,
    "ListAWSServiceAccessForOrganization": _list_access,
    "RegisterDelegatedAdministrator": _register,
    "DeregisterDelegatedAdministrator": _deregister,
    "ListDelegatedAdministrators": _list_delegated,
    "ListDelegatedServicesForAccount": _list_delegated_services,
    "PutResourcePolicy": _put_resource_policy,
    "DescribeResourcePolicy": _describe_resource_policy,
    "DeleteResourcePolicy": _delete_resource_policy,
}
