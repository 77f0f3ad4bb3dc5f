"""The order of an account's settings, and what a deep plan makes of what it read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import builders_plan as b
import pytest
from builders_kinds import what
from builders_plan import FakeSetting

from aft.baselines.model import setting_ref
from aft.desired.model import DesiredState
from aft.findings.model import Condition
from aft.ledger.events import AccountRecord
from aft.plan.arrange import tails
from aft.plan.model import Change, LiveSetting, Plan

NUMBER = b.account_id(1)


class After(FakeSetting):
    """A setting that works on what others make."""

    def __init__(self, name: str, *others: str) -> None:
        super().__init__(name)
        self.comes_after = others


class Enabling(FakeSetting):
    """A setting that enables regions."""

    opts_into_regions = True


class Sweeping(After):
    """A setting that goes over what customizations make, too."""

    sweeps_account = True


def plugins(*items: FakeSetting) -> Mapping[str, Any]:
    return {item.name: item for item in items}


def state(*settings: str) -> DesiredState:
    return b.desired(
        b.request("app"),
        baselines=(b.baseline("standard", *settings),),
        customizations=(b.customization("global", "10.py"),),
    )


def order(found: Mapping[str, Any]) -> dict[str, set[str]]:
    """What each step of a new account's plan waits for, in the plan's order."""
    plan = b.plan(state(*found), b.snapshot(), plugins=found)
    names = {
        change.id: change.key if change.kind != "account" else what(change)
        for change in plan.changes
    }
    assert [key for wave in plan.waves for chain in wave.chains for key in chain] == list(names)
    return {names[change.id]: {names[need] for need in change.needs} for change in plan.changes}


def test_settings_go_side_by_side_and_customizations_after_all_of_them() -> None:
    assert order(plugins(*map(FakeSetting, ("one", "two", "three")))) == {
        "create account": set(),
        "one": {"create account"},
        "two": {"create account"},
        "three": {"create account"},
        "global/10.py": {"one", "two", "three"},
    }


def test_what_enables_regions_comes_before_all_others_wherever_it_is_listed() -> None:
    found = order(plugins(FakeSetting("one"), Enabling("regions"), FakeSetting("two")))
    assert list(found) == ["create account", "regions", "one", "two", "global/10.py"]
    assert found["one"] == found["two"] == {"regions"}
    assert found["global/10.py"] == {"one", "two"}


def test_a_setting_waits_for_those_it_comes_after_and_for_no_other() -> None:
    found = order(
        plugins(
            After("rules", "network", "not in this baseline"),
            FakeSetting("alias"),
            After("network", "removal"),
            FakeSetting("removal"),
        )
    )
    assert list(found)[1:5] == ["alias", "removal", "network", "rules"]
    assert found["rules"] == {"network"}
    assert found["network"] == {"removal"}
    assert found["removal"] == found["alias"] == {"create account"}
    assert found["global/10.py"] == {"alias", "rules"}


def test_plug_ins_that_come_after_each_other_go_as_the_baseline_lists_them() -> None:
    found = order(plugins(After("hen", "egg"), After("egg", "hen")))
    assert list(found)[1:3] == ["hen", "egg"]
    assert found["egg"] == {"hen"}


# --- settings that go over all there is ------------------------------------------------------


SWEEPING = plugins(Sweeping("groups", "network"), FakeSetting("network"))


def test_what_goes_over_all_there_is_comes_after_customizations_however_they_end() -> None:
    found = order(SWEEPING)
    assert list(found)[1:] == ["network", "global/10.py", "groups"]
    assert found["groups"] == {"network"}
    plan = b.plan(state(*SWEEPING), b.snapshot(), plugins=SWEEPING)
    assert plan.changes[-1].follows == ("account/app/run-customization/global/10.py",)
    assert set(tails(plan.changes)) == {change.id for change in plan.changes[-2:]}


def sweeping_plan(*undone: str, **more: Any) -> Plan:
    """Of an account where all but ``undone`` is done."""
    wanted = state(*SWEEPING)
    steps = b.all_done(wanted, "app", 1, plugins=SWEEPING)
    record = b.record("app", 1, steps={k: v for k, v in steps.items() if k not in undone})
    accounts = b.snapshot(accounts=(b.account(1, "app"),))
    return b.plan(wanted, accounts, b.ledger(record), plugins=SWEEPING, **more)


def test_it_is_done_as_long_as_no_customization_runs() -> None:
    assert sweeping_plan().is_empty
    (network,) = sweeping_plan("network").changes
    assert network.key == "network"


def test_it_looks_again_whenever_one_runs_whatever_was_seen_before() -> None:
    right = {(NUMBER, name): item for name, item in seen("groups").items()}
    for live in (None, right):
        run, again = sweeping_plan("global/10.py", live=live).changes
        assert (run.key, again.key) == ("global/10.py", "groups")
        assert again.follows == (run.id,)
        assert again.reason == "looked at again once the customizations have run"


def test_it_does_not_try_what_it_is_known_to_refuse() -> None:
    refused = {(NUMBER, name): item for name, item in seen("groups", refused="in use").items()}
    plan = sweeping_plan("global/10.py", live=refused)
    assert [change.key for change in plan.changes] == ["global/10.py"]
    assert [item.code for item in plan.attention] == ["AFT912"]


# --- deep plans -------------------------------------------------------------------------------


def deep(record: AccountRecord, live: Mapping[str, LiveSetting] | None) -> Plan:
    seen = None if live is None else {(NUMBER, name): item for name, item in live.items()}
    return b.plan(
        state(),
        b.snapshot(accounts=(b.account(1, "app"),)),
        b.ledger(record),
        live=seen,
        deep=True,
    )


def settled() -> AccountRecord:
    return b.record("app", 1, steps=b.all_done(state(), "app", 1))


def seen(name: str, *differences: str, **more: Any) -> dict[str, LiveSetting]:
    found = LiveSetting(account_id=NUMBER, ref=setting_ref(name), differences=differences, **more)
    return {name: found}


RIGHT = {**seen("account-alias"), **seen("ebs-default-encryption")}


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def test_before_anything_is_read_a_deep_plan_holds_every_setting_and_no_customization() -> None:
    plan = deep(settled(), None)
    assert [change.key for change in plan.changes] == [
        "account-alias",
        "ebs-default-encryption",
    ]


def test_what_is_still_right_is_neither_a_change_nor_anything_to_note() -> None:
    plan = deep(settled(), RIGHT)
    assert (plan.changes, plan.confirmations, plan.attention) == ((), (), ())


def test_what_was_changed_by_hand_is_put_back_and_says_since_when() -> None:
    plan = deep(settled(), {**RIGHT, **seen("account-alias", "alias 'x', should be 'acme'")})
    assert only(plan).key == "account-alias"
    assert only(plan).details == ("alias 'x', should be 'acme'",)
    assert only(plan).reason == "changed in the account since 2026-11-20"
    assert only(plan).inputs_digest == settled().steps["setting/account-alias"].digest


def test_what_was_not_applied_yet_is_confirmed_as_ever() -> None:
    plan = deep(b.record("app", 1), RIGHT)
    assert [item.ref.key for item in plan.confirmations] == list(RIGHT)


def test_a_refusal_says_what_to_do_about_it_and_leaves_other_regions_to_be_fixed() -> None:
    half = seen("account-alias", "eu-west-1: x", refused="eu-central-1: in use", hint="move it")
    plan = deep(b.record("app", 1, steps=settled().steps), {**RIGHT, **half})
    assert only(plan).details == ("eu-west-1: x",)
    (doubt,) = plan.attention
    assert (doubt.code, doubt.hint) == ("AFT912", "move it")


def test_a_setting_that_refuses_now_is_a_doubt_although_it_was_applied() -> None:
    plan = deep(settled(), {**RIGHT, **seen("account-alias", refused="in use")})
    assert plan.is_empty
    assert [item.code for item in plan.attention] == ["AFT912"]


@pytest.mark.parametrize("unread", [{}, seen("account-alias", unread="503")])
def test_what_could_not_be_read_is_a_doubt_not_a_match(unread: dict[str, LiveSetting]) -> None:
    plan = deep(settled(), {**seen("ebs-default-encryption"), **unread})
    assert plan.is_empty
    (doubt,) = plan.attention
    assert doubt.code == "AFT922"
    assert doubt.message.startswith("setting account-alias could not be read")
    assert plan.summary.accounts_in_doubt == 1


def test_an_account_nobody_can_enter_is_one_doubt() -> None:
    closed = {
        name: LiveSetting(account_id=NUMBER, ref=setting_ref(name), unread="no entry")
        for name in RIGHT
    }
    (doubt,) = deep(settled(), closed).attention
    assert doubt.message == (
        "2 settings (account-alias, ebs-default-encryption) could not be read, so it is not known "
        "whether they are still as applied: no entry"
    )


def test_what_may_not_be_read_says_so_although_it_was_never_applied() -> None:
    barred = seen("account-alias", unread="may not", lacks_permission=True, hint="allow it")
    plan = deep(b.record("app", 1), {**RIGHT, **barred})
    assert [change.key for change in plan.changes] == ["account-alias", "global/10.py"]
    (doubt,) = plan.attention
    assert (doubt.code, doubt.condition, doubt.hint) == ("AFT922", Condition.UNREAD, "allow it")
    assert doubt.message == (
        "setting account-alias could not be read, so it is not known how far it is as desired: "
        "may not"
    )


def test_a_difference_in_one_region_counts_though_another_could_not_be_read() -> None:
    plan = deep(settled(), {**RIGHT, **seen("account-alias", "wrong", unread="503")})
    assert only(plan).details == ("wrong",)


def test_what_was_never_applied_and_could_not_be_read_is_still_to_be_applied() -> None:
    plan = deep(b.record("app", 1), {**RIGHT, **seen("account-alias", unread="503")})
    assert [change.key for change in plan.changes] == ["account-alias", "global/10.py"]
    assert plan.attention == ()
