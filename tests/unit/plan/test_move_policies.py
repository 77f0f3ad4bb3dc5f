"""A plan that moves an account says which policies it leaves and gains."""

from __future__ import annotations

import builders_plan as b
import pytest

from aft.kinds.account.policies import Attached
from aft.organization.model import Policy

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
    asked = sorted(item.ref.key for item in look.looks.get("account", ()))
    every = [b.account_id(1), b.ROOT, *map(b.unit_id, UNITS)]
    assert asked == (sorted(every) if is_limited else [])


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
