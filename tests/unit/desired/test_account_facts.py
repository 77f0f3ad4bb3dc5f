"""What settings and templates see of an account."""

from __future__ import annotations

from dataclasses import replace

from builders_requests import load, request_text

from aft.organization.model import AccountFacts
from aft.values.ids import AccountId, OrgUnitPath


def facts(**fields: str) -> AccountFacts:
    state = load({"account-requests/shop.yaml": request_text("shop", **fields)}).state
    assert state is not None
    account = replace(
        state.account(state.requests[0]),
        account_id=AccountId("123456789012"),
        ou=OrgUnitPath(("Workloads", "Prod")),
    )
    return account.facts


def test_regions_are_the_configuration_s_unless_the_request_says_so() -> None:
    assert facts().regions == ("eu-central-1", "eu-west-1")
    assert facts(regions="[us-east-1, eu-central-1]").regions == ("eu-central-1", "us-east-1")


def test_the_account_as_its_request_describes_it() -> None:
    found = facts(
        owner="{team: shop, email: s@example.com}", tags="{a: b}", custom_fields="{x: {y: 1}}"
    )
    assert found.request_id == "shop"
    assert found.account_id == "123456789012"
    assert found.email == "aws+shop@example.com"
    assert str(found.ou) == "Workloads/Prod"
    assert found.owner == {"team": "shop", "email": "s@example.com"}
    assert found.tags == {"a": "b"}
    assert found.custom_fields == {"x": {"y": 1}}
    assert facts().owner == {}
