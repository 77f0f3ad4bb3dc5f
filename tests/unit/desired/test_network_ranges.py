"""What is wrong with ranges of addresses, told at the line that says it, before any plan."""

from __future__ import annotations

import pytest
from builders_requests import lines, load, request_text

from aft.desired.desired import LoadResult

BASELINE = "customizations/baselines/net.yaml"
CONFIG = """\
home_region: eu-central-1
networks:
  pools:
    workloads: {cidr: 10.64.0.0/14}
  reserved: [10.0.0.0/16]
"""
SETTING = """\
settings:
  - setting: network
    parameters: {cidr_from: custom_fields.vpc.cidr, pool: workloads, prefix: 20}
"""


def net(name: str, cidr: str = "", extra: str = "") -> dict[str, str]:
    fields = f"custom_fields:\n  vpc: {{cidr: {cidr}}}\n" if cidr else ""
    text = request_text(name) + "baseline: net\n" + fields + extra
    return {f"account-requests/{name}.yaml": text}


def loaded(*requests: dict[str, str], setting: str = SETTING, config: str = CONFIG) -> LoadResult:
    files = {path: text for request in requests for path, text in request.items()}
    return load({"aft.yaml": config, BASELINE: setting, **files})


def test_given_and_allocated_ranges_side_by_side_are_fine() -> None:
    result = loaded(net("a", "10.20.0.0/20"), net("b", "10.20.16.0/20"), net("c"))
    assert lines(result) == []


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("10.20.0.0/33", "is not an IPv4 range"),
        ("10.20.0.0", "lacks its size"),
        ("10.20.0.1/20", "10.20.0.0/20 is meant"),
        ("172.16.0.0/12", "AWS accepts /16 to /28"),
        ("10.20.0.0/27", "it wants /26 or larger"),
    ],
)
def test_a_range_that_is_none_is_told_where_it_stands(cidr: str, words: str) -> None:
    result = loaded(net("a", cidr))
    assert lines(result) == ["account-requests/a.yaml:6:15 AFT330"]
    assert words in result.findings[0].message


def test_two_requests_with_overlapping_ranges_are_told_at_the_second() -> None:
    result = loaded(net("b", "10.20.4.0/24"), net("a", "10.20.0.0/20"))
    assert lines(result) == ["account-requests/b.yaml:6:15 AFT331"]
    assert "10.20.4.0/24 overlaps 10.20.0.0/20 of a (" in result.findings[0].message


def test_a_range_counts_also_where_no_network_is_made_of_it() -> None:
    other = request_text("hub") + "custom_fields:\n  vpc: {cidr: 10.20.0.0/16}\n"
    result = loaded(net("zoo", "10.20.4.0/24"), {"account-requests/hub.yaml": other})
    assert lines(result) == ["account-requests/zoo.yaml:6:15 AFT331"]
    both = {
        "account-requests/hub.yaml": other,
        "account-requests/hub2.yaml": other.replace("hub", "hub2"),
    }
    assert lines(loaded(net("a"), both)) == [], "nobody makes a network of these"


def test_a_reserved_range_is_nobodys() -> None:
    result = loaded(net("a", "10.0.4.0/24"))
    assert lines(result) == ["account-requests/a.yaml:6:15 AFT331"]
    assert "`networks.reserved` of aft.yaml" in result.findings[0].message


def test_a_range_outside_every_pool_is_told_where_pools_are_meant_alone() -> None:
    strict = CONFIG.replace("networks:\n", "networks:\n  pools_only: true\n")
    result = loaded(net("a", "10.20.0.0/20"), net("b", "10.64.16.0/20"), config=strict)
    assert lines(result) == ["account-requests/a.yaml:6:15 AFT332"]
    assert "outside every pool of aft.yaml: workloads (10.64.0.0/14)" in result.findings[0].message


def test_an_unknown_pool_is_told_once_in_the_baseline() -> None:
    setting = SETTING.replace("workloads", "worklods")
    result = loaded(net("a"), net("b"), setting=setting)
    assert lines(result) == [f"{BASELINE}:2:14 AFT333"]
    assert "worklods" in result.findings[0].message
    assert "workloads" in result.findings[0].hint


def test_a_pool_smaller_than_what_is_wanted_of_it_is_told() -> None:
    config = CONFIG.replace("10.64.0.0/14", "10.64.0.0/21")
    result = loaded(net("a"), config=config)
    assert lines(result) == [f"{BASELINE}:2:14 AFT333"]
    assert "a /20 does not fit into pool 'workloads'" in result.findings[0].message


def test_without_range_and_pool_the_request_is_told() -> None:
    setting = SETTING.replace(", pool: workloads", "")
    result = loaded(net("a"), net("b", "10.20.0.0/20"), setting=setting)
    assert lines(result) == ["account-requests/a.yaml:4:11 AFT333"]
    assert "custom_fields.vpc.cidr is not given" in result.findings[0].message


def test_a_range_of_the_baseline_serves_one_account() -> None:
    setting = "settings:\n  - setting: network\n    parameters: {cidr: 10.20.0.0/20}\n"
    assert lines(loaded(net("a"), setting=setting)) == []
    result = loaded(net("a"), net("b"), setting=setting)
    assert lines(result) == [f"{BASELINE}:2:14 AFT331"]


def test_templates_may_use_the_range_of_an_account_that_has_a_network() -> None:
    template = "customizations/accounts/hub/10-hub.cfn.yaml"
    text = "Description: '{{ account.allocations.network }}'\n"
    asks = "customizations: [hub]\n"
    assert lines(loaded(net("a", extra=asks), {template: text})) == []
    plain = {"account-requests/b.yaml": request_text("b") + asks}
    result = loaded(net("a"), plain, {template: text})
    assert [item.source.path for item in result.findings] == ["account-requests/b.yaml"]
    assert "allocations" in result.findings[0].message


@pytest.mark.parametrize(
    "wrong", ["homeregion: eu-west-1\n", "limits: {accounts: many}\n", "a: [\n"]
)
def test_an_error_in_the_configuration_is_told_alone(wrong: str) -> None:
    """What depends on it, such as pools and governed regions, is not known then."""
    result = loaded(net("a"), {"account-requests/b.yaml": request_text("b")}, config=CONFIG + wrong)
    assert {item.path for item in result.findings} == {"aft.yaml"}
    opts_in = SETTING.replace("settings:\n", "settings:\n  - setting: region-opt-in\n")
    result = loaded(
        net("a", extra="regions: [me-south-1]\n"), setting=opts_in, config=CONFIG + wrong
    )
    assert {item.path for item in result.findings} == {"aft.yaml"}
