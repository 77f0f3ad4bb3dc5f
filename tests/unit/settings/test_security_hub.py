from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, settled, words
from builders_security import Company

from aft.errors import Terminal
from aft.settings.security_hub import BEST_PRACTICES, SecurityHub

CIS = "standards/cis-aws-foundations-benchmark/v/3.0.0"


def standards(company: Company, name: str) -> set[str]:
    client = company.at(name).look("securityhub")
    found = client.get_enabled_standards()["StandardsSubscriptions"]
    return {item["StandardsArn"].split(":", 5)[-1].lstrip(":") for item in found}


def administered(company: Company) -> None:
    company.applied(SecurityHub(), "audit", region=HOME, administrator="audit").change()


# --- alone ----------------------------------------------------------------------------------


def test_alone_it_is_enabled_with_exactly_the_standards_listed(company: Company) -> None:
    hub = company.applied(SecurityHub(), region=HOME, standards=(CIS,))
    assert words(hub) == [
        "Security Hub in eu-central-1 is off, should be on",
        f"Security Hub standard {CIS} in eu-central-1 is off, should be on",
    ]
    settled(hub)
    assert standards(company, "payments-prod") == {CIS}
    found = company.at("payments-prod").look("securityhub").describe_hub()
    assert (found["AutoEnableControls"], found["ControlFindingGenerator"]) == (
        True,
        "SECURITY_CONTROL",
    )


def test_alone_a_standard_and_a_switch_are_put_back_and_others_stay(company: Company) -> None:
    hub = company.applied(SecurityHub(), region=HOME, auto_enable_controls=True)
    settled(hub)
    client = company.at("payments-prod").look("securityhub")
    (found,) = client.get_enabled_standards()["StandardsSubscriptions"]
    client.batch_disable_standards(StandardsSubscriptionArns=[found["StandardsSubscriptionArn"]])
    client.batch_enable_standards(
        StandardsSubscriptionRequests=[{"StandardsArn": f"arn:aws:securityhub:{HOME}::{CIS}"}]
    )
    client.update_security_hub_configuration(
        AutoEnableControls=False, ControlFindingGenerator="STANDARD_CONTROL"
    )
    assert words(hub) == [
        "Security Hub auto-enabling of controls in eu-central-1 is off, should be on",
        "Security Hub findings per in eu-central-1 is STANDARD_CONTROL, should be SECURITY_CONTROL",
        f"Security Hub standard {BEST_PRACTICES} in eu-central-1 is off, should be on",
    ]
    settled(hub)
    assert standards(company, "payments-prod") == {BEST_PRACTICES, CIS}


def test_a_hub_that_was_disabled_is_enabled_again(company: Company) -> None:
    hub = company.applied(SecurityHub(), region=HOME)
    settled(hub)
    company.at("payments-prod").look("securityhub").disable_security_hub()
    settled(hub)


def test_a_standard_that_is_not_there_is_named_with_those_that_are(company: Company) -> None:
    hub = company.applied(SecurityHub(), region=HOME, standards=("standards/pci/v/9.0",))
    with pytest.raises(Terminal, match=r"no standard standards/pci/v/9.0; it has ruleset/cis"):
        hub.change()


# --- with an administrator ------------------------------------------------------------------


def test_the_administrator_is_appointed_and_new_accounts_join(company: Company) -> None:
    hub = company.applied(SecurityHub(), "audit", region=HOME, administrator="audit")
    assert [item.after for item in hub.differences()] == [company.ids["audit"], "on", "on", "on"]
    settled(hub)
    audit = company.at("audit").look("securityhub")
    found = audit.describe_organization_configuration()
    assert (found["AutoEnable"], found["AutoEnableStandards"]) == (True, "NONE")
    audit.update_organization_configuration(AutoEnable=False)
    assert words(hub) == ["Security Hub auto-enabling in eu-central-1 is off, should be on"]
    settled(hub)


def test_a_member_joins_with_its_own_standards_and_no_default_ones(company: Company) -> None:
    administered(company)
    member = company.applied(SecurityHub(), region=HOME, administrator="audit", standards=(CIS,))
    assert len(member.differences()) == 3
    settled(member)
    assert standards(company, "payments-prod") == {CIS}
    audit = company.at("audit").look("securityhub")
    assert [item["AccountId"] for item in audit.list_members()["Members"]] == [
        company.ids["payments-prod"]
    ]


def test_a_member_that_was_taken_out_joins_again(company: Company) -> None:
    administered(company)
    member = company.applied(SecurityHub(), region=HOME, administrator="audit")
    settled(member)
    company.at("audit").look("securityhub").delete_members(
        AccountIds=[company.ids["payments-prod"]]
    )
    assert [item.before for item in member.differences()] == [None]
    settled(member)


def test_under_central_configuration_only_membership_counts(company: Company) -> None:
    administered(company)
    company.at("audit").look("securityhub").update_organization_configuration(
        AutoEnable=False, OrganizationConfiguration={"ConfigurationType": "CENTRAL"}
    )
    assert (
        company.applied(SecurityHub(), "audit", region=HOME, administrator="audit").differences()
        == ()
    )
    member = company.applied(
        SecurityHub(), region=HOME, administrator="audit", auto_enable_controls=False
    )
    settled(member)
    own = company.at("payments-prod").look("securityhub")
    with pytest.raises(ClientError, match="AccessDenied"):
        own.update_security_hub_configuration(AutoEnableControls=False)


def test_somebody_elses_administrator_is_not_replaced(company: Company) -> None:
    company.management("securityhub").enable_organization_admin_account(
        AdminAccountId=company.ids["log-archive"]
    )
    hub = company.applied(SecurityHub(), "audit", region=HOME, administrator="audit")
    with pytest.raises(Terminal, match="Security Hub administrator in eu-central-1 is account"):
        hub.change()
    other = company.at("log-archive").look("securityhub")
    other.create_members(
        AccountDetails=[{"AccountId": company.ids["payments-prod"], "Email": "a@example.com"}]
    )
    member = company.applied(SecurityHub(), region=HOME, administrator="audit")
    with pytest.raises(Terminal, match=f"is account {company.ids['log-archive']}, and is not"):
        member.change()


def test_an_administrator_without_security_hub_says_what_to_do(company: Company) -> None:
    member = company.applied(SecurityHub(), region=HOME, administrator="audit")
    with pytest.raises(Terminal, match="has no Security Hub in eu-central-1") as caught:
        member.change()
    assert "same `security-hub` setting" in caught.value.hint


# --- how strict the sandbox is --------------------------------------------------------------


def test_a_standard_waits_for_a_recorder_and_nothing_works_where_it_is_off(
    company: Company,
) -> None:
    own = company.at("payments-prod").look("securityhub")
    with pytest.raises(ClientError, match="InvalidAccessException"):
        own.describe_hub()
    own.enable_security_hub()
    with pytest.raises(ClientError, match="ResourceConflictException"):
        own.enable_security_hub()
    found = own.get_enabled_standards()["StandardsSubscriptions"]
    assert {item["StandardsStatus"] for item in found} == {"INCOMPLETE"}
    assert {item["StandardsStatusReason"]["StatusReasonCode"] for item in found} == {
        "NO_AVAILABLE_CONFIGURATION_RECORDER"
    }
    with pytest.raises(ClientError, match="InvalidInputException"):
        own.update_security_hub_configuration(ControlFindingGenerator="BOTH")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        own.enable_organization_admin_account(AdminAccountId=company.ids["audit"])
