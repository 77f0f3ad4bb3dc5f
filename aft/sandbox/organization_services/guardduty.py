"""GuardDuty: detectors, the organization's administrator, members, automatic enabling.

Facts: botocore's ``guardduty`` model and the user guide, "Managing accounts with AWS
Organizations": one detector an account and region; appointing switches the administrator's on;
accounts of the organization become members without an invitation; members can neither switch off
nor change their plans. Accounts outside the organization cannot be members here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
from aft.sandbox.organizations_backend.rules import Context

PRINCIPAL = "guardduty.amazonaws.com"
_SOURCES = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
_ON_AT_FIRST = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
)
_OFF_AT_FIRST = ("EKS_RUNTIME_MONITORING", "RUNTIME_MONITORING")
_MOST_ACCOUNTS = 50


@dataclass(slots=True, kw_only=True)
class Detector:
    """A detector; ``administrator`` is the account it answers to, if any."""

    id: str
    created_at: float
    enabled: bool = True
    frequency: str = "SIX_HOURS"
    features: dict[str, bool] = field(default_factory=dict)
    administrator: str = ""


@dataclass(slots=True, kw_only=True)
class Region:
    """One account's GuardDuty in one region: as an account, and as an administrator."""

    detector: Detector | None = None
    members: dict[str, str] = field(default_factory=dict)
    """Account id to RelationshipStatus."""
    auto_enable: str = "NONE"
    auto_enable_since: float = 0.0
    auto_features: dict[str, str] = field(default_factory=dict)
    appointed: str = ""
    """In the management account's: who is the administrator."""


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "guardduty", _OPERATIONS, invalid="BadRequestException")


def _wrong(message: str) -> ApiError:
    return ApiError("BadRequestException", f"The request is rejected because {message}", status=400)


# --- detectors ------------------------------------------------------------------------------


def _create(at: Call) -> Result:
    here = _settled(at)
    if here.detector is not None:
        raise _wrong("a detector already exists for the current account.")
    here.detector = _new_detector(at, enabled=bool(at.params["Enable"]))
    _update_from(here.detector, at.params)
    return {"DetectorId": here.detector.id}


def _new_detector(at: Call, *, enabled: bool = True) -> Detector:
    features = dict.fromkeys(_ON_AT_FIRST, True) | dict.fromkeys(_OFF_AT_FIRST, False)
    return Detector(id=at.new_id(), created_at=at.context.now(), enabled=enabled, features=features)


def _update_from(detector: Detector, params: Mapping[str, Any]) -> None:
    detector.frequency = params.get("FindingPublishingFrequency") or detector.frequency
    for item in params.get("Features") or ():
        detector.features[item["Name"]] = item["Status"] == "ENABLED"


def _list(at: Call) -> Result:
    here = _settled(at)
    return paged([here.detector.id] if here.detector else [], at.params, name="DetectorIds")


def _own(at: Call) -> tuple[Region, Detector]:
    here = _settled(at)
    detector = here.detector
    if detector is None or detector.id != at.params["DetectorId"]:
        raise _wrong("the input detectorId is not owned by the current account.")
    return here, detector


def _get(at: Call) -> Result:
    _, detector = _own(at)
    moment = datetime.fromtimestamp(detector.created_at, UTC)
    features = {**dict.fromkeys(_SOURCES, detector.enabled), **detector.features}
    return {
        "CreatedAt": moment.isoformat(),
        "UpdatedAt": moment.isoformat(),
        "FindingPublishingFrequency": detector.frequency,
        "ServiceRole": f"arn:aws:iam::{at.caller}:role/aws-service-role/{PRINCIPAL}/"
        "AWSServiceRoleForAmazonGuardDuty",
        "Status": "ENABLED" if detector.enabled else "DISABLED",
        "Tags": {},
        "Features": [
            {"Name": name, "Status": "ENABLED" if is_on else "DISABLED", "UpdatedAt": moment}
            for name, is_on in sorted(features.items())
        ],
    }


def _update(at: Call) -> Result:
    _, detector = _own(at)
    if detector.administrator:
        raise _wrong("member accounts cannot change the detector; their administrator does.")
    if at.params.get("Enable") is not None:
        detector.enabled = bool(at.params["Enable"])
    _update_from(detector, at.params)
    return {}


