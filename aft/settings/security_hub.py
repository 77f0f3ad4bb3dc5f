"""Baseline setting ``security-hub``: Security Hub is on, with the standards wanted. Regional.

AWS (Security Hub User Guide, "Integrating with AWS Organizations", "Enabling standards"; API
``EnableSecurityHub``, ``CreateMembers``): enabling Security Hub also enables two default standards,
unless the call disables this. Standards are enabled asynchronously and need AWS Config; without a
recorder a standard is ``INCOMPLETE`` (``NO_AVAILABLE_CONFIGURATION_RECORDER``), which is not an
error here: list ``config-recorder`` first. The management account designates the administrator in
each region. Accounts of the organization become members with ``CreateMembers``, without an
invitation, which enables Security Hub and the default standards where they were disabled. With
*central configuration*, the administrator's configuration policies determine the standards, and
members cannot change them: then only membership is managed.

Standards that are on and not listed stay on.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Routine, Weaker
from aft.baselines.model import SettingInputs
from aft.errors import Conflict, Denied, NotFound, Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.administrator import Administered, AdministeredParameters, Part
from aft.settings.shapes.setting import Differences

if TYPE_CHECKING:
    from types_boto3_securityhub import SecurityHubClient

BEST_PRACTICES = "standards/aws-foundational-security-best-practices/v/1.0.0"
_ON = frozenset({"PENDING", "READY", "INCOMPLETE"})


class SecurityHubParameters(AdministeredParameters):
    """Parameters of ``security-hub``."""

    weakens: ClassVar[Directions] = {
        "standards": Weaker.REMOVAL,
        "auto_enable_controls": Weaker.OFF,
        "findings_per": Routine("the same findings, counted in another way"),
    }

    standards: tuple[
        Annotated[str, Field(pattern=r"^(standards|ruleset)/[a-z0-9-]+/v/[0-9.]+$")], ...
    ] = Field(
        default=(BEST_PRACTICES,),
        description="Standards to enable, by the end of their ARN, such as "
        "`standards/cis-aws-foundations-benchmark/v/3.0.0`.",
    )
    auto_enable_controls: bool = Field(
        default=True, description="Enable new controls of enabled standards as AWS adds them."
    )
    findings_per: Literal["SECURITY_CONTROL", "STANDARD_CONTROL"] = Field(
        default="SECURITY_CONTROL",
        description="One finding per control, or one per control and standard.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedHub:
    """``standards`` maps the end of a standard's ARN to its status, ``available`` to its ARN; what
    follows is read in the administrator's account, or of it."""

    enabled: bool
    auto_enable_controls: bool = False
    findings_per: str = ""
    standards: Mapping[str, str] = field(default_factory=dict)
    available: Mapping[str, str] = field(default_factory=dict)
    appointed: str = ""
    new_accounts_join: bool = False
    administrator_is_ready: bool = False
    is_central: bool = False
    membership: str = ""
    member_of: str = ""


Inputs = SettingInputs[SecurityHubParameters]


class SecurityHub(Administered[SecurityHubParameters, ObservedHub]):
    """Security Hub checks the account against the standards."""

    name = "security-hub"
    comes_after = ("config-recorder",)  # which standards need
    description = "Security Hub and its standards, standalone or with an administrator account."
    stays = "Security Hub stays enabled"
    service = "Security Hub"

    def service_client(self, session: AccountSession, region: str | None) -> SecurityHubClient:
        return session.client("securityhub", region)

    def bills_for(self, parameters: SecurityHubParameters) -> str:
        return "security checks and findings, by number" if parameters.standards else ""

    def read(self, inputs: Inputs, session: AccountSession) -> ObservedHub:
        own = self.service_client(session, inputs.region)
        found = _hub(own)
        if found["enabled"] and inputs.parameters.standards:
            found["standards"] = _enabled_standards(own)
            if not set(inputs.parameters.standards) <= found["standards"].keys():
                found["available"] = _available_standards(own)
        part = self.part(inputs)
        if part is Part.ADMINISTRATOR:
            found["appointed"] = self.appointed(inputs, session)
            if found["appointed"] == session.account_id and found["enabled"]:
                configuration = own.describe_organization_configuration()
                found["new_accounts_join"] = bool(configuration.get("AutoEnable"))
                found["is_central"] = _is_central(configuration)
        elif part is Part.MEMBER:
            admin = self.service_client(session.of(self.administrator(inputs)), inputs.region)
            found |= _as_member(own, admin, session.account_id, is_on=found["enabled"])
        return ObservedHub(**found)

    def differences(self, inputs: Inputs, observed: ObservedHub) -> Differences:
        wanted, part = inputs.parameters, self.part(inputs)
        found = self.standing(inputs, observed.appointed, observed.membership)
        if part is Part.ADMINISTRATOR:
            joins = observed.new_accounts_join or observed.is_central
            found.append(("auto-enabling", joins, True))
        found.append(("", observed.enabled, True))
        if part is Part.MEMBER and observed.is_central:
            return self.unequal(inputs, found)
        if observed.enabled:
            auto = observed.auto_enable_controls, wanted.auto_enable_controls
            found.append(("auto-enabling of controls", *auto))
            found.append(("findings per", observed.findings_per, wanted.findings_per))
        found += [
            (f"standard {name}", observed.standards.get(name, "off"), "on")
            for name in _missing(wanted, observed)
        ]
        return self.unequal(inputs, found)

    def fix(self, inputs: Inputs, observed: ObservedHub, session: AccountSession) -> None:
        part = self.part(inputs)
        own = self.service_client(session, inputs.region)
        if part is Part.MEMBER and observed.membership != "Enabled":
            self._join(inputs, observed, session)
        if part is Part.MEMBER and observed.is_central:
            return
        if not observed.enabled:
            _enable(own, inputs.parameters)
        if part is Part.ADMINISTRATOR:
            self.appoint(inputs, observed.appointed, session)
            if not (observed.new_accounts_join or observed.is_central):
                own.update_organization_configuration(AutoEnable=True, AutoEnableStandards="NONE")
        own.update_security_hub_configuration(
            AutoEnableControls=inputs.parameters.auto_enable_controls,
            ControlFindingGenerator=inputs.parameters.findings_per,
        )
        _enable_standards(own, inputs, observed)

    def _join(self, inputs: Inputs, observed: ObservedHub, session: AccountSession) -> None:
        missing = "" if observed.administrator_is_ready else "Security Hub"
        self.refuse_joining(inputs, observed.member_of, missing=missing)
        if not observed.enabled and not observed.is_central:
            # First by ourselves: CreateMembers would switch the default standards on, too.
            _enable(self.service_client(session, inputs.region), inputs.parameters)
        admin = self.service_client(session.of(self.administrator(inputs)), inputs.region)
        answer = admin.create_members(
            AccountDetails=[{"AccountId": session.account_id, "Email": inputs.account.email}]
        )
        self.refuse_unprocessed(inputs, answer)


