"""Security Hub: hubs, standards, the organization's administrator, members.

Facts: botocore's ``securityhub`` model and the user guide: enabling brings two standards unless
told not to; a standard is INCOMPLETE while AWS Config does not record; an account that is made a
member is enabled with the default standards; under central configuration members change nothing
themselves. Findings are not simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.config.models import config_backends

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler
from aft.sandbox.organization_services.desk import (
    Call,
    Result,
    delegate,
    guarded,
    paged,
    undelegate,
)
from aft.sandbox.organizations_backend.rules import Context

PRINCIPAL = "securityhub.amazonaws.com"
_BEST_PRACTICES = "standards/aws-foundational-security-best-practices/v/1.0.0"
_CIS = "ruleset/cis-aws-foundations-benchmark/v/1.2.0"
_STANDARDS: Mapping[str, str] = {
    _BEST_PRACTICES: "AWS Foundational Security Best Practices v1.0.0",
    "standards/aws-resource-tagging-standard/v/1.0.0": "AWS Resource Tagging Standard v1.0.0",
    _CIS: "CIS AWS Foundations Benchmark v1.2.0",
    "standards/cis-aws-foundations-benchmark/v/1.4.0": "CIS AWS Foundations Benchmark v1.4.0",
    "standards/cis-aws-foundations-benchmark/v/3.0.0": "CIS AWS Foundations Benchmark v3.0.0",
    "standards/nist-800-53/v/5.0.0": "NIST Special Publication 800-53 Revision 5",
    "standards/pci-dss/v/3.2.1": "PCI DSS v3.2.1",
}
_BY_DEFAULT = (_BEST_PRACTICES, _CIS)


@dataclass(slots=True, kw_only=True)
class Hub:
    """An enabled Security Hub; ``standards`` are ends of ARNs."""

    subscribed_at: str
    generator: str
    auto_enable_controls: bool = True
    standards: list[str] = field(default_factory=list)
    administrator: str = ""


@dataclass(slots=True, kw_only=True)
class Region:
    """One account's Security Hub in one region: as an account, and as an administrator."""

    hub: Hub | None = None
    members: dict[str, str] = field(default_factory=dict)
    """Account id to MemberStatus."""
    auto_enable: bool = False
    auto_enable_standards: str = "DEFAULT"
    auto_enable_since: float = 0.0
    configuration: str = "LOCAL"
    appointed: str = ""
    """In the management account's: who is the administrator."""


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "securityhub", _OPERATIONS, invalid="InvalidInputException")


def _no_access(at: Call) -> ApiError:
    return ApiError(
        "InvalidAccessException",
        f"Account {at.caller} is not subscribed to AWS Security Hub",
        status=401,
    )


def _arn(at: Call, tail: str) -> str:
    region = "" if tail.startswith("ruleset/") else at.region
    return f"arn:aws:securityhub:{region}::{tail}"


# --- the account ----------------------------------------------------------------------------


def _enable(at: Call) -> Result:
    here = _settled(at)
    if here.hub is not None:
        raise ApiError(
            "ResourceConflictException", "Account is already subscribed to Security Hub", status=409
        )
    here.hub = _new_hub(at, at.params.get("ControlFindingGenerator") or "SECURITY_CONTROL")
    if at.params.get("EnableDefaultStandards", True) is not False:
        here.hub.standards.extend(_BY_DEFAULT)
    return {}


def _new_hub(at: Call, generator: str = "SECURITY_CONTROL") -> Hub:
    return Hub(subscribed_at=at.moment.isoformat(), generator=generator)


def _own(at: Call) -> tuple[Region, Hub]:
    here = _settled(at)
    if here.hub is None:
        raise _no_access(at)
    return here, here.hub


def _describe(at: Call) -> Result:
    _, hub = _own(at)
    return {
        "HubArn": f"arn:aws:securityhub:{at.region}:{at.caller}:hub/default",
        "SubscribedAt": hub.subscribed_at,
        "AutoEnableControls": hub.auto_enable_controls,
        "ControlFindingGenerator": hub.generator,
    }


def _configure(at: Call) -> Result:
    _, hub = _own(at)
    _refuse_under_policy(at, hub)
    if at.params.get("AutoEnableControls") is not None:
        hub.auto_enable_controls = bool(at.params["AutoEnableControls"])
    hub.generator = at.params.get("ControlFindingGenerator") or hub.generator
    return {}


def _disable(at: Call) -> Result:
    here, hub = _own(at)
    if hub.administrator or here.members:
        raise ApiError(
            "InvalidInputException",
            "The account must be disassociated from its administrator or members first.",
            status=400,
        )
    here.hub = None
    return {}


def _refuse_under_policy(at: Call, hub: Hub) -> None:
    if hub.administrator and at.state(Region, hub.administrator).configuration == "CENTRAL":
        raise ApiError(
            "AccessDeniedException",
            "The account is centrally managed; only its administrator may change this.",
            status=403,
        )


