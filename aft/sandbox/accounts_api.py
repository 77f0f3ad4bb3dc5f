"""The Account Management API: names, alternate contacts, regions, root e-mail addresses.

The management account (or a delegated administrator) names a member with ``AccountId``; a member
speaks for itself without it. Region changes take virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import ServiceModel

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler, Invocation
from aft.sandbox.organizations_backend.model import MemberAccount
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.regions import region_status
from aft.sandbox.validation import violations
from aft.sandbox.world import AccountProfile, EmailChange
from aft.values.ids import EmailAddress
from aft.values.regions import ENABLED_BY_DEFAULT, OPT_IN

_SERVICE = "account.amazonaws.com"
_CONTACT_MEMBERS = ("Name", "Title", "EmailAddress", "PhoneNumber")
_MAX_REGION_CHANGES = 6  # per account at once; docs.aws.amazon.com/accounts quotas
_MAX_REGION_CHANGES_IN_ORGANIZATION = 50
_CHANGING = ("ENABLING", "DISABLING")
SANDBOX_OTP = "123456"
"""The one-time code every simulated mailbox receives."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The call and the account it is about."""

    call: Invocation
    account: MemberAccount
    profile: AccountProfile


Operation = Callable[[_Target], Mapping[str, Any]]


def _no_access(message: str) -> ApiError:
    return ApiError("AccessDeniedException", message, status=403)


def _wrong(message: str, reason: str = "fieldValidationFailed") -> ApiError:
    return ApiError("ValidationException", message, status=400, reason=reason)


def _missing(message: str) -> ApiError:
    return ApiError("ResourceNotFoundException", message, status=404)


