from __future__ import annotations

import builders_plan as b
import pytest
from builders_kinds import what

from aft.organization.spec import UnitSpec
from aft.plan.model import Change, Plan


def units(*specs: UnitSpec, here: tuple[str, ...], removed: tuple[UnitSpec, ...] = ()) -> Plan:
    return b.plan(b.desired(units=specs, removed=removed), b.snapshot(here))


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(what(change), change.key) for change in plan.changes]


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def test_missing_units_are_created_parents_first() -> None:
    plan = units(b.unit("Workloads/Prod"), b.unit("Workloads"), here=())
    assert told(plan) == [("create ou", "Workloads"), ("create ou", "Workloads/Prod")]
    assert plan.changes[1].needs == (plan.changes[0].id,)


def test_units_that_are_there_need_nothing_and_others_are_left_alone() -> None:
    assert units(b.unit("Workloads"), here=("Workloads", "Unnamed")).is_empty


def test_previously_renames_and_what_is_below_goes_along() -> None:
    plan = units(b.unit("Workloads", "Work"), b.unit("Workloads/Prod"), here=("Work", "Work/Prod"))
    change = only(plan)
    assert (what(change), change.key) == ("update ou", "Workloads")
    assert [(item.field, item.before, item.after) for item in change.fields] == [
        ("name", "Work", "Workloads"),
        ("ou", "Work", "Workloads"),
        ("ou_id", b.unit_id("Work"), b.unit_id("Work")),
    ]


def test_parent_and_child_are_renamed_together() -> None:
    plan = units(
        b.unit("Workloads", "Work"),
        b.unit("Workloads/Prod", "Work/Production"),
        here=("Work", "Work/Production"),
    )
    assert told(plan) == [("update ou", "Workloads"), ("update ou", "Workloads/Prod")]
    assert plan.changes[1].needs == (plan.changes[0].id,)


def test_a_rename_frees_the_name_for_another_rename() -> None:
    plan = units(b.unit("C", "B"), b.unit("B", "A"), here=("A", "B"))
    assert told(plan) == [("update ou", "C"), ("update ou", "B")]
    assert plan.changes[1].needs == (plan.changes[0].id,)


def test_a_rename_that_is_done_is_not_repeated() -> None:
    assert units(b.unit("Workloads", "Work"), here=("Workloads",)).is_empty


def test_a_rename_below_another_parent_is_refused() -> None:
    plan = units(b.unit("A"), b.unit("A/New", "Old"), here=("A", "Old"))
    assert plan.is_empty
    assert [(item.code, item.target) for item in plan.attention] == [("AFT911", "organization")]


def test_a_rename_onto_an_existing_unit_is_refused() -> None:
    plan = units(b.unit("New", "Old"), here=("New", "Old"))
    assert plan.is_empty
    assert [item.code for item in plan.attention] == ["AFT911"]


def test_an_empty_removed_unit_is_deleted_children_first() -> None:
    plan = units(here=("Old", "Old/Sub"), removed=(b.unit("Old"), b.unit("Old/Sub")))
    assert told(plan) == [("delete ou", "Old/Sub"), ("delete ou", "Old")]
    assert plan.changes[1].needs == (plan.changes[0].id,)
    assert plan.waves[-1].title == "Clean-up"


def test_a_removed_unit_with_a_unit_inside_stays_and_says_so() -> None:
    plan = units(here=("Old", "Old/Sub"), removed=(b.unit("Old"),))
    assert plan.is_empty
    assert "still holds OU Old/Sub" in plan.attention[0].message


def test_a_removed_unit_with_an_account_inside_stays_and_says_so() -> None:
    state = b.desired(removed=(b.unit("Old"),))
    plan = b.plan(state, b.snapshot(("Old",), (b.account(1, "stray", "Old", tags={}),)))
    assert plan.is_empty
    assert plan.attention[0].code == "AFT910"
    assert "account stray (000000000001)" in plan.attention[0].message