def _hub(client: SecurityHubClient) -> dict[str, Any]:
    """``DescribeHub`` where there is no hub is NotFound, or InvalidAccess in young accounts."""
    try:
        hub = client.describe_hub()
    except (Denied, NotFound, Terminal) as error:
        if not isinstance(error, NotFound) and error.code != "InvalidAccessException":
            raise
        return {"enabled": False}
    return {
        "enabled": True,
        "auto_enable_controls": bool(hub.get("AutoEnableControls", False)),
        "findings_per": hub.get("ControlFindingGenerator", "STANDARD_CONTROL"),
    }


def _end(arn: str) -> str:
    return arn.split(":", 5)[-1].lstrip(":")


def _enabled_standards(client: SecurityHubClient) -> Mapping[str, str]:
    pages = client.get_paginator("get_enabled_standards").paginate()
    found = (item for page in pages for item in page["StandardsSubscriptions"])
    return {_end(item["StandardsArn"]): item["StandardsStatus"] for item in found}


def _available_standards(client: SecurityHubClient) -> Mapping[str, str]:
    pages = client.get_paginator("describe_standards").paginate()
    found = (item["StandardsArn"] for page in pages for item in page["Standards"])
    return {_end(arn): arn for arn in found}


def _as_member(
    own: SecurityHubClient, admin: SecurityHubClient, account_id: str, *, is_on: bool
) -> dict[str, Any]:
    if not _hub(admin)["enabled"]:
        return {}
    try:
        is_central = _is_central(admin.describe_organization_configuration())
    except (Denied, Terminal) as error:
        if isinstance(error, Denied) and error.lacks:
            raise
        is_central = False  # not the delegated administrator (or no longer): joining will tell
    members = admin.get_members(AccountIds=[account_id]).get("Members", ())
    membership = next((item["MemberStatus"] for item in members), "")
    member_of = ""
    if membership != "Enabled" and is_on:
        with suppress(NotFound):
            above = own.get_administrator_account().get("Administrator") or {}
            member_of = above.get("AccountId", "")
    return {
        "administrator_is_ready": True,
        "is_central": is_central,
        "membership": membership,
        "member_of": member_of,
    }


def _is_central(answer: Mapping[str, Any]) -> bool:
    configuration = answer.get("OrganizationConfiguration") or {}
    return configuration.get("ConfigurationType") == "CENTRAL"


def _enable(own: SecurityHubClient, parameters: SecurityHubParameters) -> None:
    with suppress(Conflict):  # another (auto-enabling, say) was faster
        own.enable_security_hub(
            EnableDefaultStandards=False, ControlFindingGenerator=parameters.findings_per
        )


def _missing(wanted: SecurityHubParameters, observed: ObservedHub) -> list[str]:
    """The standards that are not on."""
    return [name for name in wanted.standards if observed.standards.get(name) not in _ON]


def _enable_standards(own: SecurityHubClient, inputs: Inputs, observed: ObservedHub) -> None:
    missing = _missing(inputs.parameters, observed)
    if not missing:
        return
    available = observed.available or _available_standards(own)
    unknown = [standard for standard in missing if standard not in available]
    if unknown:
        raise Terminal(
            f"Security Hub in {inputs.region} has no standard {', '.join(unknown)}; it has "
            f"{', '.join(sorted(available)) or 'none'}",
            hint="correct `standards` in the baseline",
        )
    own.batch_enable_standards(
        StandardsSubscriptionRequests=[{"StandardsArn": available[item]} for item in missing]
    )
