"""Baseline setting ``guardduty``: threat detection is on. Regional.

AWS (GuardDuty User Guide, "Managing accounts with AWS Organizations"; API ``CreateDetector``,
``CreateMembers``): an account has at most one detector a region; a new one has every protection
plan on but the runtime ones. The delegated administrator is appointed by the management account,
region by region, which also registers it with Organizations and switches its detector on. Accounts
of the organization become members by ``CreateMembers`` without an invitation, and their detector
is made and switched on by that; members can neither leave nor switch off, and their plans are the
administrator's to change. Up to 50 accounts a call, 50,000 members.

``administrator`` absent: the account has a detector of its own. In the administrator's account:
it is appointed, and new accounts join by themselves (``auto_enable``). Elsewhere: the account is
its member. What auto-enabling has done already is found so and nothing is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.baselines.references import AccountReference
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.delegation import Delegation, Part, into_management, somebody_elses
from aft.settings.wording import on_or_off, should_be

if TYPE_CHECKING:
    from types_boto3_guardduty import GuardDutyClient

Feature = Literal[
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
    "RUNTIME_MONITORING",
]


class GuardDutyParameters(SettingParameters):
    """Parameters of ``guardduty``."""

    administrator: AccountReference | None = Field(
        default=None,
        description="The organization's GuardDuty administrator: an account id in quotes, or the "
        "id of its request. Without it each account has a detector of its own.",
    )
    features: Mapping[Feature, bool] = Field(
        default={},
        description="Protection plans to have on (`true`) or off; those not named stay as AWS or "
        "somebody else has them.",
    )
    publishing_frequency: Literal["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"] = Field(
        default="SIX_HOURS",
        description="How often updated findings are published; members follow their administrator.",
    )
    auto_enable: Literal["ALL", "NEW", "NONE"] = Field(
        default="ALL",
        description="Which accounts of the organization join the administrator by themselves.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The account's detector in a region."""

    id: str
    enabled: bool
    frequency: str
    features: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedGuardDuty:
    """``appointed`` and ``auto_enable`` are read in the administrator's account, what follows
    in the others: the administrator's detector, and how it sees this account.
    """

    detector: Detector | None
    appointed: str = ""
    auto_enable: str = ""
    administrators_detector: str = ""
    relationship: str = ""
    member_of: str = ""
    organization_features: Mapping[str, str] = field(default_factory=dict)


class GuardDuty:
    """GuardDuty watches the account."""

    name: ClassVar[str] = "guardduty"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = True
    description: ClassVar[str] = "GuardDuty, alone or under an administrator account."
    parameters_model: type[GuardDutyParameters] = GuardDutyParameters

    def bills_for(self, parameters: GuardDutyParameters) -> str:  # noqa: ARG002 (the port's signature)
        return "the events and data analysed"

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[GuardDutyParameters], session: AccountSession
    ) -> ObservedGuardDuty:
        own = session.client("guardduty", inputs.region)
        delegation = Delegation.of(inputs.parameters.administrator, inputs.account)
        detector = _detector(own)
        if delegation.part is Part.ALONE:
            return ObservedGuardDuty(detector=detector)
        if delegation.part is Part.ADMINISTRATOR:
            appointed = _appointed(into_management(session, inputs.account), inputs.region)
            organization: Mapping[str, Any] = {}
            if appointed == session.account_id and detector is not None:
                organization = own.describe_organization_configuration(DetectorId=detector.id)
            return ObservedGuardDuty(
                detector=detector,
                appointed=appointed,
                auto_enable=str(organization.get("AutoEnableOrganizationMembers", "")),
                organization_features={
                    item["Name"]: item["AutoEnable"] for item in organization.get("Features", ())
                },
            )
        admin = delegation.into(session).client("guardduty", inputs.region)
        theirs = next(iter(admin.list_detectors()["DetectorIds"]), "")
        relationship = _relationship(admin, theirs, session.account_id) if theirs else ""
        member_of = ""
        if relationship != "Enabled" and detector is not None:
            answer = own.get_administrator_account(DetectorId=detector.id)
            member_of = str((answer.get("Administrator") or {}).get("AccountId", ""))
        return ObservedGuardDuty(
            detector=detector,
            administrators_detector=theirs,
            relationship=relationship,
            member_of=member_of,
        )

    def compare(
        self, inputs: SettingInputs[GuardDutyParameters], observed: ObservedGuardDuty
    ) -> tuple[SettingDifference, ...]:
        part = Delegation.of(inputs.parameters.administrator, inputs.account).part
        found: list[SettingDifference] = []
        if part is Part.ADMINISTRATOR:
            found += _organization_differences(inputs, observed)
        if part is Part.MEMBER and observed.relationship != "Enabled":
            found.append(
                _differs(
                    inputs,
                    f"membership under administrator {inputs.parameters.administrator}",
                    observed.relationship or None,
                    "Enabled",
                )
            )
        detector = observed.detector
        if detector is None or not detector.enabled:
            found.append(_differs(inputs, "", None if detector is None else "off", "on"))
        if detector is None:
            return tuple(found)
        wanted = inputs.parameters.publishing_frequency
        if part is not Part.MEMBER and detector.frequency != wanted:
            found.append(_differs(inputs, "publishing frequency", detector.frequency, wanted))
        found += [
            _differs(inputs, feature, on_or_off(detector.features.get(feature)), on_or_off(is_on))
            for feature, is_on in sorted(inputs.parameters.features.items())
            if detector.features.get(feature, False) != is_on
        ]
        return tuple(found)

    def change(
        self,
        inputs: SettingInputs[GuardDutyParameters],
        observed: ObservedGuardDuty,
        session: AccountSession,
    ) -> None:
        if not self.compare(inputs, observed):
            return
        delegation = Delegation.of(inputs.parameters.administrator, inputs.account)
        if delegation.part is Part.MEMBER:
            _join(inputs, observed, delegation, session)
            return
        own = session.client("guardduty", inputs.region)
        if delegation.part is Part.ADMINISTRATOR and observed.appointed != session.account_id:
            if observed.appointed:
                raise somebody_elses("GuardDuty", inputs.region, observed.appointed)
            management = into_management(session, inputs.account)
            management.client("guardduty", inputs.region).enable_organization_admin_account(
                AdminAccountId=session.account_id
            )
        # Appointing switches a detector on; look again, there may be only one.
        detector_id = next(iter(own.list_detectors()["DetectorIds"]), None)
        wanted = {
            "Enable": True,
            "FindingPublishingFrequency": inputs.parameters.publishing_frequency,
            **_features(inputs.parameters),
        }
        if detector_id is None:
            detector_id = own.create_detector(**wanted)["DetectorId"]
        else:
            own.update_detector(DetectorId=detector_id, **wanted)
        if delegation.part is Part.ADMINISTRATOR:
            _configure_organization(own, detector_id, inputs.parameters)


