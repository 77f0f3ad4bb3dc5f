from __future__ import annotations

from aft.kinds.setting.read import across_regions


def test_what_is_alike_in_several_regions_is_one_line() -> None:
    told = [
        (region, f"EBS encryption by default in {region} is off, should be on")
        for region in ("eu-central-1", "eu-west-1", "us-east-1")
    ]
    assert across_regions(told) == (
        "EBS encryption by default in eu-central-1, eu-west-1 and us-east-1 is off, should be on",
    )


def test_what_differs_stays_apart_and_in_order() -> None:
    told = [
        ("eu-central-1", "default VPC vpc-1 in eu-central-1 exists"),
        ("eu-central-1", "AMIs in eu-central-1: unblocked"),
        ("eu-west-1", "default VPC vpc-2 in eu-west-1 exists"),
        ("eu-west-1", "AMIs in eu-west-1: unblocked"),
    ]
    assert across_regions(told) == (
        "default VPC vpc-1 in eu-central-1 exists",
        "AMIs in eu-central-1 and eu-west-1: unblocked",
        "default VPC vpc-2 in eu-west-1 exists",
    )


def test_a_region_elsewhere_in_the_text_is_part_of_what_differs() -> None:
    told = [
        (region, f"the key in {region} is arn:aws:kms:{region}:1, should be the default")
        for region in ("eu-central-1", "eu-west-1")
    ]
    assert across_regions(told) == tuple(text for _, text in told)


def test_a_setting_that_does_not_say_where_is_told_where() -> None:
    assert across_regions([("eu-central-1", "off"), ("eu-west-1", "off"), (None, "no alias")]) == (
        "eu-central-1 and eu-west-1: off",
        "no alias",
    )
