"""Baseline setting ``security-hub``: Security Hub is on, with the standards wanted. Regional.

AWS (Security Hub User Guide, "Integrating with AWS Organizations", "Enabling standards"; API
``EnableSecurityHub``, ``CreateMembers``): enabling switches two default standards on unless told
not to. Standards are enabled asynchronously and need AWS Config; ``NO_AVAILABLE_CONFIGURATION_
RECORDER`` makes one ``INCOMPLETE``, which is not an error here: list ``config-recorder`` first. The
administrator is appointed by the management account, region by region. Accounts of the
organization become members by ``CreateMembers`` without an invitation, which switches Security Hub
and the default standards on where it was off. Under *central configuration* policies of the
administrator decide about standards, and members cannot change them: then only membership counts.

Standards that are on and not listed stay on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.baselines.references import AccountReference
from aft.errors import Conflict, Denied, NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.delegation import Delegation, Part, into_management, somebody_elses
from aft.settings.wording import on_or_off, should_be

if TYPE_CHECKING:
    from types_boto3_securityhub import SecurityHubClient

BEST_PRACTICES = "standards/aws-foundational-security-best-practices/v/1.0.0"
_ON = frozenset({"PENDING", "READY", "INCOMPLETE"})


class SecurityHubParameters(SettingParameters):
    """Parameters of ``security-hub``."""

    administrator: AccountReference | None = Field(
        default=None,
        description="The organization's Security Hub administrator: an account id in quotes, or "
        "the id of its request. Without it each account stands alone.",
    )
    standards: tuple[
        Annotated[str, Field(pattern=r"^(standards|ruleset)/[a-z0-9-]+/v/[0-9.]+$")], ...
    ] = Field(
        default=(BEST_PRACTICES,),
        description="Standards to have on, by the end of their ARN, such as "
        "`standards/cis-aws-foundations-benchmark/v/3.0.0`.",
    )
    auto_enable_controls: bool = Field(
        default=True, description="Switch new controls of enabled standards on as AWS adds them."
    )
    findings_per: Literal["SECURITY_CONTROL", "STANDARD_CONTROL"] = Field(
        default="SECURITY_CONTROL",
        description="One finding for each control, or one for each control and standard.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedHub:
    """``standards`` maps the end of a standard's ARN to its status, ``available`` to its ARN;
    what follows is read in the administrator's account, or of it.
    """

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


class SecurityHub:
    """Security Hub checks the account against the standards."""

    name: ClassVar[str] = "security-hub"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    comes_after: ClassVar[tuple[str, ...]] = ("config-recorder",)  # which standards need
    description: ClassVar[str] = "Security Hub and its standards, alone or under an administrator."
    parameters_model: type[SecurityHubParameters] = SecurityHubParameters

    def bills_for(self, parameters: SecurityHubParameters) -> str:
        return "security checks and findings, by number" if parameters.standards else ""

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[SecurityHubParameters], session: AccountSession
    ) -> ObservedHub:
        own = session.client("securityhub", inputs.region)
        found = _hub(own)
        if found["enabled"] and inputs.parameters.standards:
            found["standards"] = _enabled_standards(own)
            if not set(inputs.parameters.standards) <= found["standards"].keys():
                found["available"] = _available_standards(own)
        delegation = Delegation.of(inputs.parameters.administrator, inputs.account)
        if delegation.part is Part.ADMINISTRATOR:
            found |= _as_administrator(own, inputs, session, is_on=found["enabled"])
        elif delegation.part is Part.MEMBER:
            admin = delegation.into(session).client("securityhub", inputs.region)
            found |= _as_member(own, admin, session.account_id, is_on=found["enabled"])
        return ObservedHub(**found)

    def compare(
        self, inputs: SettingInputs[SecurityHubParameters], observed: ObservedHub
    ) -> tuple[SettingDifference, ...]:
        wanted = inputs.parameters
        part = Delegation.of(wanted.administrator, inputs.account).part
        found: list[SettingDifference] = []
        own = str(inputs.account.account_id)
        if part is Part.ADMINISTRATOR and observed.appointed != own:
            found.append(_differs(inputs, "administrator", observed.appointed or None, own))
        if part is Part.ADMINISTRATOR and not (observed.new_accounts_join or observed.is_central):
            found.append(_differs(inputs, "auto-enabling", "off", "on"))
        if part is Part.MEMBER and observed.membership != "Enabled":
            what = f"membership under administrator {wanted.administrator}"
            found.append(_differs(inputs, what, observed.membership or None, "Enabled"))
        if not observed.enabled:
            found.append(_differs(inputs, "", "off", "on"))
        if part is Part.MEMBER and observed.is_central:
            return tuple(found)
        if observed.enabled and observed.auto_enable_controls != wanted.auto_enable_controls:
            before, after = (
                on_or_off(observed.auto_enable_controls),
                on_or_off(wanted.auto_enable_controls),
            )
            found.append(_differs(inputs, "auto-enabling of controls", before, after))
        if observed.enabled and observed.findings_per != wanted.findings_per:
            found.append(
                _differs(inputs, "findings per", observed.findings_per, wanted.findings_per)
            )
        found += [
            _differs(inputs, f"standard {standard}", status, "on")
            for standard in wanted.standards
            if (status := observed.standards.get(standard, "off")) not in _ON
        ]
        return tuple(found)

    def change(
        self,
        inputs: SettingInputs[SecurityHubParameters],
        observed: ObservedHub,
        session: AccountSession,
    ) -> None:
        if not self.compare(inputs, observed):
            return
        delegation = Delegation.of(inputs.parameters.administrator, inputs.account)
        own = session.client("securityhub", inputs.region)
        if delegation.part is Part.MEMBER and observed.membership != "Enabled":
            _join(inputs, observed, delegation, session)
        if delegation.part is Part.MEMBER and observed.is_central:
            return
        if not observed.enabled:
            _enable(own, inputs.parameters)
        if delegation.part is Part.ADMINISTRATOR and observed.appointed != session.account_id:
            if observed.appointed:
                raise somebody_elses("Security Hub", inputs.region, observed.appointed)
            management = into_management(session, inputs.account)
            management.client("securityhub", inputs.region).enable_organization_admin_account(
                AdminAccountId=session.account_id
            )
        if delegation.part is Part.ADMINISTRATOR and not (
            observed.new_accounts_join or observed.is_central
        ):
            own.update_organization_configuration(AutoEnable=True, AutoEnableStandards="NONE")
        own.update_security_hub_configuration(
            AutoEnableControls=inputs.parameters.auto_enable_controls,
            ControlFindingGenerator=inputs.parameters.findings_per,
        )
        _enable_standards(own, inputs, observed)


def _hub(client: SecurityHubClient) -> dict[str, Any]:
    """``DescribeHub`` where there is no hub is NotFound, or InvalidAccess in young accounts."""
    try:
        hub = client.describe_hub()
    except NotFound:
        return {"enabled": False}
    except (Denied, Terminal) as error:
        if error.code != "InvalidAccessException":
            raise
        return {"enabled": False}
    return {
        "enabled": True,
        "auto_enable_controls": bool(hub.get("AutoEnableControls", False)),
        "findings_per": str(hub.get("ControlFindingGenerator", "STANDARD_CONTROL")),
    }


def _end(arn: str) -> str:
    return arn.split(":", 5)[-1].lstrip(":")


def _enabled_standards(client: SecurityHubClient) -> Mapping[str, str]:
    pages = client.get_paginator("get_enabled_standards").paginate()
    return {
        _end(item["StandardsArn"]): item["StandardsStatus"]
        for page in pages
        for item in page["StandardsSubscriptions"]
    }


def _available_standards(client: SecurityHubClient) -> Mapping[str, str]:
    pages = client.get_paginator("describe_standards").paginate()
    return {
        _end(item["StandardsArn"]): item["StandardsArn"]
        for page in pages
        for item in page["Standards"]
    }


def _as_administrator(
    own: SecurityHubClient,
    inputs: SettingInputs[SecurityHubParameters],
    session: AccountSession,
    *,
    is_on: bool,
) -> dict[str, Any]:
    management = into_management(session, inputs.account).client("securityhub", inputs.region)
    accounts = management.list_organization_admin_accounts().get("AdminAccounts", ())
    appointed = next((str(item["AccountId"]) for item in accounts), "")
    if appointed != session.account_id or not is_on:
        return {"appointed": appointed}
    answer = own.describe_organization_configuration()
    return {
        "appointed": appointed,
        "new_accounts_join": bool(answer.get("AutoEnable", False)),
        "is_central": _is_central(answer),
    }


def _as_member(
    own: SecurityHubClient, admin: SecurityHubClient, account_id: str, *, is_on: bool
) -> dict[str, Any]:
    if not _hub(admin)["enabled"]:
        return {}
    try:
        is_central = _is_central(admin.describe_organization_configuration())
    except (Denied, Terminal):
        is_central = False  # not the delegated administrator (any more): joining will tell
    members = admin.get_members(AccountIds=[account_id]).get("Members", ())
    membership = next((str(item["MemberStatus"]) for item in members), "")
    member_of = ""
    if membership != "Enabled" and is_on:
        try:
            above = own.get_administrator_account().get("Administrator") or {}
            member_of = str(above.get("AccountId", ""))
        except NotFound:
            member_of = ""
    return {
        "administrator_is_ready": True,
        "is_central": is_central,
        "membership": membership,
        "member_of": member_of,
    }


def _is_central(answer: Mapping[str, Any]) -> bool:
    configuration = answer.get("OrganizationConfiguration") or {}
    return configuration.get("ConfigurationType") == "CENTRAL"


def _join(
    inputs: SettingInputs[SecurityHubParameters],
    observed: ObservedHub,
    delegation: Delegation,
    session: AccountSession,
) -> None:
    administrator = str(delegation.administrator)
    if observed.member_of and observed.member_of != administrator:
        raise somebody_elses("Security Hub", inputs.region, observed.member_of)
    if not observed.administrator_is_ready:
        raise Terminal(
            f"the administrator {administrator} has no Security Hub in {inputs.region}",
            hint="give that account a baseline with the same `security-hub` setting; it comes "
            "first",
        )
    if not observed.enabled and not observed.is_central:
        # First by ourselves: CreateMembers would switch the default standards on, too.
        _enable(session.client("securityhub", inputs.region), inputs.parameters)
    admin = delegation.into(session).client("securityhub", inputs.region)
    answer = admin.create_members(
        AccountDetails=[{"AccountId": session.account_id, "Email": inputs.account.email}]
    )
    for item in answer.get("UnprocessedAccounts", ()):
        raise Terminal(
            f"Security Hub in {inputs.region} refused account {item['AccountId']}: "
            f"{item['ProcessingResult']}",
            hint="look at the account in the Security Hub administrator's list of members",
        )


def _enable(own: SecurityHubClient, parameters: SecurityHubParameters) -> None:
    try:
        own.enable_security_hub(
            EnableDefaultStandards=False, ControlFindingGenerator=parameters.findings_per
        )
    except Conflict:
        return  # somebody (auto-enabling, say) was faster


def _enable_standards(
    own: SecurityHubClient, inputs: SettingInputs[SecurityHubParameters], observed: ObservedHub
) -> None:
    missing = [
        standard
        for standard in inputs.parameters.standards
        if observed.standards.get(standard) not in _ON
    ]
    if not missing:
        return
    available = observed.available or _available_standards(own)
    unknown = [standard for standard in missing if standard not in available]
    if unknown:
        raise Terminal(
            f"Security Hub in {inputs.region} has no standard {', '.join(unknown)}; it has "
            f"{_listed(sorted(available))}",
            hint="correct `standards` in the baseline",
        )
    own.batch_enable_standards(
        StandardsSubscriptionRequests=[{"StandardsArn": available[item]} for item in missing]
    )


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items) or "none"


def _differs(
    inputs: SettingInputs[SecurityHubParameters], what: str, before: str | None, after: str
) -> SettingDifference:
    return should_be(f"Security Hub {what}".rstrip() + f" in {inputs.region}", before, after)
