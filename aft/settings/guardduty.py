"""Baseline setting ``guardduty``: threat detection is on. Regional.

AWS (GuardDuty User Guide, "Managing accounts with AWS Organizations"; API ``CreateDetector``,
``CreateMembers``): an account has at most one detector per region; a new one has all protection
plans enabled except the runtime ones. The management account designates the delegated administrator
in each region, which also registers it with Organizations and enables its detector. Accounts of the
organization become members with ``CreateMembers``, without an invitation, which also creates and
enables their detector. Members can neither leave nor disable GuardDuty, and only the administrator
can change their protection plans. Up to 50 accounts per call, 50,000 members.

What auto-enabling has already done is found, and nothing is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from aft.baselines.directions import Directions, Each, Ranked, Weaker
from aft.baselines.model import SettingInputs
from aft.sessions import AccountSession
from aft.settings.shapes.administrator import Administered, AdministeredParameters, Part
from aft.settings.shapes.setting import Differences, on_or_off

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


class GuardDutyParameters(AdministeredParameters):
    """Parameters of ``guardduty``."""

    weakens: ClassVar[Directions] = {
        "features": Each(Weaker.OFF),
        "publishing_frequency": Ranked("SIX_HOURS", "ONE_HOUR", "FIFTEEN_MINUTES"),
        "auto_enable": Ranked("NONE", "NEW", "ALL"),
    }

    features: Mapping[Feature, bool] = Field(
        default={},
        description="Protection plans to enable (`true`) or disable; plans that are not listed "
        "are not changed.",
    )
    publishing_frequency: Literal["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"] = Field(
        default="SIX_HOURS",
        description="How often updated findings are published; members follow their administrator.",
    )
    auto_enable: Literal["ALL", "NEW", "NONE"] = Field(
        default="ALL",
        description="Which accounts of the organization become members automatically.",
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
    """``appointed`` and ``auto_enable`` are read in the administrator's account, what follows in
    the others: the administrator's detector, and how it sees this account."""

    detector: Detector | None
    appointed: str = ""
    auto_enable: str = ""
    administrators_detector: str = ""
    relationship: str = ""
    member_of: str = ""
    organization_features: Mapping[str, str] = field(default_factory=dict)


Inputs = SettingInputs[GuardDutyParameters]


