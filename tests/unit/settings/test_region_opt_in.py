from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from builders_inside import HOME, Applied, Inside, applied, facts

from aft.errors import Terminal
from aft.sandbox.regions import OPT_IN
from aft.settings.region_opt_in import RegionOptIn


def opting(inside: Inside, *regions: str, within_minutes: int = 60) -> Applied:
    account = facts(inside.account_id, regions=(HOME, *regions))
    return applied(inside, RegionOptIn(), account=account, within_minutes=within_minutes)


def enabled(inside: Inside) -> list[str]:
    pages = inside.look("account").get_paginator("list_regions")
    found = pages.paginate(RegionOptStatusContains=["ENABLED"])
    return sorted(item["RegionName"] for page in found for item in page["Regions"])


def slow(inside: Inside, seconds: float) -> None:
    inside.sandbox.configure(region_opt_seconds=seconds)


def test_the_regions_the_account_governs_are_enabled_and_usable(inside: Inside) -> None:
    slow(inside, 300)
    opt_in = opting(inside, "me-south-1", "eu-west-1", "af-south-1")
    assert [item.description for item in opt_in.differences()] == [
        "region af-south-1 is disabled, should be enabled",
        "region me-south-1 is disabled, should be enabled",
    ]
    with pytest.raises(ClientError):
        inside.look("ec2", "me-south-1").describe_vpcs()
    opt_in.change()
    assert enabled(inside) == ["af-south-1", "me-south-1"]
    assert inside.look("ec2", "me-south-1").describe_vpcs()["Vpcs"]
    assert opt_in.differences() == ()
    written = opt_in.writes()
    opt_in.change()
    assert opt_in.writes() == written


def test_an_account_without_opt_in_regions_costs_no_call(inside: Inside) -> None:
    before = inside.sandbox.calls
    assert opting(inside, "eu-west-1").differences() == ()
    assert inside.sandbox.calls == before


def test_more_regions_than_aws_takes_at_once_have_their_turn(inside: Inside) -> None:
    slow(inside, 120)
    wanted = sorted(OPT_IN)[:9]
    opting(inside, *wanted).change()
    assert enabled(inside) == wanted


def test_a_region_disabled_by_hand_is_drift(inside: Inside) -> None:
    opt_in = opting(inside, "me-south-1")
    opt_in.change()
    inside.look("account").disable_region(RegionName="me-south-1")
    assert len(opt_in.differences()) == 1
    opt_in.change()
    assert enabled(inside) == ["me-south-1"]


def test_regions_no_longer_governed_stay_enabled(inside: Inside) -> None:
    opting(inside, "me-south-1").change()
    later = opting(inside)
    assert later.differences() == ()
    later.change()
    assert enabled(inside) == ["me-south-1"]


def test_aws_taking_too_long_is_told(inside: Inside) -> None:
    slow(inside, 3600)
    with pytest.raises(Terminal, match="has not enabled me-south-1 within 5 minutes"):
        opting(inside, "me-south-1", within_minutes=5).change()
    assert [item.before for item in opting(inside, "me-south-1").differences()] == ["enabling"]


def test_a_region_the_account_is_not_offered_is_refused(inside: Inside) -> None:
    opt_in = opting(inside, "me-south-1")
    with pytest.raises(Terminal, match="does not offer me-south-1"):
        opt_in.setting.change(opt_in.inputs, {}, inside.session)
    assert opt_in.writes() == []
