from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from builders_inside import settled, words
from builders_security import Company
from pydantic import ValidationError

from aft.settings.cost_allocation_tags import (
    CostAllocationTags,
    CostAllocationTagsParameters,
)


def active(company: Company) -> set[str]:
    answer = company.management("ce", "us-east-1").list_cost_allocation_tags(Status="Active")
    return {item["TagKey"] for item in answer["CostAllocationTags"]}


def test_keys_are_activated_for_the_organization(company: Company) -> None:
    setting = company.applied(CostAllocationTags(), keys=("cost-center",))
    assert words(setting) == ["cost allocation tag cost-center is Inactive, should be Active"]
    settled(setting)
    assert active(company) == {"cost-center"}


def test_a_key_nobody_has_used_is_not_yet_and_no_failure(company: Company) -> None:
    setting = company.applied(CostAllocationTags(), keys=("cost-center", "project"))
    setting.change()
    (left,) = setting.differences()
    assert left.is_pending
    assert "project has not been seen by billing yet" in left.description
    assert active(company) == {"cost-center"}
    company.management("organizations").tag_resource(
        ResourceId=company.ids["audit"], Tags=[{"Key": "project", "Value": "apollo"}]
    )
    assert [item.is_pending for item in setting.differences()] == [False]
    settled(setting)


def test_billing_takes_its_time(company: Company) -> None:
    company.sandbox.configure(billing_lag_seconds=86_400.0)
    setting = company.applied(CostAllocationTags(), keys=("cost-center",))
    assert [item.is_pending for item in setting.differences()] == [True]
    company.sandbox.clock.sleep(86_401)
    settled(setting)


def test_a_key_that_was_switched_off_is_switched_on_and_others_stay(company: Company) -> None:
    setting = company.applied(CostAllocationTags(), keys=("cost-center",))
    settled(setting)
    ce = company.management("ce", "us-east-1")
    ce.update_cost_allocation_tags_status(
        CostAllocationTagsStatus=[{"TagKey": "cost-center", "Status": "Inactive"}]
    )
    settled(setting)


def test_more_than_one_calls_worth_of_keys(company: Company) -> None:
    keys = [f"key-{number:02}" for number in range(45)]
    company.management("organizations").tag_resource(
        ResourceId=company.ids["audit"], Tags=[{"Key": key, "Value": "x"} for key in keys]
    )
    settled(company.applied(CostAllocationTags(), keys=keys))
    assert active(company) == set(keys)


@pytest.mark.parametrize("keys", [[], ["aws:createdBy"], [""]])
def test_keys_that_cannot_be_activated_are_invalid(keys: Any) -> None:
    with pytest.raises(ValidationError):
        CostAllocationTagsParameters.model_validate({"keys": tuple(keys)})


# --- how strict the sandbox is --------------------------------------------------------------


def test_it_is_the_management_accounts_alone_and_twenty_at_once(company: Company) -> None:
    own = company.at("audit").look("ce", "us-east-1")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        own.list_cost_allocation_tags()
    ce = company.management("ce", "us-east-1")
    many = [{"TagKey": f"k{number}", "Status": "Active"} for number in range(21)]
    with pytest.raises(ClientError, match="ValidationException"):
        ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=many)
    answer = ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=many[:1])
    assert [item["Code"] for item in answer["Errors"]] == ["TagKeysNotFoundException"]