class GuardDuty(Administered[GuardDutyParameters, ObservedGuardDuty]):
    """GuardDuty watches the account."""

    name = "guardduty"
    description = "GuardDuty, standalone or with an administrator account."
    stays = "GuardDuty stays enabled"
    service = "GuardDuty"

    def service_client(self, session: AccountSession, region: str | None) -> GuardDutyClient:
        return session.client("guardduty", region)

    def bills_for(self, parameters: GuardDutyParameters) -> str:
        return "the events and data analysed"

    def read(self, inputs: Inputs, session: AccountSession) -> ObservedGuardDuty:
        own = self.service_client(session, inputs.region)
        part, detector = self.part(inputs), _detector(own)
        if part is Part.ALONE:
            return ObservedGuardDuty(detector=detector)
        if part is Part.ADMINISTRATOR:
            appointed = self.appointed(inputs, session)
            organization: Mapping[str, Any] = {}
            if appointed == session.account_id and detector is not None:
                organization = own.describe_organization_configuration(DetectorId=detector.id)
            return ObservedGuardDuty(
                detector=detector,
                appointed=appointed,
                auto_enable=organization.get("AutoEnableOrganizationMembers", ""),
                organization_features={
                    item["Name"]: item["AutoEnable"] for item in organization.get("Features", ())
                },
            )
        admin = self.service_client(session.of(self.administrator(inputs)), inputs.region)
        theirs = next(iter(admin.list_detectors()["DetectorIds"]), "")
        relationship = member_of = ""
        if theirs:
            members = admin.get_members(DetectorId=theirs, AccountIds=[session.account_id])
            relationship = next((item["RelationshipStatus"] for item in members["Members"]), "")
        if relationship != "Enabled" and detector is not None:
            above = own.get_administrator_account(DetectorId=detector.id).get("Administrator")
            member_of = (above or {}).get("AccountId", "")
        return ObservedGuardDuty(
            detector=detector,
            administrators_detector=theirs,
            relationship=relationship,
            member_of=member_of,
        )

    def differences(self, inputs: Inputs, observed: ObservedGuardDuty) -> Differences:
        wanted, part = inputs.parameters, self.part(inputs)
        found = self.standing(inputs, observed.appointed, observed.relationship)
        if part is Part.ADMINISTRATOR:
            found.append(("auto-enabling", observed.auto_enable or None, wanted.auto_enable))
            for name, is_on in sorted(wanted.features.items()):
                before = observed.organization_features.get(name)
                after = wanted.auto_enable if is_on else "NONE"
                found.append((f"auto-enabling of {name}", before, after))
        detector = observed.detector
        found.append(("", None if detector is None else on_or_off(detector.enabled), "on"))
        if detector is not None:
            if part is not Part.MEMBER:
                frequency = wanted.publishing_frequency
                found.append(("publishing frequency", detector.frequency, frequency))
            found += [
                (name, detector.features.get(name), is_on)
                for name, is_on in sorted(wanted.features.items())
            ]
        return self.unequal(inputs, found)

    def fix(self, inputs: Inputs, observed: ObservedGuardDuty, session: AccountSession) -> None:
        part, parameters = self.part(inputs), inputs.parameters
        if part is Part.MEMBER:
            self._join(inputs, observed, session)
            return
        own = self.service_client(session, inputs.region)
        if part is Part.ADMINISTRATOR:
            self.appoint(inputs, observed.appointed, session)
        # Appointing switches a detector on; look again, there may be only one.
        detector_id = next(iter(own.list_detectors()["DetectorIds"]), None)
        wanted = {
            "Enable": True,
            "FindingPublishingFrequency": parameters.publishing_frequency,
            **_features(parameters, "Status", "ENABLED", "DISABLED"),
        }
        if detector_id is None:
            detector_id = own.create_detector(**wanted)["DetectorId"]
        else:
            own.update_detector(DetectorId=detector_id, **wanted)
        if part is Part.ADMINISTRATOR:
            auto = parameters.auto_enable
            own.update_organization_configuration(
                DetectorId=detector_id,
                AutoEnableOrganizationMembers=auto,
                **_features(parameters, "AutoEnable", auto, "NONE"),
            )

    def _join(self, inputs: Inputs, observed: ObservedGuardDuty, session: AccountSession) -> None:
        theirs = observed.administrators_detector
        self.refuse_joining(
            inputs, observed.member_of, missing="" if theirs else "GuardDuty detector"
        )
        admin = self.service_client(session.of(self.administrator(inputs)), inputs.region)
        own = [session.account_id]
        if observed.relationship != "Enabled":
            answer: Any = admin.create_members(
                DetectorId=theirs,
                AccountDetails=[{"AccountId": session.account_id, "Email": inputs.account.email}],
            )
            self.refuse_unprocessed(inputs, answer)
        detector = observed.detector
        if observed.relationship == "Disabled" or (detector and not detector.enabled):
            answer = admin.start_monitoring_members(DetectorId=theirs, AccountIds=own)
            self.refuse_unprocessed(inputs, answer)
        if features := _features(inputs.parameters, "Status", "ENABLED", "DISABLED"):
            answer = admin.update_member_detectors(DetectorId=theirs, AccountIds=own, **features)
            self.refuse_unprocessed(inputs, answer)


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


def _features(parameters: GuardDutyParameters, key: str, on: str, off: str) -> dict[str, Any]:
    """What a call says of the protection plans; nothing where the parameters name none."""
    named = sorted(parameters.features.items())
    features = [{"Name": name, key: on if is_on else off} for name, is_on in named]
    return {"Features": features} if features else {}
