"""Security Hub: hubs, standards, the organization's administrator, members.

Facts: botocore's ``securityhub`` model and the user guide: enabling brings two standards unless
told not to; a standard is INCOMPLETE while AWS Config does not record; an account that is made a
member is enabled with the default standards; under central configuration members change nothing
themselves. Findings are not simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler
from aft.sandbox.organization_services.account_service import (
    Call,
    Result,
    delegate,
    guarded,
    paged,
    undelegate,
)
from aft.sandbox.organization_services.security_hub_standards import STANDARDS_OPERATIONS
from aft.sandbox.organization_services.security_hub_state import (
    BY_DEFAULT,
    Region,
    enrol,
    new_hub,
    own_hub,
    refuse_under_policy,
    settled,
)
from aft.sandbox.organizations_backend.rules import Context

PRINCIPAL = "securityhub.amazonaws.com"


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "securityhub", _OPERATIONS, invalid="InvalidInputException")


# --- the account ----------------------------------------------------------------------------


def _enable(at: Call) -> Result:
    here = settled(at)
    if here.hub is not None:
        raise ApiError(
            "ResourceConflictException", "Account is already subscribed to Security Hub", status=409
        )
    here.hub = new_hub(at, at.params.get("ControlFindingGenerator") or "SECURITY_CONTROL")
    if at.params.get("EnableDefaultStandards", True) is not False:
        here.hub.standards.extend(BY_DEFAULT)
    return {}


def _describe(at: Call) -> Result:
    _, hub = own_hub(at)
    return {
        "HubArn": f"arn:aws:securityhub:{at.region}:{at.caller}:hub/default",
        "SubscribedAt": hub.subscribed_at,
        "AutoEnableControls": hub.auto_enable_controls,
        "ControlFindingGenerator": hub.generator,
    }


def _configure(at: Call) -> Result:
    _, hub = own_hub(at)
    refuse_under_policy(at, hub)
    if at.params.get("AutoEnableControls") is not None:
        hub.auto_enable_controls = bool(at.params["AutoEnableControls"])
    hub.generator = at.params.get("ControlFindingGenerator") or hub.generator
    return {}


def _disable(at: Call) -> Result:
    here, hub = own_hub(at)
    if hub.administrator or here.members:
        raise ApiError(
            "InvalidInputException",
            "The account must be disassociated from its administrator or members first.",
            status=400,
        )
    here.hub = None
    return {}


# --- the organization -----------------------------------------------------------------------


def _only_management(at: Call) -> None:
    if not at.is_management:
        raise ApiError(
            "AccessDeniedException",
            "Only the organization's management account may do this.",
            status=403,
        )


def _appoint(at: Call) -> Result:
    _only_management(at)
    wanted = str(at.params["AdminAccountId"])
    management = at.state(Region, at.management)
    if management.appointed not in ("", wanted):
        raise ApiError(
            "InvalidInputException",
            "Another account is the delegated administrator of this organization.",
            status=400,
        )
    if at.account(wanted) is None or wanted == at.management:
        raise ApiError("InvalidInputException", "The account cannot be appointed.", status=400)
    management.appointed = wanted
    delegate(at.context, PRINCIPAL, wanted)
    theirs = at.state(Region, wanted)
    if theirs.hub is None:
        theirs.hub = new_hub(at)
        theirs.hub.standards.extend(BY_DEFAULT)
    return {"AdminAccountId": wanted, "Feature": "SecurityHub"}


def _dismiss(at: Call) -> Result:
    _only_management(at)
    management = at.state(Region, at.management)
    if management.appointed != at.params["AdminAccountId"]:
        raise ApiError("InvalidInputException", "The account is not appointed.", status=400)
    theirs = at.state(Region, management.appointed)
    for account_id in list(theirs.members):
        _release(at, theirs, account_id)
    theirs.auto_enable, theirs.configuration = False, "LOCAL"
    undelegate(at.context, PRINCIPAL, management.appointed)
    management.appointed = ""
    return {}


def _administrators(at: Call) -> Result:
    _only_management(at)
    appointed = at.state(Region).appointed
    found = [{"AccountId": appointed, "Status": "ENABLED"}] if appointed else []
    return paged(found, at.params, name="AdminAccounts", size=10)


def _as_administrator(at: Call) -> Region:
    here, _ = own_hub(at)
    if at.state(Region, at.management).appointed != at.caller:
        raise ApiError(
            "InvalidAccessException",
            f"Account {at.caller} is not an administrator for this organization",
            status=401,
        )
    return here


def _describe_organization(at: Call) -> Result:
    here = _as_administrator(at)
    return {
        "AutoEnable": here.auto_enable,
        "MemberAccountLimitReached": False,
        "AutoEnableStandards": here.auto_enable_standards,
        "OrganizationConfiguration": {"ConfigurationType": here.configuration, "Status": "ENABLED"},
    }


def _update_organization(at: Call) -> Result:
    here = _as_administrator(at)
    wanted = (at.params.get("OrganizationConfiguration") or {}).get("ConfigurationType")
    here.configuration = wanted or here.configuration
    if here.configuration == "CENTRAL" and at.params["AutoEnable"]:
        raise ApiError(
            "InvalidInputException",
            "AutoEnable must be false when the organization is configured centrally.",
            status=400,
        )
    if bool(at.params["AutoEnable"]) != here.auto_enable:
        here.auto_enable_since = at.context.now()
    here.auto_enable = bool(at.params["AutoEnable"])
    here.auto_enable_standards = at.params.get("AutoEnableStandards") or here.auto_enable_standards
    return {}


def _release(at: Call, here: Region, account_id: str) -> None:
    del here.members[account_id]
    hub = at.state(Region, account_id).hub
    if hub is not None:
        hub.administrator = ""


# --- members --------------------------------------------------------------------------------


def _create_members(at: Call) -> Result:
    _as_administrator(at)
    refused = []
    for item in at.params["AccountDetails"]:
        account_id = str(item.get("AccountId", ""))
        problem = _problem(at, account_id)
        if problem:
            refused.append({"AccountId": account_id, "ProcessingResult": problem})
        else:
            enrol(at, at.caller, account_id, with_standards=True)
    return {"UnprocessedAccounts": refused}


def _problem(at: Call, account_id: str) -> str:
    if account_id == at.caller:
        return "the administrator account cannot be its own member"
    if at.account(account_id) is None:
        return "the account is not an active member of the organization"
    hub = at.state(Region, account_id).hub
    if account_id == at.management and hub is None:
        return "the management account must enable Security Hub itself first"
    if hub is not None and hub.administrator not in ("", at.caller):
        return "the account is a member of another administrator"
    return ""


def _member(at: Call, here: Region, account_id: str) -> dict[str, Any]:
    account = at.account(account_id)
    return {
        "AccountId": account_id,
        "Email": account.email if account else "",
        "MasterId": at.caller,
        "AdministratorId": at.caller,
        "MemberStatus": here.members[account_id],
        "UpdatedAt": at.moment,
    }


def _get_members(at: Call) -> Result:
    here, _ = own_hub(at)
    ids = at.params["AccountIds"]
    return {
        "Members": [_member(at, here, item) for item in ids if item in here.members],
        "UnprocessedAccounts": [
            {"AccountId": item, "ProcessingResult": "no such member"}
            for item in ids
            if item not in here.members
        ],
    }


def _list_members(at: Call) -> Result:
    here, _ = own_hub(at)
    return paged([_member(at, here, item) for item in here.members], at.params, name="Members")


def _delete_members(at: Call) -> Result:
    here = _as_administrator(at)
    refused = []
    for account_id in at.params["AccountIds"]:
        if account_id in here.members:
            _release(at, here, account_id)
        else:
            refused.append({"AccountId": account_id, "ProcessingResult": "no such member"})
    return {"UnprocessedAccounts": refused}


def _administrator(at: Call) -> Result:
    _, hub = own_hub(at)
    if not hub.administrator:
        return {}
    return {"Administrator": {"AccountId": hub.administrator, "MemberStatus": "Enabled"}}


_OPERATIONS = {
    **STANDARDS_OPERATIONS,
    "EnableSecurityHub": _enable,
    "DescribeHub": _describe,
    "UpdateSecurityHubConfiguration": _configure,
    "DisableSecurityHub": _disable,
    "EnableOrganizationAdminAccount": _appoint,
    "DisableOrganizationAdminAccount": _dismiss,
    "ListOrganizationAdminAccounts": _administrators,
    "DescribeOrganizationConfiguration": _describe_organization,
    "UpdateOrganizationConfiguration": _update_organization,
    "CreateMembers": _create_members,
    "GetMembers": _get_members,
    "ListMembers": _list_members,
    "DeleteMembers": _delete_members,
    "GetAdministratorAccount": _administrator,
}
