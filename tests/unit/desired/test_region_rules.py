"""Opt-in regions: the baseline enables them before its first regional setting, or it is told."""

from __future__ import annotations

from builders_requests import lines, load, request_text

from aft.desired.desired import LoadResult

BASELINE = "customizations/baselines/production.yaml"
SHOP = "account-requests/shop.yaml"
CONFIG = "home_region: eu-central-1\n"


def loaded(*settings: str, regions: str = "[me-south-1]", config: str = CONFIG) -> LoadResult:
    listed = "".join(f"  - setting: {name}\n" for name in settings)
    text = request_text("shop") + "baseline: production\n"
    text += f"regions: {regions}\n" if regions else ""
    return load({"aft.yaml": config, BASELINE: f"settings:\n{listed}", SHOP: text})


def test_enabled_first_is_fine() -> None:
    assert lines(loaded("account-alias", "region-opt-in", "ebs-default-encryption")) == []


def test_enabled_too_late_is_told_where_the_region_stands() -> None:
    result = loaded("ebs-default-encryption", "region-opt-in", regions="[eu-west-1, me-south-1]")
    assert lines(result) == [f"{SHOP}:5:22 AFT340"]
    message = result.findings[0].message
    assert "me-south-1 must be opted in to" in message
    assert f"'ebs-default-encryption' ({BASELINE}:2:14) before region-opt-in" in message


def test_a_baseline_that_never_enables_them_is_told() -> None:
    result = loaded("account-alias")
    assert lines(result) == [f"{SHOP}:5:11 AFT340"]
    assert "baseline 'production' has no region-opt-in" in result.findings[0].message


def test_regions_every_account_has_need_nothing() -> None:
    assert lines(loaded("ebs-default-encryption", regions="[eu-west-1]")) == []


def test_an_opt_in_region_of_aft_yaml_is_told_at_the_baseline() -> None:
    config = CONFIG + "governed_regions: [me-south-1]\n"
    result = loaded("ebs-default-encryption", regions="", config=config)
    assert lines(result) == [f"{BASELINE}:2:14 AFT340"]
    assert "aft.yaml governs me-south-1" in result.findings[0].message
    good = loaded("region-opt-in", "ebs-default-encryption", regions="", config=config)
    assert lines(good) == []
