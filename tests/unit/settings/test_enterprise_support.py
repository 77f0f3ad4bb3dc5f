from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders_inside import settled, words
from builders_security import Company

from aft.aws.adapters import connect
from aft.config.model import Config
from aft.errors import UnknownOutcome
from aft.sandbox.faults import Rule, lost_reply
from aft.settings.enterprise_support import EnterpriseSupport


def cases(company: Company) -> list[dict[str, Any]]:
    found = company.management("support", "us-east-1").describe_cases(includeResolvedCases=True)
    return found["cases"]


def test_a_case_asks_for_the_account(company: Company) -> None:
    setting = company.applied(EnterpriseSupport(), cc=("ops@example.com",))
    account = company.ids["payments-prod"]
    assert words(setting) == [f"Enterprise Support has not been asked for account {account}"]
    settled(setting)
    (case,) = cases(company)
    assert account in case["subject"]
    assert account in case["recentCommunications"]["communications"][0]["body"]
    assert case["ccEmailAddresses"] == ["ops@example.com"]


def test_each_account_has_a_case_of_its_own(company: Company) -> None:
    for name in company.ids:
        settled(company.applied(EnterpriseSupport(), name))
    assert len({case["subject"] for case in cases(company)}) == 3


def test_there_is_no_second_case_when_the_first_is_resolved(company: Company) -> None:
    setting = company.applied(EnterpriseSupport())
    settled(setting)
    (case,) = cases(company)
    company.management("support", "us-east-1").resolve_case(caseId=case["caseId"])
    assert setting.differences() == ()
    assert len(cases(company)) == 1


def test_one_case_is_found_among_many(company: Company) -> None:
    settled(company.applied(EnterpriseSupport()))
    support = company.management("support", "us-east-1")
    for number in range(25):
        support.create_case(subject=f"Something else {number}", communicationBody="x")
    assert company.applied(EnterpriseSupport()).differences() == ()


def test_a_case_whose_answer_was_lost_is_not_opened_again(company: Company) -> None:
    setting = company.applied(EnterpriseSupport())
    observed = setting.setting.read(setting.inputs, setting.inside.session)
    edge = connect(
        Config(home_region="eu-central-1"),
        clock=company.sandbox.clock,
        botocore_session=company.sandbox.botocore_session(),
        attempts=1,
    )
    session = edge.members.session(company.ids["payments-prod"])
    company.sandbox.faults.add(
        Rule(action=lost_reply(), service="support", operation="CreateCase", times=1)
    )
    with pytest.raises(UnknownOutcome):
        setting.setting.change(setting.inputs, observed, session)
    setting.setting.change(setting.inputs, observed, session)  # as a run tries again
    assert len(cases(company)) == 1


def test_without_a_plan_it_is_skipped_with_a_word(company: Company) -> None:
    company.sandbox.configure(support_api=False)
    setting = company.applied(EnterpriseSupport())
    (skipped,) = setting.differences()
    assert skipped.is_pending
    assert "no support plan with an API" in skipped.description
    setting.change()
    company.sandbox.configure(support_api=True)
    assert cases(company) == []
    assert [item.is_pending for item in setting.differences()] == [False]


# --- how strict the sandbox is --------------------------------------------------------------


def test_members_have_no_plan_and_resolved_cases_are_not_shown_unasked(company: Company) -> None:
    with pytest.raises(ClientError, match="SubscriptionRequiredException"):
        company.at("audit").look("support", "us-east-1").describe_cases()
    support = company.management("support", "us-east-1")
    case = support.create_case(subject="x", communicationBody="x")["caseId"]
    support.resolve_case(caseId=case)
    assert support.describe_cases()["cases"] == []
    with pytest.raises(ClientError, match="CaseIdNotFound"):
        support.resolve_case(caseId="case-1")