# --- standards ------------------------------------------------------------------------------


def _subscription(at: Call, standard: str) -> dict[str, Any]:
    name, version = standard.split("/", 1)[1].split("/v/")
    entry: dict[str, Any] = {
        "StandardsSubscriptionArn": f"arn:aws:securityhub:{at.region}:{at.caller}:subscription/"
        f"{name}/v/{version}",
        "StandardsArn": _arn(at, standard),
        "StandardsInput": {},
        "StandardsStatus": "READY",
        "StandardsControlsUpdatable": "READY_FOR_UPDATES",
    }
    recorders = config_backends[at.caller][at.region].recorders.values()
    if not any(item.status.recording for item in recorders):
        entry["StandardsStatus"] = "INCOMPLETE"
        code = "NO_AVAILABLE_CONFIGURATION_RECORDER"
        entry["StandardsStatusReason"] = {"StatusReasonCode": code}
    return entry


def _enable_standards(at: Call) -> Result:
    _, hub = _own(at)
    _refuse_under_policy(at, hub)
    by_arn = {_arn(at, item): item for item in _STANDARDS}
    wanted = [item["StandardsArn"] for item in at.params["StandardsSubscriptionRequests"]]
    for arn in wanted:
        if arn not in by_arn:
            raise ApiError("InvalidInputException", f"Invalid StandardsArn: {arn}", status=400)
    hub.standards.extend(by_arn[arn] for arn in wanted if by_arn[arn] not in hub.standards)
    found = [_subscription(at, by_arn[arn]) for arn in wanted]
    return {"StandardsSubscriptions": [{**item, "StandardsStatus": "PENDING"} for item in found]}


def _disable_standards(at: Call) -> Result:
    _, hub = _own(at)
    _refuse_under_policy(at, hub)
    by_arn = {_subscription(at, item)["StandardsSubscriptionArn"]: item for item in hub.standards}
    gone = []
    for arn in at.params["StandardsSubscriptionArns"]:
        if arn not in by_arn:
            raise ApiError("InvalidInputException", f"Invalid subscription: {arn}", status=400)
        gone.append({**_subscription(at, by_arn[arn]), "StandardsStatus": "DELETING"})
        hub.standards.remove(by_arn[arn])
    return {"StandardsSubscriptions": gone}


def _enabled_standards(at: Call) -> Result:
    _, hub = _own(at)
    found = [_subscription(at, item) for item in hub.standards]
    wanted = at.params.get("StandardsSubscriptionArns")
    found = [item for item in found if not wanted or item["StandardsSubscriptionArn"] in wanted]
    return paged(found, at.params, name="StandardsSubscriptions", size=100)


def _standards(at: Call) -> Result:
    _own(at)
    found = [
        {
            "StandardsArn": _arn(at, item),
            "Name": name,
            "Description": name,
            "EnabledByDefault": item in _BY_DEFAULT,
            "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
        }
        for item, name in _STANDARDS.items()
    ]
    return paged(found, at.params, name="Standards", size=5)


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
        theirs.hub = _new_hub(at)
        theirs.hub.standards.extend(_BY_DEFAULT)
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
    here, _ = _own(at)
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


def _settled(at: Call) -> Region:
    """The caller's state after automatic enabling has done its part."""
    administrator = at.state(Region, at.management).appointed
    admin = at.state(Region, administrator) if administrator else None
    if admin is not None and admin.auto_enable:
        for account in at.context.organization.accounts.values():
            if account.id in (administrator, at.management) or account.state != "ACTIVE":
                continue
            if account.id not in admin.members and account.joined_at > admin.auto_enable_since:
                with_standards = admin.auto_enable_standards == "DEFAULT"
                _enrol(at, administrator, account.id, with_standards=with_standards)
    return at.state(Region)


def _enrol(at: Call, administrator: str, account_id: str, *, with_standards: bool) -> None:
    theirs = at.state(Region, account_id)
    if theirs.hub is None:
        theirs.hub = _new_hub(at)
        if with_standards:
            theirs.hub.standards.extend(_BY_DEFAULT)
    theirs.hub.administrator = administrator
    at.state(Region, administrator).members[account_id] = "Enabled"


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
            _enrol(at, at.caller, account_id, with_standards=True)
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
    here, _ = _own(at)
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
    here, _ = _own(at)
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
    _, hub = _own(at)
    if not hub.administrator:
        return {}
    return {"Administrator": {"AccountId": hub.administrator, "MemberStatus": "Enabled"}}


_OPERATIONS = {
    "EnableSecurityHub": _enable,
    "DescribeHub": _describe,
    "UpdateSecurityHubConfiguration": _configure,
    "DisableSecurityHub": _disable,
    "BatchEnableStandards": _enable_standards,
    "BatchDisableStandards": _disable_standards,
    "GetEnabledStandards": _enabled_standards,
    "DescribeStandards": _standards,
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
