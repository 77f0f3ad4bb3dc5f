"""Settings that were applied in an account and are no longer in its baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import builders_plan as b
import pytest
from builders_kinds import KINDS, what

from aft.desired.model import DesiredState
from aft.findings.model import Condition
from aft.ledger.events import EventKind, LedgerEvent
from aft.ledger.replay import apply_event
from aft.plan.drift import detect_drift
from aft.plan.model import Plan
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.report.wording import in_words
from aft.settings.network.setting import Network

REAL = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
PLAIN: Mapping[str, Any] = {**b.SETTINGS, "network": Network()}


def state(*baselines: Any, **fields: Any) -> DesiredState:
    return b.desired(b.request("app", **fields), baselines=baselines)


def plan(
    wanted: DesiredState, *steps: str, plugins: Mapping[str, Any] = PLAIN, **record: Any
) -> Plan:
    done = {
        **b.all_done(wanted, "app", 1, plugins=plugins),
        **{name: b.done("x") for name in steps},
    }
    book = b.ledger(b.record("app", 1, steps=done, **record))
    return b.plan(wanted, b.snapshot(accounts=(b.account(1, "app"),)), book, plugins=plugins)


def test_a_setting_that_leaves_the_baseline_is_forgotten_and_what_stays_is_said() -> None:
    """An account went from one OU to another: the plan had no line on its network."""
    found = plan(state(b.baseline()), "network", "iam-password-policy")
    assert [(what(item), item.key) for item in found.changes] == [
        ("release setting", "iam-password-policy"),
        ("release setting", "network"),
    ]
    (remark,) = found.attention
    assert (remark.code, remark.condition) == ("AFT945", Condition.REMARK)
    assert "not in baseline standard" in remark.message
    assert "network: the VPC stays, and keeps its address range" in remark.message
    assert "iam-password-policy: what it set stays" in remark.message
    (one,) = plan(state(b.baseline()), "network").attention
    assert one.message == (
        "setting network is not in baseline standard, so aft forgets it: the VPC stays, and "
        "keeps its address range"
    )
    assert found.changes[0].reason == "not in baseline standard; what it set stays"
    assert in_words(KINDS, found.changes[0]) == "app: forget iam-password-policy"


@pytest.mark.parametrize("name", sorted(REAL))
def test_what_protects_is_risky_to_forget(name: str) -> None:
    """Without it in the ledger, a weaker one could be added later as if it were the first."""
    known = {"mine": b.FakeSetting("mine"), name: REAL[name]}
    (change,) = plan(state(b.baseline("standard", "mine")), name, plugins=known).changes
    routine = {
        *("account-alias", "cost-allocation-tags", "default-vpc-removal", "enterprise-support"),
        *("region-opt-in", "service-quotas", "ssm-metadata"),
    }
    assert change.risk == ("" if name in routine else "weaker")


def test_a_setting_of_a_plug_in_that_is_gone_counts_as_one_that_protects() -> None:
    (change,) = plan(state(b.baseline()), "theirs").changes
    assert (change.key, change.risk) == ("theirs", "weaker")


def test_an_account_without_a_baseline_leaves_all_of_it() -> None:
    found = plan(state(b.baseline(ou="Sandbox")))
    assert [item.key for item in found.changes] == ["account-alias", "ebs-default-encryption"]
    assert "are in no baseline of the account" in found.attention[0].message


def test_one_that_never_succeeded_is_forgotten_too() -> None:
    (change,) = plan(state(b.baseline()), failures={"network": b.failed("no room")}).changes
    assert (what(change), change.key) == ("release setting", "network")


def test_nothing_is_forgotten_while_it_is_unknown_what_the_account_gets() -> None:
    tied = plan(state(b.baseline("one"), b.baseline("two")), "network")
    assert (tied.changes, [item.code for item in tied.attention]) == ((), ["AFT919"])


def test_nothing_is_forgotten_of_another_account() -> None:
    """What the ledger has of the account that the request was bound to before."""
    wanted = state(b.baseline())
    book = b.ledger(b.record("app", 2, steps={"network": b.done("x")}))
    world = b.snapshot(accounts=(b.account(1, "app"),))
    found = b.plan(wanted, world, book, plugins=PLAIN)
    assert not [item for item in found.changes if what(item) == "release setting"]


def test_it_is_said_once() -> None:
    wanted = state(b.baseline())
    before = b.record("app", 1, steps={**b.all_done(wanted, "app", 1), "network": b.done("x")})
    removed = LedgerEvent(
        kind=EventKind.STEP_REMOVED,
        subject="app",
        at=b.NOW,
        run="r",
        actor="someone",
        data={"kind": "setting", "action": "release", "key": "network", "how": "kept"},
    )
    after = apply_event(replace(before, allocations={"network": "10.64.0.0/20"}), removed)
    assert after is not None
    assert after.allocations == {"network": "10.64.0.0/20"}
    world = b.snapshot(accounts=(b.account(1, "app"),))
    assert b.plan(wanted, world, b.ledger(after), plugins=PLAIN).is_empty


def test_drift_says_it_too() -> None:
    wanted = state(b.baseline())
    world = b.snapshot(accounts=(b.account(1, "app"),))
    done = {**b.all_done(wanted, "app", 1), "network": b.done("x")}
    book = b.ledger(b.record("app", 1, steps=done))
    made = b.plan(wanted, world, book, plugins=PLAIN)
    drift = detect_drift(made, wanted, world, book, kinds=KINDS, applied={})
    assert [(item.word, item.subject) for item in drift.pending] == [("forget", "network")]
    assert [item.code for item in drift.doubts] == ["AFT945"]
    assert drift.outside == ()