class AccountManagement:
    """The operations; see the module."""

    def __init__(self, context: Context, model: ServiceModel) -> None:
        self._context = context
        self._model = model

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        operations: Mapping[str, Operation] = {
            "PutAccountName": self._put_name,
            "GetAccountInformation": self._information,
            "PutAlternateContact": self._put_contact,
            "GetAlternateContact": self._get_contact,
            "DeleteAlternateContact": self._delete_contact,
            "PutContactInformation": self._put_contact_information,
            "GetContactInformation": self._get_contact_information,
            "ListRegions": self._list_regions,
            "GetRegionOptStatus": self._region_status,
            "EnableRegion": self._enable_region,
            "DisableRegion": self._disable_region,
            "GetPrimaryEmail": self._primary_email,
            "StartPrimaryEmailUpdate": self._start_email_change,
            "AcceptPrimaryEmailUpdate": self._accept_email_change,
        }
        return {
            ("account", name): self._guarded(name, operation)
            for name, operation in operations.items()
        }

    def _guarded(self, name: str, operation: Operation) -> Handler:
        shape = self._model.operation_model(name).input_shape

        def run(call: Invocation) -> Mapping[str, Any]:
            found = list(violations(shape, call.params)) if shape is not None else []
            if found:
                raise _wrong("; ".join(item.message for item in found))
            account = self._account(call)
            profile = self._context.world.account_profile(account.id)
            return operation(_Target(call, account, profile))

        return run

    def _account(self, call: Invocation) -> MemberAccount:
        organization = self._context.organization
        caller, wanted = call.caller.account_id, call.params.get("AccountId")
        if wanted is None:
            return organization.accounts[caller]
        delegated = _SERVICE in organization.delegated.get(caller, {})
        if caller != organization.management_account_id and not delegated:
            raise _no_access(
                "Only the management account or a delegated administrator may name an account."
            )
        if _SERVICE not in organization.trusted_services:
            raise _no_access(f"Trusted access for {_SERVICE} is not enabled.")
        if wanted == organization.management_account_id:
            raise _no_access(
                "The management account can't be named; it calls without AccountId for itself."
            )
        account = organization.accounts.get(str(wanted))
        if account is None:
            raise _no_access("The account is not a member of your organization.")
        if account.state not in ("ACTIVE", "PENDING_ACTIVATION"):
            raise _no_access("The account is closed.")
        return account

    # --- name and e-mail ----------------------------------------------------------------

    def _put_name(self, at: _Target) -> Mapping[str, Any]:
        at.account.name = str(at.call.params["AccountName"])
        return {}

    def _information(self, at: _Target) -> Mapping[str, Any]:
        return {
            "AccountId": at.account.id,
            "AccountName": at.account.name,
            "AccountCreatedDate": datetime.fromtimestamp(at.account.joined_at, UTC),
            "AccountState": at.account.state,
        }

    def _primary_email(self, at: _Target) -> Mapping[str, Any]:
        return {"PrimaryEmail": at.account.email}

    def _start_email_change(self, at: _Target) -> Mapping[str, Any]:
        email = str(at.call.params["PrimaryEmail"])
        if problem := EmailAddress.problem_of(email):
            raise _wrong(f"{email!r} is not a valid e-mail address: expected {problem}.")
        if email.casefold() in self._context.organization.emails:
            raise ApiError(
                "ConflictException", "The e-mail address is in use by another account.", status=409
            )
        at.profile.email_change = EmailChange(new_email=email, otp=SANDBOX_OTP)
        return {"Status": "PENDING"}

    def _accept_email_change(self, at: _Target) -> Mapping[str, Any]:
        change = at.profile.email_change
        if change is None or change.new_email != at.call.params["PrimaryEmail"]:
            raise _missing("No change to this e-mail address is under way.")
        if change.otp != at.call.params["Otp"]:
            raise _wrong("The one-time code is wrong.")
        emails = self._context.organization.emails
        del emails[at.account.email.casefold()]
        at.account.email = change.new_email
        emails[at.account.email.casefold()] = at.account.id
        at.profile.email_change = None
        return {"Status": "ACCEPTED"}

    # --- contacts -----------------------------------------------------------------------

    def _put_contact(self, at: _Target) -> Mapping[str, Any]:
        kind = str(at.call.params["AlternateContactType"])
        at.profile.contacts[kind] = {name: str(at.call.params[name]) for name in _CONTACT_MEMBERS}
        return {}

    def _get_contact(self, at: _Target) -> Mapping[str, Any]:
        kind = str(at.call.params["AlternateContactType"])
        if kind not in at.profile.contacts:
            raise _missing("No contact of the inputted alternate contact type found.")
        return {"AlternateContact": {**at.profile.contacts[kind], "AlternateContactType": kind}}

    def _delete_contact(self, at: _Target) -> Mapping[str, Any]:
        kind = str(at.call.params["AlternateContactType"])
        if at.profile.contacts.pop(kind, None) is None:
            raise _missing("No contact of the inputted alternate contact type found.")
        return {}

    def _put_contact_information(self, at: _Target) -> Mapping[str, Any]:
        given = at.call.params["ContactInformation"]
        at.profile.contact_information = {name: str(value) for name, value in given.items()}
        return {}

    def _get_contact_information(self, at: _Target) -> Mapping[str, Any]:
        if at.profile.contact_information is None:
            raise _missing("The account has no contact information.")
        return {"ContactInformation": at.profile.contact_information}

    # --- regions ------------------------------------------------------------------------

    def _status(self, profile: AccountProfile, region: str) -> str:
        return region_status(profile.regions, region, now=self._context.now())

    def _list_regions(self, at: _Target) -> Mapping[str, Any]:
        wanted = at.call.params.get("RegionOptStatusContains") or []
        names = sorted((*ENABLED_BY_DEFAULT, *OPT_IN))
        found = [
            {"RegionName": name, "RegionOptStatus": self._status(at.profile, name)}
            for name in names
        ]
        found = [item for item in found if not wanted or item["RegionOptStatus"] in wanted]
        after = str(at.call.params.get("NextToken") or "")
        found = [item for item in found if item["RegionName"] > after]
        size = int(at.call.params.get("MaxResults") or 50)
        if len(found) > size:
            return {"Regions": found[:size], "NextToken": found[size - 1]["RegionName"]}
        return {"Regions": found}

    def _known(self, at: _Target) -> str:
        region = str(at.call.params["RegionName"])
        if region not in ENABLED_BY_DEFAULT and region not in OPT_IN:
            raise _wrong(f"{region!r} is not a region.")
        return region

    def _region_status(self, at: _Target) -> Mapping[str, Any]:
        region = self._known(at)
        return {"RegionName": region, "RegionOptStatus": self._status(at.profile, region)}

    def _enable_region(self, at: _Target) -> Mapping[str, Any]:
        return self._change_region(at, going="ENABLING", done="ENABLED")

    def _disable_region(self, at: _Target) -> Mapping[str, Any]:
        return self._change_region(at, going="DISABLING", done="DISABLED")

    def _change_region(self, at: _Target, *, going: str, done: str) -> Mapping[str, Any]:
        region = self._known(at)
        if region in ENABLED_BY_DEFAULT:
            raise _wrong(f"{region} is enabled by default and cannot be changed.", "invalidRegion")
        status = self._status(at.profile, region)
        if status in (going, done):
            return {}
        if status in _CHANGING:
            raise ApiError("ConflictException", f"{region} is {status}.", status=409)
        if self._changing(at.profile) >= _MAX_REGION_CHANGES:
            raise ApiError(
                "TooManyRequestsException",
                f"{_MAX_REGION_CHANGES} region changes are in progress in this account.",
                status=429,
            )
        everywhere = sum(self._changing(item) for item in self._context.world.profiles.values())
        if everywhere >= _MAX_REGION_CHANGES_IN_ORGANIZATION:
            raise ApiError(
                "TooManyRequestsException",
                f"{everywhere} region changes are in progress in this organization.",
                status=429,
            )
        ready_at = self._context.now() + self._context.world.behaviour.region_opt_seconds
        at.profile.regions[region] = (going, ready_at)
        return {}

    def _changing(self, profile: AccountProfile) -> int:
        return sum(1 for name in profile.regions if self._status(profile, name) in _CHANGING)