def _detector(client: GuardDutyClient) -> Detector | None:
    found = client.list_detectors()["DetectorIds"]
    if not found:
        return None
    answer = client.get_detector(DetectorId=found[0])
    return Detector(
        id=found[0],
        enabled=answer["Status"] == "ENABLED",
        frequency=answer.get("FindingPublishingFrequency", ""),
        features={item["Name"]: item["Status"] == "ENABLED" for item in answer.get("Features", ())},
    )


def _appointed(management: AccountSession, region: str | None) -> str:
    answer = management.client("guardduty", region).list_organization_admin_accounts()
    return next((str(item["AdminAccountId"]) for item in answer.get("AdminAccounts", ())), "")


def _relationship(admin: GuardDutyClient, detector_id: str, account_id: str) -> str:
    answer = admin.get_members(DetectorId=detector_id, AccountIds=[account_id])
    return next((str(item["RelationshipStatus"]) for item in answer["Members"]), "")


def _organization_differences(
    inputs: SettingInputs[GuardDutyParameters], observed: ObservedGuardDuty
) -> list[SettingDifference]:
    found = []
    own = inputs.account.account_id
    if observed.appointed != own:
        found.append(_differs(inputs, "administrator", observed.appointed or None, str(own)))
    wanted = inputs.parameters.auto_enable
    if observed.auto_enable != wanted:
        found.append(_differs(inputs, "auto-enabling", observed.auto_enable or None, wanted))
    for feature, value in _auto_features(inputs.parameters).items():
        before = observed.organization_features.get(feature)
        if before != value:
            found.append(_differs(inputs, f"auto-enabling of {feature}", before, value))
    return found


def _auto_features(parameters: GuardDutyParameters) -> Mapping[str, str]:
    return {
        feature: parameters.auto_enable if is_on else "NONE"
        for feature, is_on in sorted(parameters.features.items())
    }


def _configure_organization(
    own: GuardDutyClient, detector_id: str, parameters: GuardDutyParameters
) -> None:
    features = [
        {"Name": feature, "AutoEnable": value}
        for feature, value in _auto_features(parameters).items()
    ]
    more: dict[str, Any] = {"Features": features} if features else {}
    own.update_organization_configuration(
        DetectorId=detector_id, AutoEnableOrganizationMembers=parameters.auto_enable, **more
    )


def _join(
    inputs: SettingInputs[GuardDutyParameters],
    observed: ObservedGuardDuty,
    delegation: Delegation,
    session: AccountSession,
) -> None:
    administrator = str(delegation.administrator)
    if observed.member_of and observed.member_of != administrator:
        raise somebody_elses("GuardDuty", inputs.region, observed.member_of)
    detector = observed.administrators_detector
    if not detector:
        raise Terminal(
            f"the administrator {administrator} has no GuardDuty detector in {inputs.region}",
            hint="give that account a baseline with the same `guardduty` setting; it comes first",
        )
    admin = delegation.into(session).client("guardduty", inputs.region)
    own = [session.account_id]
    if observed.relationship != "Enabled":
        answer = admin.create_members(
            DetectorId=detector,
            AccountDetails=[{"AccountId": session.account_id, "Email": inputs.account.email}],
        )
        _all_processed(answer, inputs)
    if observed.relationship == "Disabled" or (observed.detector and not observed.detector.enabled):
        _all_processed(admin.start_monitoring_members(DetectorId=detector, AccountIds=own), inputs)
    if features := _features(inputs.parameters):
        _all_processed(
            admin.update_member_detectors(DetectorId=detector, AccountIds=own, **features), inputs
        )


def _all_processed(answer: Mapping[str, Any], inputs: SettingInputs[GuardDutyParameters]) -> None:
    """GuardDuty says no to single accounts in an answer that succeeds."""
    for item in answer.get("UnprocessedAccounts", ()):
        raise Terminal(
            f"GuardDuty in {inputs.region} refused account {item['AccountId']}: {item['Result']}",
            hint="look at the account in the GuardDuty administrator's list of members",
        )


def _features(parameters: GuardDutyParameters) -> dict[str, Any]:
    features = [
        {"Name": name, "Status": "ENABLED" if is_on else "DISABLED"}
        for name, is_on in sorted(parameters.features.items())
    ]
    return {"Features": features} if features else {}


def _differs(
    inputs: SettingInputs[GuardDutyParameters], what: str, before: str | None, after: str
) -> SettingDifference:
    return should_be(f"GuardDuty {what}".rstrip() + f" in {inputs.region}", before, after)
