"""What AWS bills for, as settings say it themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aft.baselines.model import BaselineSetting, Bills
from aft.plugins import SETTINGS_GROUP, load_plugins

SETTINGS: dict[str, BaselineSetting[Any, Any]] = dict(
    load_plugins(SETTINGS_GROUP, lambda item: item.name)
)
TIERS = [{"name": "private"}, {"name": "public", "public": True}]


def bills(name: str, **parameters: object) -> str:
    plugin = SETTINGS[name]
    assert isinstance(plugin, Bills)
    return plugin.bills_for(plugin.parameters_model.model_validate_json(json.dumps(parameters)))


def test_the_settings_that_cost_say_so() -> None:
    assert {name for name, plugin in SETTINGS.items() if isinstance(plugin, Bills)} == {
        "cloudtrail",
        "config-recorder",
        "enterprise-support",
        "guardduty",
        "network",
        "security-hub",
    }


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("config-recorder", {}, "configuration items recorded"),
        ("guardduty", {}, "the events and data analysed"),
        ("enterprise-support", {}, "Enterprise Support"),
        ("security-hub", {}, "security checks"),
        ("cloudtrail", {}, "a trail in addition to the first one"),
        ("cloudtrail", {"kms_key_id": "alias/logs"}, "requests to the key"),
        ("network", {"cidr": "10.0.0.0/20"}, "flow logs"),
        (
            "network",
            {"cidr": "10.0.0.0/20", "tiers": TIERS, "nat": "single", "flow_logs": None},
            "1 NAT gateway, by the hour and gigabyte",
        ),
        (
            "network",
            {"cidr": "10.0.0.0/20", "tiers": TIERS, "nat": "per-zone"},
            "3 NAT gateways, by the hour and gigabyte, and flow logs",
        ),
    ],
)
def test_in_a_few_words(name: str, parameters: dict[str, object], words: str) -> None:
    assert words in bills(name, **parameters)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("cloudtrail", {"organization": True}),
        ("security-hub", {"standards": []}),
        ("network", {"cidr": "10.0.0.0/20", "flow_logs": None}),
    ],
)
def test_nothing_where_the_parameters_ask_for_nothing(
    name: str, parameters: dict[str, object]
) -> None:
    assert bills(name, **parameters) == ""
