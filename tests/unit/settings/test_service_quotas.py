from __future__ import annotations

from typing import Any

import pytest
from builders_inside import HOME, Applied, Inside, applied
from pydantic import ValidationError

from aft.errors import Terminal
from aft.settings.service_quotas import ServiceQuotas, ServiceQuotasParameters

VPCS = {"service": "vpc", "quota": "L-F678F1CE"}
ROLES = {"service": "iam", "quota": "L-FE177D64", "is_global": True}


def raising(inside: Inside, *quotas: dict[str, Any], region: str = HOME) -> Applied:
    parameters = {"quotas": tuple(quotas)}
    return applied(inside, ServiceQuotas(), region=region, **parameters)


def asked(inside: Inside, region: str = HOME, **quota: Any) -> list[float]:
    history = inside.look(
        "service-quotas", region
    ).list_requested_service_quota_change_history_by_quota(
        ServiceCode=quota["service"], QuotaCode=quota["quota"]
    )
    return [item["DesiredValue"] for item in history["RequestedQuotas"]]


def test_a_quota_that_is_high_enough_is_left_alone(inside: Inside) -> None:
    enough = raising(inside, {**VPCS, "at_least": 5.0})
    assert enough.differences() == ()
    enough.change()
    assert enough.writes() == []


def test_an_increase_is_asked_for_once_and_shown_until_it_is_there(inside: Inside) -> None:
    more = raising(inside, {**VPCS, "at_least": 8.0})
    (difference,) = more.differences()
    assert difference.description == (
        f"quota VPCs per Region (vpc L-F678F1CE) in {HOME} is 5, should be at least 8"
    )
    assert not difference.is_pending
    more.change()
    assert more.writes() == ["RequestServiceQuotaIncrease"]
    (waiting,) = more.differences()
    assert waiting.is_pending
    assert waiting.description.endswith("(8 was asked for: pending)")
    more.change()
    assert more.writes() == ["RequestServiceQuotaIncrease"]
    assert more.differences() == (), "approved by now"


def test_a_support_case_is_waited_for(inside: Inside) -> None:
    much = raising(inside, {**VPCS, "at_least": 500.0})
    much.change()
    for _ in range(3):
        assert [item.is_pending for item in much.differences()] == [True]
        much.change()
    assert asked(inside, **VPCS) == [500.0]


def test_a_quota_is_never_decreased(inside: Inside) -> None:
    quotas = inside.look("service-quotas")
    quotas.request_service_quota_increase(
        ServiceCode="vpc", QuotaCode="L-F678F1CE", DesiredValue=10
    )
    for _ in range(3):
        asked(inside, **VPCS)
    less = raising(inside, {**VPCS, "at_least": 8.0})
    assert less.differences() == ()
    less.change()
    assert asked(inside, **VPCS) == [10.0]


def test_global_quotas_are_asked_for_in_one_region(inside: Inside) -> None:
    quota = {**ROLES, "at_least": 2000.0}
    assert raising(inside, quota, region="eu-west-1").differences() == ()
    more = raising(inside, quota)
    assert "in us-east-1 is 1,000, should be at least 2,000" in more.differences()[0].description
    more.change()
    assert asked(inside, "us-east-1", **ROLES) == [2000.0]


def test_a_quota_that_is_not_there_is_told_and_the_others_are_raised(inside: Inside) -> None:
    unknown = {"service": "vpc", "quota": "L-00000000", "at_least": 3.0}
    fixed = {"service": "vpc", "quota": "L-3248932A", "at_least": 30_000.0}
    both = raising(inside, unknown, {**VPCS, "at_least": 7.0}, fixed)
    with pytest.raises(Terminal, match=r"L-00000000\) does not exist; .* cannot be raised"):
        both.change()
    assert asked(inside, **VPCS) == [7.0]


@pytest.mark.parametrize(
    "quota",
    [
        {**VPCS, "at_least": 0.0},
        {"service": "vpc", "quota": "VPCs", "at_least": 3.0},
        {**VPCS},
    ],
)
def test_quotas_that_are_none_are_invalid(quota: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ServiceQuotasParameters.model_validate({"quotas": (quota,)})
