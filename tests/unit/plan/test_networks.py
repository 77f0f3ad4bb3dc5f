"""Networks in a plan: what is remembered, seen, left behind or unknown decides who gets what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from builders_kinds import what
from builders_plan import (
    Looking,
    account,
    account_id,
    but,
    desired,
    done,
    drafted,
    ledger,
    path,
    record,
    request,
    snapshot,
    unit,
    view,
)

from aft.baselines.model import Baseline, Selector, SettingSpec, setting_ref
from aft.config.model import Config, NetworkPool, NetworksConfig
from aft.findings.model import SourceRef
from aft.ledger.events import ORGANIZATION, AccountRecord
from aft.plan.codec import plan_from_json, plan_to_json
from aft.plan.fields import allocations_in
from aft.plan.model import LiveSetting, Plan
from aft.settings.network.setting import Network
from aft.values.ids import AccountId, RequestId

SOURCE = SourceRef("customizations/baselines/standard.yaml", 4)
CONFIG = Config(
    home_region="eu-central-1",
    networks=NetworksConfig(pools={"workloads": NetworkPool(cidr="10.64.0.0/16")}),
)


def standard(**parameters: Any) -> Baseline:
    return Baseline(
        name="standard",
        description="",
        select=Selector(organizational_units=(path("Workloads"),)),
        settings=(
            SettingSpec(
                setting="network",
                parameters={"pool": "workloads", "prefix": 20, **parameters},
                source=SOURCE,
            ),
        ),
        source=SOURCE,
    )


def state(*names: str, **fields: Mapping[str, Any]) -> Any:
    requests = [request(name, **fields.get(name, {})) for name in names]
    return desired(*requests, units=[unit("Workloads")], baselines=[standard()], config=CONFIG)


def planned(
    wanted: Any,
    accounts: Mapping[str, int] | None = None,
    *records: AccountRecord,
    seen: Mapping[tuple[str, str], str | None] | None = None,
    live: Mapping[tuple[str, str], LiveSetting] | None = None,
    scope: tuple[str, ...] | None = None,
) -> Plan:
    world = snapshot(accounts=[account(number, name) for name, number in (accounts or {}).items()])
    plugins = {"network": Network()}
    inputs = view(wanted, world, ledger(*records), plugins=plugins, scope=scope)
    return drafted(
        inputs, None if seen is None else Looking({"address-range": seen, "setting": live})
    ).plan


def looked_at(
    wanted: Any, accounts: Mapping[str, int], *records: AccountRecord
) -> list[tuple[str, AccountId]]:
    """The accounts whose network somebody looks for."""
    looking = Looking()
    world = snapshot(accounts=[account(number, name) for name, number in accounts.items()])
    drafted(view(wanted, world, ledger(*records), plugins={"network": Network()}), looking)
    return [(look.target, look.account_id) for look in looking.looks.get("address-range", ())]


def ranges(plan: Plan) -> dict[str, str]:
    return {target: found["network"] for target, found in allocations_in(plan).items()}


def test_new_accounts_get_ranges_by_request_id_and_the_plan_file_holds_them() -> None:
    plan = planned(state("b", "a", "c"))
    assert ranges(plan) == {"a": "10.64.0.0/20", "b": "10.64.16.0/20", "c": "10.64.32.0/20"}
    assert ranges(plan_from_json(plan_to_json(plan))) == ranges(plan)


def test_a_limited_plan_gives_the_same_ranges() -> None:
    for name, cidr in ranges(planned(state("b", "a", "c"))).items():
        assert ranges(planned(state("b", "a", "c"), scope=(name,))) == {name: cidr}


def test_what_is_remembered_stays() -> None:
    remembered = record("b", 1, allocations={"network": "10.64.0.0/20"})
    plan = planned(state("a", "b"), {"b": 1}, remembered, seen={})
    assert ranges(plan) == {"a": "10.64.16.0/20", "b": "10.64.0.0/20"}
    (change,) = (item for item in plan.changes if item.id.startswith("account/b/"))
    assert [(item.before, item.after) for item in change.fields] == [
        ("10.64.0.0/20", "10.64.0.0/20")
    ]
    assert looked_at(state("a", "b"), {"b": 1}, remembered) == []


def test_an_account_nobody_remembers_is_looked_at_before_it_gets_a_range() -> None:
    assert looked_at(state("a", "b"), {"b": 1}) == [("b", account_id(1))]
    found = planned(state("a", "b"), {"b": 1}, seen={(account_id(1), "network"): "10.64.0.0/20"})
    assert ranges(found) == {"a": "10.64.16.0/20", "b": "10.64.0.0/20"}
    none = planned(state("a", "b"), {"b": 1}, seen={(account_id(1), "network"): None})
    assert ranges(none) == {"a": "10.64.0.0/20", "b": "10.64.16.0/20"}


def test_an_account_that_cannot_be_looked_at_waits() -> None:
    plan = planned(state("a", "b"), {"b": 1}, seen={})
    assert ranges(plan) == {"a": "10.64.0.0/20"}
    assert [(item.code, item.target) for item in plan.attention] == [("AFT932", "b")]


def test_a_network_found_right_is_remembered() -> None:
    seen = {(account_id(1), "network"): "10.64.80.0/20"}
    right = LiveSetting(account_id=account_id(1), ref=setting_ref("network"))
    plan = planned(
        state("a", "b"),
        {"b": 1},
        record("b", 1),
        seen=seen,
        live={(account_id(1), "network"): right},
    )
    (confirmation,) = plan.confirmations
    assert (confirmation.target, confirmation.allocation) == ("b", "10.64.80.0/20")
    assert ranges(plan)["b"] == "10.64.80.0/20"


def test_what_a_forgotten_account_left_is_not_given_while_it_is_there() -> None:
    left = record(ORGANIZATION, allocations={f"{account_id(7)}/network": "10.64.0.0/20"})
    assert ranges(planned(state("a"), {"gone": 7}, left)) == {"a": "10.64.16.0/20"}
    assert ranges(planned(state("a"), {}, left)) == {"a": "10.64.0.0/20"}
    limited = planned(state("a"), {}, left, scope=("a",))
    assert ranges(limited) == {"a": "10.64.0.0/20"}, "the snapshot itself was of everything"


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_network_that_left_the_baseline_keeps_its_range(*, is_forgotten: bool) -> None:
    """No other account gets it while the network is there, and the account has it again."""
    steps = {} if is_forgotten else {"network": done("x")}
    known = record("moved", 1, steps=steps, allocations={"network": "10.64.0.0/20"})
    away = state("a", "moved", moved={"ou": path("Sandbox")})
    away = but(away, organization=desired(units=[unit("Workloads"), unit("Sandbox")]).organization)
    plan = planned(away, {"moved": 1}, known, seen={})
    assert ranges(plan) == {"a": "10.64.16.0/20"}
    released = [change for change in plan.changes if what(change) == "release setting"]
    assert len(released) == len(steps)
    back = planned(state("a", "moved"), {"moved": 1}, known, seen={})
    assert ranges(back) == {"a": "10.64.16.0/20", "moved": "10.64.0.0/20"}


def test_an_account_that_comes_back_has_its_range_again() -> None:
    left = record(ORGANIZATION, allocations={f"{account_id(7)}/network": "10.64.48.0/20"})
    wanted = state("a", "back", back={"account_id": account_id(7)})
    plan = planned(wanted, {"back": 7}, left, seen={})
    assert ranges(plan) == {"a": "10.64.0.0/20", "back": "10.64.48.0/20"}


def test_a_record_of_a_request_that_never_had_an_account_holds_nothing() -> None:
    stale = record("withdrawn", None, allocations={"network": "10.64.0.0/20"})
    assert ranges(planned(state("a"), {}, stale)) == {"a": "10.64.0.0/20"}
    kept = record("a", None, allocations={"network": "10.64.32.0/20"})
    assert ranges(planned(state("a"), {}, kept)) == {"a": "10.64.32.0/20"}


def test_a_renamed_request_brings_its_range_along() -> None:
    before = record("old", 1, allocations={"network": "10.64.32.0/20"})
    wanted = state("a", "new", new={"previously": RequestId("old")})
    assert ranges(planned(wanted, {"old": 1}, before, seen={})) == {
        "a": "10.64.0.0/20",
        "new": "10.64.32.0/20",
    }


def test_a_given_range_that_is_taken_holds_back_the_network_alone() -> None:
    fields = {"z": {"custom_fields": {"vpc": {"cidr": "10.64.0.0/24"}}}}
    wanted = but(
        state("a", "z", **fields),
        baselines={"standard": standard(cidr_from="custom_fields.vpc.cidr")},
    )
    holder = record("a", 1, allocations={"network": "10.64.0.0/20"}, steps={"network": done("x")})
    plan = planned(wanted, {"a": 1}, holder, seen={})
    assert [(item.code, item.target) for item in plan.attention] == [("AFT931", "z")]
    assert "create account" in {what(change) for change in plan.changes_of("z")}
    assert "z" not in ranges(plan)


def test_a_field_that_holds_a_range_counts_in_every_request() -> None:
    fields = {"hub": {"custom_fields": {"vpc": {"cidr": "10.64.0.0/20"}}}}
    wanted = state("a", "hub", **fields)
    reads = standard(cidr_from="custom_fields.vpc.cidr")
    elsewhere = but(reads, select=Selector(requests=("a",)))
    plan = planned(but(wanted, baselines={"standard": elsewhere}))
    assert ranges(plan) == {"a": "10.64.16.0/20"}


def test_reserved_ranges_are_given_to_nobody() -> None:
    reserved = CONFIG.networks.model_copy(update={"reserved": ("10.64.0.0/18",)})
    config = CONFIG.model_copy(update={"networks": reserved})
    assert ranges(planned(but(state("a"), config=config))) == {"a": "10.64.64.0/20"}
