"""A plan that moves an account says which policies it leaves and gains."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import builders_plan as b
import pytest

from aft.kinds.account.policies import Attached
from aft.organization.model import Policy
from aft.plan.draft import Unread
from aft.plan.fields import POLICIES, field_of
from aft.plan.model import FieldChange, Plan
from aft.plan.reviewed import (
    does_something_else,
    newly_risky,
    reviewed_from_json,
    reviewed_of,
    reviewed_to_json,
    together,
)

UNITS = ("Workloads", "Workloads/Prod", "Sandbox")


def policy(name: str, *targets: str, kind: str = "SERVICE_CONTROL_POLICY") -> Policy:
    found = tuple(t if t.startswith("r-") or t.isdigit() else b.unit_id(t) for t in targets)
    return Policy(id=f"p-{name}", name=name, type=kind, targets=found)


SAID = {
    "left": ((policy("a", "Sandbox"),), ["leaves SCP a"]),
    "gained, also from above": (
        (policy("a", "Workloads"), policy("b", "Workloads/Prod", kind="RESOURCE_CONTROL_POLICY")),
        ["gains RCP b and SCP a"],
    ),
    "of another type": ((policy("t", "Sandbox", kind="TAG_POLICY"),), ["leaves tag policy t"]),
    "both": (
        (policy("a", "Sandbox"), policy("b", "Workloads")),
        ["leaves SCP a", "gains SCP b"],
    ),
    "at both places": ((policy("a", "Sandbox", "Workloads"),), []),
    "at the root": ((policy("a", b.ROOT, "Sandbox"),), []),
    "at the account": ((policy("a", "000000000001", "Sandbox"),), []),
    "elsewhere": ((policy("a", "000000000002"),), []),
}


@pytest.mark.parametrize(("policies", "said"), SAID.values(), ids=SAID)
@pytest.mark.parametrize("is_limited", [False, True])
def test_what_a_move_leaves_and_gains(
    policies: tuple[Policy, ...], said: list[str], is_limited: bool
) -> None:
    world = b.snapshot(
        UNITS,
        (b.account(1, "app", "Sandbox"),),
        policies=() if is_limited else policies,
        scope=("app",) if is_limited else None,
    )
    state = b.desired(b.request("app", "Workloads/Prod"), units=map(b.unit, UNITS))
    view = b.view(
        state, world, b.ledger(b.record("app", 1)), scope=("app",) if is_limited else None
    )
    look = b.Looking(
        {
            "account": {
                (b.MANAGEMENT, target): [Attached(item.id, item.name, item.type)]
                for item in policies
                for target in item.targets
            }
        }
    )
    (move,) = b.drafted(view, look).plan.changes
    assert list(move.details) == said
    asked = look.looks.get("account", ())
    assert [item.ref.key for item in asked] == (sorted(map(b.unit_id, UNITS)) if is_limited else [])
    assert all(item.subject == {b.account_id(1), b.ROOT} for item in asked)


def test_policies_that_may_not_be_read_are_not_known_and_the_plan_says_why() -> None:
    world = b.snapshot(UNITS, (b.account(1, "app", "Sandbox"),), scope=("app",))
    state = b.desired(b.request("app", "Workloads/Prod"), units=map(b.unit, UNITS))
    view = b.view(state, world, b.ledger(b.record("app", 1)), scope=("app",))
    targets = [(b.MANAGEMENT, b.unit_id(name)) for name in UNITS]
    unread = Unread("the policies that moves leave and gain", "may not", "allow it")
    look = b.Looking({"account": dict.fromkeys(targets, unread)})
    plan = b.drafted(view, look).plan
    (move,) = plan.changes
    unknown = FieldChange(field=POLICIES, before=None, after=None, known=False)
    assert field_of(move, POLICIES) == unknown
    (doubt,) = plan.attention
    assert (doubt.code, doubt.target, doubt.hint) == ("AFT929", "organization", "allow it")
    assert doubt.message == "the policies that moves leave and gain could not be looked at: may not"


PUBLISHED = {
    "yesterday": (b.NOW, 1, UNITS, True),
    "longer ago": (b.NOW, 2, UNITS, False),
    "before there was the new OU": (b.NOW, 0, UNITS[::2], False),
}


@pytest.mark.parametrize(("read_at", "days", "units", "is_used"), PUBLISHED.values(), ids=PUBLISHED)
def test_a_limited_plan_believes_what_was_published_lately(
    read_at: datetime, days: int, units: tuple[str, ...], is_used: bool
) -> None:
    accounts = (b.account(1, "app", "Sandbox"),)
    policies = (policy("a", "Sandbox"), policy("b", "Workloads"), policy("c", b.ROOT))
    world = b.snapshot(UNITS, accounts, scope=("app",))
    view = b.view(
        b.desired(b.request("app", "Workloads/Prod"), units=map(b.unit, UNITS)),
        world,
        b.ledger(b.record("app", 1)),
        scope=("app",),
        published=b.snapshot(units, accounts, policies=policies),
        today=(read_at + timedelta(days=days)).date(),
    )
    look = b.Looking()
    (move,) = b.drafted(view, look).plan.changes
    assert ("account" in look.looks) is not is_used
    when = "policies as published, read 2026-11-22 12:00 UTC"
    assert list(move.details) == (["leaves SCP a", "gains SCP b", when] if is_used else [])
    known = FieldChange(field=POLICIES, before="p-a", after="p-b")
    unknown = FieldChange(field=POLICIES, before=None, after=None, known=False)
    assert field_of(move, POLICIES) == (known if is_used else unknown)


def move_of(*policies: Policy, is_read: bool = True) -> Plan:
    scope = None if is_read else ("app",)
    world = b.snapshot(
        UNITS, (b.account(1, "app", "Sandbox"),), policies=policies if is_read else (), scope=scope
    )
    state = b.desired(b.request("app", "Workloads/Prod"), units=map(b.unit, UNITS))
    return b.drafted(b.view(state, world, b.ledger(b.record("app", 1)), scope=scope)).plan


def test_what_was_reviewed_of_policies_is_what_happens() -> None:
    """A guardrail that was attached after the review makes it another move."""
    a, b_ = policy("a", "Sandbox"), policy("b", "Workloads")
    more = policy("c", "Workloads/Prod")
    seen = reviewed_from_json(reviewed_to_json(reviewed_of(move_of(a, b_))))
    assert newly_risky(seen, move_of(a, b_)) == ()
    assert newly_risky(seen, move_of(replace(a, name="renamed"), b_)) == ()
    for now in ((a, b_, more), (a,), (b_,), ()):
        (held,) = newly_risky(seen, move_of(*now))
        assert does_something_else(seen, held)
    nothing = reviewed_of(move_of())
    assert newly_risky(nothing, move_of()) == ()
    assert newly_risky(nothing, move_of(more)) != ()
    both = together([seen, nothing])
    assert newly_risky(both, move_of(a, b_)) == newly_risky(both, move_of()) == ()


def test_policies_that_one_of_the_plans_did_not_read_decide_nothing() -> None:
    a = policy("a", "Sandbox")
    assert newly_risky(reviewed_of(move_of(is_read=False)), move_of(a)) == ()
    assert newly_risky(reviewed_of(move_of(a)), move_of(is_read=False)) == ()


def test_of_a_new_ou_those_above_it_hold() -> None:
    world = b.snapshot(
        ("Workloads", "Sandbox"),
        (b.account(1, "app", "Sandbox"),),
        policies=(policy("a", "Workloads"), policy("b", "Sandbox")),
    )
    state = b.desired(
        b.request("app", "Workloads/New"),
        units=map(b.unit, ("Workloads", "Sandbox", "Workloads/New")),
    )
    changes = b.plan(state, world, b.ledger(b.record("app", 1))).changes
    assert changes[-1].details == ("leaves SCP b", "gains SCP a")


def test_an_account_that_stays_asks_for_nothing() -> None:
    world = b.snapshot(UNITS, (b.account(1, "app", "Sandbox"),), scope=("app",))
    state = b.desired(b.request("app", "Sandbox"), units=map(b.unit, UNITS))
    look = b.Looking()
    b.drafted(b.view(state, world, b.ledger(b.record("app", 1)), scope=("app",)), look)
    assert "account" not in look.looks