def test_a_unit_emptied_by_this_plan_is_deleted_after_the_move() -> None:
    state = b.desired(b.request("app", "Workloads"), removed=(b.unit("Old"),))
    plan = b.plan(
        state,
        b.snapshot(("Workloads", "Old"), (b.account(1, "app", "Old"),)),
        b.ledger(b.record("app", 1)),
    )
    move, delete = plan.changes
    assert (what(move), what(delete)) == ("move account/ou", "delete ou")
    assert delete.needs == (move.id,)


def test_a_unit_that_a_new_account_goes_to_is_not_deleted() -> None:
    state = b.desired(b.request("app", "Old"), removed=(b.unit("Old"),))
    plan = b.plan(state, b.snapshot(("Old",)))
    assert told(plan) == [("create account", "")]
    assert "new account app" in plan.attention[0].message


def test_a_limited_plan_deletes_no_unit_and_looks_only_at_those_it_needs() -> None:
    state = b.desired(
        b.request("app", "Workloads/Prod"),
        units=(b.unit("Workloads"), b.unit("Workloads/Prod"), b.unit("Sandbox")),
        removed=(b.unit("Old"),),
    )
    world = b.snapshot(("Workloads", "Old"), scope=("app",))
    plan = b.plan(state, world, scope=("app",))
    assert told(plan) == [("create ou", "Workloads/Prod"), ("create account", "")]


def test_a_limited_plan_does_not_create_what_may_have_to_be_renamed() -> None:
    state = b.desired(b.request("app", "New"), units=(b.unit("New", "Old"),))
    plan = b.plan(state, b.snapshot((), scope=("app",)), scope=("app",))
    assert plan.is_empty
    assert {item.code for item in plan.attention} == {"AFT918", "AFT909"}


@pytest.mark.parametrize("name", ["Рrod", "prоd", "Ｐrod", "Prоd"])
def test_an_ou_that_looks_like_another_of_aws_is_not_created(name: str) -> None:
    """The other one is not in organization.yaml, so validate cannot compare them."""
    wanted = b.request("app", f"Workloads/{name}")
    state = b.desired(wanted, units=(b.unit("Workloads"), b.unit(f"Workloads/{name}")))
    plan = b.plan(state, b.snapshot(("Workloads", "Workloads/Prod")))
    assert ("AFT925", "organization") in [(item.code, item.target) for item in plan.attention]
    assert not [change for change in plan.changes if name in change.key]
    assert not [change for change in plan.changes if change.target == "app"], "it waits"


def test_an_ou_that_looks_like_another_below_a_renamed_parent() -> None:
    state = b.desired(units=(b.unit("Workloads", "Work"), b.unit("Workloads/Рrod")))
    plan = b.plan(state, b.snapshot(("Work", "Work/Prod")))
    assert "AFT925" in [item.code for item in plan.attention]
    assert told(plan) == [("update ou", "Workloads")]


def test_an_ou_is_renamed_from_what_looks_like_its_new_name() -> None:
    state = b.desired(units=(b.unit("Prod", "Рrod"),))
    plan = b.plan(state, b.snapshot(("Рrod",)))
    assert plan.attention == ()
    assert [(item.action.value, item.key) for item in plan.changes] == [("update", "Prod")]


def test_an_ou_is_not_renamed_to_what_looks_like_another() -> None:
    state = b.desired(units=(b.unit("Рrod", "Dev"),))
    plan = b.plan(state, b.snapshot(("Dev", "Prod")))
    assert "AFT925" in [item.code for item in plan.attention]
    assert [item.action.value for item in plan.changes] == []


def test_other_languages_and_existing_ous_are_left_alone() -> None:
    state = b.desired(units=(b.unit("開発"), b.unit("Ürün"), b.unit("Рrod")))
    plan = b.plan(state, b.snapshot(("Prod", "Рrod", "Urun")))
    assert plan.attention == ()
