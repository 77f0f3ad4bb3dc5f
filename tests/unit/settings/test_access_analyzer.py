from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, settled, words
from builders_security import Company

from aft.errors import Terminal
from aft.settings.access_analyzer import PRINCIPAL, AccessAnalyzer

WEST = "eu-west-1"


def analyzers(company: Company, name: str, region: str = HOME) -> list[tuple[str, str, str]]:
    client = company.at(name).look("accessanalyzer", region)
    return [
        (item["name"], item["type"], item["status"])
        for item in client.list_analyzers()["analyzers"]
    ]


def test_alone_each_region_gets_an_analyzer_of_the_account(company: Company) -> None:
    setting = company.applied(AccessAnalyzer(), region=WEST)
    assert words(setting) == [
        "Access Analyzer of the account in eu-west-1 is missing, should be ACTIVE"
    ]
    settled(setting)
    assert analyzers(company, "payments-prod", WEST) == [("aft", "ACCOUNT", "ACTIVE")]
    assert analyzers(company, "payments-prod") == []


def test_one_that_was_deleted_is_made_again(company: Company) -> None:
    setting = company.applied(AccessAnalyzer(), region=HOME, name="ours")
    settled(setting)
    company.at("payments-prod").look("accessanalyzer").delete_analyzer(analyzerName="ours")
    settled(setting)


def test_an_analyzer_of_another_name_does_as_well(company: Company) -> None:
    company.at("payments-prod").look("accessanalyzer").create_analyzer(
        analyzerName="theirs", type="ACCOUNT"
    )
    setting = company.applied(AccessAnalyzer(), region=HOME)
    assert setting.differences() == ()


def test_the_administrator_has_one_for_the_organization(company: Company) -> None:
    setting = company.applied(AccessAnalyzer(), "audit", region=HOME, administrator="audit")
    assert words(setting) == [
        f"Access Analyzer administrator is missing, should be {company.ids['audit']}",
        "Access Analyzer of the organization in eu-central-1 is missing, should be ACTIVE",
    ]
    settled(setting)
    assert analyzers(company, "audit") == [("aft", "ORGANIZATION", "ACTIVE")]
    found = company.management("organizations").list_delegated_administrators(
        ServicePrincipal=PRINCIPAL
    )
    assert [item["Id"] for item in found["DelegatedAdministrators"]] == [company.ids["audit"]]
    # The second region finds the appointment done.
    other = company.applied(AccessAnalyzer(), "audit", region=WEST, administrator="audit")
    assert len(other.differences()) == 1
    settled(other)


def test_two_regions_side_by_side_appoint_once(company: Company) -> None:
    both = [
        company.applied(AccessAnalyzer(), "audit", region=region, administrator="audit")
        for region in (HOME, WEST)
    ]
    observed = [item.setting.read(item.inputs, item.inside.session) for item in both]
    for item, before in zip(both, observed, strict=True):  # both saw nobody appointed
        item.setting.change(item.inputs, before, item.inside.session)
    assert [item.differences() for item in both] == [(), ()]


def test_other_accounts_need_none_then_and_are_not_even_asked(company: Company) -> None:
    setting = company.applied(AccessAnalyzer(), region=HOME, administrator="audit")
    before = company.sandbox.calls
    assert setting.differences() == ()
    setting.change()
    assert company.sandbox.calls == before


def test_one_that_lost_its_appointment_is_made_anew(company: Company) -> None:
    setting = company.applied(AccessAnalyzer(), "audit", region=HOME, administrator="audit")
    settled(setting)
    company.management("organizations").deregister_delegated_administrator(
        AccountId=company.ids["audit"], ServicePrincipal=PRINCIPAL
    )
    assert [item.before for item in setting.differences()] == [None, "DISABLED"]
    settled(setting)


def test_somebody_elses_administrator_is_not_replaced(company: Company) -> None:
    organizations = company.management("organizations")
    organizations.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    organizations.register_delegated_administrator(
        AccountId=company.ids["log-archive"], ServicePrincipal=PRINCIPAL
    )
    setting = company.applied(AccessAnalyzer(), "audit", region=HOME, administrator="audit")
    with pytest.raises(Terminal, match="Access Analyzer administrator is account"):
        setting.change()
    assert analyzers(company, "audit") == []


# --- how strict the sandbox is --------------------------------------------------------------


def test_aws_takes_one_of_each_kind_and_organizations_only_from_those_appointed(
    company: Company,
) -> None:
    own = company.at("payments-prod").look("accessanalyzer")
    own.create_analyzer(analyzerName="one", type="ACCOUNT")
    for arguments, code in (
        ({"analyzerName": "one", "type": "ACCOUNT"}, "ConflictException"),
        ({"analyzerName": "two", "type": "ACCOUNT"}, "ServiceQuotaExceededException"),
        ({"analyzerName": "all", "type": "ORGANIZATION"}, "ValidationException"),
        ({"analyzerName": "1st", "type": "ACCOUNT"}, "ValidationException"),
        ({"analyzerName": "x", "type": "ZONE"}, "ValidationException"),
    ):
        with pytest.raises(ClientError, match=code):
            own.create_analyzer(**arguments)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        own.get_analyzer(analyzerName="nowhere")
    with pytest.raises(ClientError, match="NotImplemented"):
        own.list_findings(analyzerArn="arn:aws:access-analyzer:eu-central-1:1:analyzer/one")