def _delete(at: Call) -> Result:
    here, detector = _own(at)
    if detector.administrator:
        raise _wrong("the detector of a member account cannot be deleted.")
    if any(status == "Enabled" for status in here.members.values()):
        raise _wrong("the current account has associated members.")
    here.detector = None
    return {}


# --- the organization -----------------------------------------------------------------------


def _appoint(at: Call) -> Result:
    _only_management(at)
    wanted = str(at.params["AdminAccountId"])
    management = at.state(Region, at.management)
    if management.appointed not in ("", wanted):
        raise _wrong("another account is the delegated administrator of this organization.")
    if at.account(wanted) is None or wanted == at.management:
        raise _wrong("the account cannot be the delegated administrator of this organization.")
    management.appointed = wanted
    delegate(at.context, PRINCIPAL, wanted)
    theirs = at.state(Region, wanted)
    theirs.detector = theirs.detector or _new_detector(at)
    return {}


def _dismiss(at: Call) -> Result:
    _only_management(at)
    management = at.state(Region, at.management)
    if management.appointed != at.params["AdminAccountId"]:
        raise _wrong("the account is not the delegated administrator of this organization.")
    theirs = at.state(Region, management.appointed)
    for account_id in theirs.members:
        detector = at.state(Region, account_id).detector
        if detector is not None:
            detector.administrator = ""
    theirs.members.clear()
    theirs.auto_enable = "NONE"
    undelegate(at.context, PRINCIPAL, management.appointed)
    management.appointed = ""
    return {}


def _only_management(at: Call) -> None:
    if not at.is_management:
        raise _wrong("only the organization's management account may do this.")


def _administrators(at: Call) -> Result:
    _only_management(at)
    appointed = at.state(Region).appointed
    found = [{"AdminAccountId": appointed, "AdminStatus": "ENABLED"}] if appointed else []
    return paged(found, at.params, name="AdminAccounts")


def _as_administrator(at: Call) -> Region:
    here, _ = _own(at)
    if at.state(Region, at.management).appointed != at.caller:
        raise _wrong("the current account is not the delegated administrator.")
    return here


def _describe_organization(at: Call) -> Result:
    here = _as_administrator(at)
    return {
        "AutoEnable": here.auto_enable != "NONE",
        "AutoEnableOrganizationMembers": here.auto_enable,
        "MemberAccountLimitReached": False,
        "Features": [
            {"Name": name, "AutoEnable": here.auto_features.get(name, "NONE")}
            for name in (*_ON_AT_FIRST, *_OFF_AT_FIRST)
        ],
    }


def _update_organization(at: Call) -> Result:
    here = _as_administrator(at)
    wanted = at.params.get("AutoEnableOrganizationMembers")
    if wanted is not None and wanted != here.auto_enable:
        here.auto_enable, here.auto_enable_since = str(wanted), at.context.now()
    for item in at.params.get("Features") or ():
        here.auto_features[item["Name"]] = item["AutoEnable"]
    return {}


def _settled(at: Call) -> Region:
    """The caller's state after automatic enabling has done its part."""
    administrator = at.state(Region, at.management).appointed
    admin = at.state(Region, administrator) if administrator else None
    if admin is not None and admin.auto_enable != "NONE":
        for account in at.context.organization.accounts.values():
            is_new = account.joined_at > admin.auto_enable_since
            if account.id in (administrator, at.management) or account.state != "ACTIVE":
                continue
            if account.id not in admin.members and (admin.auto_enable == "ALL" or is_new):
                _enrol(at, administrator, account.id)
    return at.state(Region)


def _enrol(at: Call, administrator: str, account_id: str) -> None:
    admin, theirs = at.state(Region, administrator), at.state(Region, account_id)
    if theirs.detector is None:
        theirs.detector = _new_detector(at)
        for name, value in admin.auto_features.items():
            theirs.detector.features[name] = value != "NONE"
    theirs.detector.enabled = True
    theirs.detector.administrator = administrator
    admin.members[account_id] = "Enabled"


# --- members --------------------------------------------------------------------------------


