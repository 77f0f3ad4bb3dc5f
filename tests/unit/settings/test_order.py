"""What the built-in settings say of the order in which they go."""

from __future__ import annotations

from graphlib import TopologicalSorter

from aft.baselines.model import ComesAfter, OptsIntoRegions
from aft.plugins import SETTINGS_GROUP, load_plugins

SETTINGS = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
AFTER = {
    name: plugin.comes_after for name, plugin in SETTINGS.items() if isinstance(plugin, ComesAfter)
}


def test_settings_come_after_settings_that_exist() -> None:
    assert {other for others in AFTER.values() for other in others} <= SETTINGS.keys()


def test_no_settings_wait_for_each_other_in_a_circle() -> None:
    order = list(TopologicalSorter(AFTER).static_order())
    assert order.index("default-vpc-removal") < order.index("network")
    assert order.index("network") < order.index("default-security-group")
    assert order.index("config-recorder") < order.index("security-hub")


def test_one_setting_enables_regions_and_so_comes_before_all_others() -> None:
    enabling = {name for name, plugin in SETTINGS.items() if isinstance(plugin, OptsIntoRegions)}
    assert enabling == {"region-opt-in"}
    assert "region-opt-in" not in AFTER
