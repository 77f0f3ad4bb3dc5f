from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, settled, words
from builders_security import Company

from aft.errors import Terminal
from aft.settings.ram_shares import RamShares

ENTRY = {"name": "transit", "owner": "audit"}


def share(company: Company, *, region: str = HOME, **arguments: Any) -> str:
    ram = company.at("audit").look("ram", region)
    answer = ram.create_resource_share(name="transit", **arguments)
    return answer["resourceShare"]["resourceShareArn"]


def outside(company: Company) -> None:
    """From now on accounts are invited, as those outside the organization are."""
    company.management("organizations").disable_aws_service_access(
        ServicePrincipal="ram.amazonaws.com"
    )


def seen(company: Company, region: str = HOME) -> list[str]:
    ram = company.at("payments-prod").look("ram", region)
    found = ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]
    return [item["name"] for item in found]


def test_the_account_is_added_to_the_share_by_its_owner(company: Company) -> None:
    share(company)
    setting = company.applied(RamShares(), shares=[ENTRY])
    assert words(setting) == [
        "resource share transit of audit does not reach the account, should be ASSOCIATED"
    ]
    settled(setting)
    assert seen(company) == ["transit"]


def test_an_account_taken_out_by_hand_is_added_again(company: Company) -> None:
    arn = share(company)
    setting = company.applied(RamShares(), shares=[ENTRY])
    settled(setting)
    company.at("audit").look("ram").disassociate_resource_share(
        resourceShareArn=arn, principals=[company.ids["payments-prod"]]
    )
    settled(setting)


def test_a_share_that_reaches_it_by_the_organization_is_left_as_it_is(company: Company) -> None:
    described = company.management("organizations").describe_organization()["Organization"]
    arn = share(company, principals=[described["Arn"]])
    setting = company.applied(RamShares(), shares=[ENTRY])
    assert setting.differences() == ()
    setting.change()
    found = (
        company.at("audit")
        .look("ram")
        .get_resource_share_associations(associationType="PRINCIPAL", resourceShareArns=[arn])[
            "resourceShareAssociations"
        ]
    )
    assert [item["associatedEntity"] for item in found] == [described["Arn"]]


def test_the_owner_itself_needs_nothing(company: Company) -> None:
    setting = company.applied(RamShares(), "audit", shares=[ENTRY])
    before = company.sandbox.calls
    assert setting.differences() == ()
    setting.change()
    assert company.sandbox.calls == before


def test_a_share_of_another_region(company: Company) -> None:
    share(company, region="us-east-1")
    settled(company.applied(RamShares(), shares=[{**ENTRY, "region": "us-east-1"}]))
    assert seen(company, "us-east-1") == ["transit"]
    assert seen(company) == []


def test_an_invitation_is_accepted_where_sharing_in_the_organization_is_off(
    company: Company,
) -> None:
    outside(company)
    share(company)
    setting = company.applied(RamShares(), shares=[ENTRY])
    settled(setting)
    assert seen(company) == ["transit"]


def test_an_invitation_that_is_open_already_is_accepted(company: Company) -> None:
    outside(company)
    share(company, principals=[company.ids["payments-prod"]])
    setting = company.applied(RamShares(), shares=[ENTRY])
    assert words(setting) == [
        "resource share transit of audit has invited the account, which should accept"
    ]
    settled(setting)


def test_invitations_of_strangers_are_accepted_without_entering_their_account(
    company: Company,
) -> None:
    outside(company)
    entry = {"name": "transit", "owner": str(company.ids["audit"]), "accept_only": True}
    setting = company.applied(RamShares(), shares=[entry])
    with pytest.raises(Terminal, match="has sent no invitation"):
        setting.change()
    share(company, principals=[company.ids["payments-prod"]])
    before = len(company.sandbox.log)
    settled(setting)
    accounts = {call.account_id for call in company.sandbox.log[before:]}
    assert accounts == {company.ids["payments-prod"]}


def test_a_share_that_is_not_there_is_refused(company: Company) -> None:
    setting = company.applied(RamShares(), shares=[ENTRY])
    assert words(setting) == [
        "resource share transit of audit does not exist, the account should be in it"
    ]
    with pytest.raises(Terminal, match="account audit has no active resource share 'transit'"):
        setting.change()


# --- how strict the sandbox is --------------------------------------------------------------


def test_only_the_owner_adds_and_only_the_invited_accept(company: Company) -> None:
    outside(company)
    arn = share(company, principals=[company.ids["payments-prod"]])
    stranger = company.at("log-archive").look("ram")
    with pytest.raises(ClientError, match="UnknownResourceException"):
        stranger.associate_resource_share(
            resourceShareArn=arn, principals=[company.ids["log-archive"]]
        )
    own = company.at("payments-prod").look("ram")
    (invitation,) = own.get_resource_share_invitations()["resourceShareInvitations"]
    name = {"resourceShareInvitationArn": invitation["resourceShareInvitationArn"]}
    with pytest.raises(ClientError, match="ResourceShareInvitationArnNotFound"):
        stranger.accept_resource_share_invitation(**name)
    own.accept_resource_share_invitation(**name)
    with pytest.raises(ClientError, match="AlreadyAccepted"):
        own.accept_resource_share_invitation(**name)
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        share(company, allowExternalPrincipals=False, principals=["999999999999"])
