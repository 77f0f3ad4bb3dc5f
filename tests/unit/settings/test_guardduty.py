from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, settled, words
from builders_security import Company
from pydantic import ValidationError

from aft.errors import Terminal
from aft.sandbox.seed import AccountSpec
from aft.settings.guardduty import GuardDuty, GuardDutyParameters

WEST = "eu-west-1"


def detector(company: Company, name: str, region: str = HOME) -> dict[str, object]:
    client = company.at(name).look("guardduty", region)
    (found,) = client.list_detectors()["DetectorIds"]
    return client.get_detector(DetectorId=found)


def administered(company: Company, region: str = HOME, **parameters: object) -> None:
    """The audit account's own part."""
    company.applied(
        GuardDuty(), "audit", region=region, administrator="audit", **parameters
    ).change()


# --- alone ----------------------------------------------------------------------------------


def test_alone_a_detector_is_made_in_its_region_and_no_other(company: Company) -> None:
    guard = company.applied(GuardDuty(), region=WEST, publishing_frequency="FIFTEEN_MINUTES")
    assert words(guard) == ["GuardDuty in eu-west-1 is missing, should be on"]
    settled(guard)
    assert detector(company, "payments-prod", WEST)["FindingPublishingFrequency"] == (
        "FIFTEEN_MINUTES"
    )
    assert company.at("payments-prod").look("guardduty").list_detectors()["DetectorIds"] == []


def test_alone_a_detector_switched_off_and_a_feature_are_put_back(company: Company) -> None:
    guard = company.applied(
        GuardDuty(), region=HOME, features={"S3_DATA_EVENTS": True, "RUNTIME_MONITORING": True}
    )
    settled(guard)
    client = company.at("payments-prod").look("guardduty")
    (found,) = client.list_detectors()["DetectorIds"]
    client.update_detector(
        DetectorId=found,
        Enable=False,
        Features=[
            {"Name": "RUNTIME_MONITORING", "Status": "DISABLED"},
            {"Name": "LAMBDA_NETWORK_LOGS", "Status": "DISABLED"},
        ],
    )
    assert words(guard) == [
        "GuardDuty in eu-central-1 is off, should be on",
        "GuardDuty RUNTIME_MONITORING in eu-central-1 is off, should be on",
    ]
    settled(guard)
    # What the baseline does not name stays as somebody left it.
    features = {
        item["Name"]: item["Status"] for item in client.get_detector(DetectorId=found)["Features"]
    }
    assert features["LAMBDA_NETWORK_LOGS"] == "DISABLED"


def test_a_feature_aws_does_not_have_is_invalid() -> None:
    with pytest.raises(ValidationError):
        GuardDutyParameters.model_validate({"features": {"S3_LOGS": True}})


# --- with an administrator ------------------------------------------------------------------


def test_the_administrator_is_appointed_and_new_accounts_join(company: Company) -> None:
    guard = company.applied(GuardDuty(), "audit", region=HOME, administrator="audit")
    assert words(guard) == [
        f"GuardDuty administrator in eu-central-1 is missing, should be {company.ids['audit']}",
        "GuardDuty auto-enabling in eu-central-1 is missing, should be ALL",
        "GuardDuty in eu-central-1 is missing, should be on",
    ]
    settled(guard)
    appointed = company.management("guardduty").list_organization_admin_accounts()
    assert [item["AdminAccountId"] for item in appointed["AdminAccounts"]] == [company.ids["audit"]]
    assert (
        company.management("guardduty", WEST).list_organization_admin_accounts()["AdminAccounts"]
        == []
    )


def test_what_auto_enabling_did_already_needs_no_call(company: Company) -> None:
    administered(company, auto_enable="ALL")
    member = company.applied(GuardDuty(), region=HOME, administrator="audit")
    assert member.differences() == ()
    assert detector(company, "payments-prod")["Status"] == "ENABLED"
    before = member.writes()
    member.change()
    assert member.writes() == before


def test_without_auto_enabling_the_account_is_made_a_member(company: Company) -> None:
    administered(company, auto_enable="NONE")
    member = company.applied(
        GuardDuty(), region=HOME, administrator="audit", features={"RUNTIME_MONITORING": True}
    )
    assert words(member) == [
        (
            "GuardDuty membership under administrator audit in eu-central-1 is missing, "
            "should be Enabled"
        ),
        "GuardDuty in eu-central-1 is missing, should be on",
    ]
    settled(member)
    audit = company.at("audit").look("guardduty")
    (found,) = audit.list_detectors()["DetectorIds"]
    (listed,) = audit.list_members(DetectorId=found)["Members"]
    assert (listed["AccountId"], listed["RelationshipStatus"]) == (
        company.ids["payments-prod"],
        "Enabled",
    )