def _create_members(at: Call) -> Result:
    _as_administrator(at)
    details = at.params["AccountDetails"]
    if len(details) > _MOST_ACCOUNTS:
        raise _wrong(f"at most {_MOST_ACCOUNTS} accounts may be given.")
    refused = []
    for item in details:
        account_id = item["AccountId"]
        problem = _problem(at, account_id)
        if problem:
            refused.append({"AccountId": account_id, "Result": problem})
        else:
            _enrol(at, at.caller, account_id)
    return {"UnprocessedAccounts": refused}


def _problem(at: Call, account_id: str) -> str:
    if account_id == at.caller:
        return "the administrator account cannot be its own member"
    if at.account(account_id) is None:
        return "the account is not an active member of the organization"
    detector = at.state(Region, account_id).detector
    if account_id == at.management and detector is None:
        return "the management account must enable GuardDuty itself first"
    if detector is not None and detector.administrator not in ("", at.caller):
        return "the account is a member of another administrator"
    return ""


def _get_members(at: Call) -> Result:
    here, _ = _own(at)
    ids = at.params["AccountIds"]
    return {
        "Members": [_member(at, here, item) for item in ids if item in here.members],
        "UnprocessedAccounts": [
            {"AccountId": item, "Result": "the account is not a member of this account"}
            for item in ids
            if item not in here.members
        ],
    }


def _list_members(at: Call) -> Result:
    here = _as_administrator(at)
    return paged([_member(at, here, item) for item in here.members], at.params, name="Members")


def _member(at: Call, here: Region, account_id: str) -> dict[str, Any]:
    account = at.account(account_id)
    detector = at.state(Region, account_id).detector
    return {
        "AccountId": account_id,
        "DetectorId": detector.id if detector else None,
        "MasterId": at.caller,
        "AdministratorId": at.caller,
        "Email": account.email if account else "closed@example.com",
        "RelationshipStatus": here.members[account_id],
        "UpdatedAt": at.moment.isoformat(),
    }


def _each_member(at: Call, change: Any) -> Result:
    here = _as_administrator(at)
    refused = []
    for account_id in at.params["AccountIds"]:
        detector = at.state(Region, account_id).detector
        if account_id not in here.members or detector is None:
            text = "the account is not a member of this account"
            refused.append({"AccountId": account_id, "Result": text})
        else:
            change(here, account_id, detector)
    return {"UnprocessedAccounts": refused}


def _start(at: Call) -> Result:
    def change(here: Region, account_id: str, detector: Detector) -> None:
        here.members[account_id], detector.enabled = "Enabled", True

    return _each_member(at, change)


def _stop(at: Call) -> Result:
    def change(here: Region, account_id: str, detector: Detector) -> None:
        here.members[account_id], detector.enabled = "Disabled", False

    return _each_member(at, change)


def _update_members(at: Call) -> Result:
    def change(_: Region, __: str, detector: Detector) -> None:
        _update_from(detector, at.params)

    return _each_member(at, change)


def _disassociate(at: Call) -> Result:
    def change(here: Region, account_id: str, detector: Detector) -> None:
        here.members[account_id], detector.administrator = "Removed", ""

    return _each_member(at, change)


def _delete_members(at: Call) -> Result:
    def change(here: Region, account_id: str, detector: Detector) -> None:
        del here.members[account_id]
        detector.administrator = ""

    return _each_member(at, change)


def _administrator(at: Call) -> Result:
    _, detector = _own(at)
    if not detector.administrator:
        return {"Administrator": {}}
    return {
        "Administrator": {
            "AccountId": detector.administrator,
            "RelationshipStatus": "Enabled" if detector.enabled else "Disabled",
        }
    }


_OPERATIONS = {
    "CreateDetector": _create,
    "ListDetectors": _list,
    "GetDetector": _get,
    "UpdateDetector": _update,
    "DeleteDetector": _delete,
    "EnableOrganizationAdminAccount": _appoint,
    "DisableOrganizationAdminAccount": _dismiss,
    "ListOrganizationAdminAccounts": _administrators,
    "DescribeOrganizationConfiguration": _describe_organization,
    "UpdateOrganizationConfiguration": _update_organization,
    "CreateMembers": _create_members,
    "GetMembers": _get_members,
    "ListMembers": _list_members,
    "StartMonitoringMembers": _start,
    "StopMonitoringMembers": _stop,
    "UpdateMemberDetectors": _update_members,
    "DisassociateMembers": _disassociate,
    "DeleteMembers": _delete_members,
    "GetAdministratorAccount": _administrator,
}