def test_a_member_that_was_switched_off_or_taken_out_is_put_back(company: Company) -> None:
    administered(company, auto_enable="NONE")
    member = company.applied(GuardDuty(), region=HOME, administrator="audit")
    settled(member)
    audit = company.at("audit").look("guardduty")
    (found,) = audit.list_detectors()["DetectorIds"]
    ids = [company.ids["payments-prod"]]
    audit.stop_monitoring_members(DetectorId=found, AccountIds=ids)
    assert [item.before for item in member.differences()] == ["Disabled", "off"]
    settled(member)
    audit.disassociate_members(DetectorId=found, AccountIds=ids)
    assert [item.before for item in member.differences()] == ["Removed"]
    settled(member)


def test_the_administrator_by_its_account_id(company: Company) -> None:
    administered(company)
    member = company.applied(GuardDuty(), region=HOME, administrator=str(company.ids["audit"]))
    settled(member)


def test_somebody_elses_administrator_is_not_replaced(company: Company) -> None:
    company.management("guardduty").enable_organization_admin_account(
        AdminAccountId=company.ids["log-archive"]
    )
    guard = company.applied(GuardDuty(), "audit", region=HOME, administrator="audit")
    with pytest.raises(Terminal, match=f"is account {company.ids['log-archive']}, and is not"):
        guard.change()


def test_a_member_of_somebody_elses_administrator_is_refused(company: Company) -> None:
    company.management("guardduty").enable_organization_admin_account(
        AdminAccountId=company.ids["log-archive"]
    )
    other = company.at("log-archive").look("guardduty")
    (found,) = other.list_detectors()["DetectorIds"]
    account = {"AccountId": company.ids["payments-prod"], "Email": "a@example.com"}
    other.create_members(DetectorId=found, AccountDetails=[account])
    company.at("audit").look("guardduty").create_detector(Enable=True)
    member = company.applied(GuardDuty(), region=HOME, administrator="audit")
    with pytest.raises(Terminal, match=f"is account {company.ids['log-archive']}, and is not"):
        member.change()
    assert (
        company.applied(GuardDuty(), region=HOME, administrator="log-archive").differences() == ()
    )


def test_an_administrator_without_a_detector_says_what_to_do(company: Company) -> None:
    member = company.applied(GuardDuty(), region=HOME, administrator="audit")
    assert member.differences() != ()
    with pytest.raises(Terminal, match="has no GuardDuty detector in eu-central-1") as caught:
        member.change()
    assert "give that account a baseline with the same `guardduty`" in caught.value.hint


def test_an_administrator_that_does_not_exist_yet_is_no_guess(company: Company) -> None:
    member = company.applied(GuardDuty(), region=HOME, administrator="auditt")
    with pytest.raises(Terminal, match="request auditt does not exist yet"):
        member.differences()


# --- how strict the sandbox is --------------------------------------------------------------


def test_members_cannot_switch_off_and_nobody_else_may_appoint(company: Company) -> None:
    administered(company)
    own = company.at("payments-prod").look("guardduty")
    (found,) = own.list_detectors()["DetectorIds"]
    for call, arguments in (
        (own.update_detector, {"DetectorId": found, "Enable": False}),
        (own.delete_detector, {"DetectorId": found}),
        (own.create_detector, {"Enable": True}),
        (own.enable_organization_admin_account, {"AdminAccountId": company.ids["audit"]}),
        (own.list_members, {"DetectorId": found}),
        (own.get_detector, {"DetectorId": "0" * 32}),
    ):
        with pytest.raises(ClientError, match="BadRequestException"):
            call(**arguments)


def test_an_account_that_comes_later_joins_by_itself(company: Company) -> None:
    administered(company, auto_enable="NEW")
    assert company.at("payments-prod").look("guardduty").list_detectors()["DetectorIds"] == []
    company.sandbox.clock.sleep(60)
    (late,) = company.sandbox.seed_accounts([AccountSpec(name="late", email="l@example.com")])
    client = company.sandbox.member_session(late).client("guardduty", region_name=HOME)
    assert len(client.list_detectors()["DetectorIds"]) == 1
