"""A plan that was made before is carried out as it was reviewed, or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import builders_plan as b
import pytest
from builders_kinds import KINDS

from aft.baselines.model import SettingParameters, setting_ref
from aft.kinds.ou.kind import OrganizationalUnits
from aft.plan.kind import Kinds
from aft.plan.model import FieldChange, LiveSetting, Plan
from aft.plan.pinned import asked_again, redrafted, what_differs
from aft.plan.view import PlanView
from aft.values.parts import Comparison, PartChange, PartOutcome

ALIAS = (b.account_id(1), "account-alias")
DIFFERS = LiveSetting(account_id=ALIAS[0], ref=setting_ref(ALIAS[1]), differences=("no alias",))


class LaterSetting(b.FakeSetting):
    """The same setting in a release in which it does something else."""

    effect_version: ClassVar[int] = 2


class OtherDefault(SettingParameters):
    level: int = 6


class LaxerSetting(b.FakeSetting):
    """The same setting in a release in which its default is another."""

    parameters_model = OtherDefault  # type: ignore[assignment]


class LaterRunner(b.FakeRunner):
    """The same runner in a release in which it does something else."""

    effect_version: ClassVar[int] = 2


def view(*, level: int | None = None, **plugins: Any) -> PlanView:
    """An account to be moved, with a setting found otherwise and one not looked at, and a new
    account below a new OU; both with a customization."""
    baseline = b.baseline()
    specs = [
        replace(spec, parameters={} if level is None else {"level": level})
        for spec in baseline.settings
    ]
    return b.view(
        b.desired(
            b.request("app", "Workloads/Prod"),
            b.request("new", "Workloads/New"),
            units=[b.unit("Workloads"), b.unit("Workloads/Prod"), b.unit("Workloads/New")],
            baselines=[replace(baseline, settings=tuple(specs))],
            customizations=[b.customization("global", "10.py")],
        ),
        b.snapshot(("Workloads", "Workloads/Prod"), accounts=[b.account(1, "app")]),
        b.ledger(b.record("app", 1)),
        **plugins,
    )


def pinned(inputs: PlanView) -> Plan:
    return b.drafted(inputs, b.Looking({"setting": {ALIAS: DIFFERS}})).plan


def differences(plan: Plan, inputs: PlanView) -> tuple[str, ...]:
    again = replace(inputs, is_deep=True, rerun=asked_again(plan))
    return what_differs(plan, redrafted(plan, again, kinds=KINDS, made_at=b.NOW).plan, KINDS)


def other(name: str, plugin: type[b.FakeSetting]) -> dict[str, Any]:
    return {**b.SETTINGS, name: plugin(name)}


def test_the_same_version_does_what_it_said() -> None:
    plan = pinned(view())
    assert len({change.kind for change in plan.changes}) == 4
    assert differences(plan, view()) == ()


def test_what_was_found_right_then_is_not_asked_again() -> None:
    found = LiveSetting(account_id=ALIAS[0], ref=setting_ref(ALIAS[1]))
    plan = b.drafted(view(), b.Looking({"setting": {ALIAS: found}})).plan
    assert plan.confirmations
    assert differences(plan, view()) == ()


def test_a_step_that_was_asked_for_is_part_of_the_plan() -> None:
    state = view()
    done = b.all_done(state.desired, "app", 1)
    inputs = replace(state, ledger=b.ledger(b.record("app", 1, steps=done)))
    plan = pinned(replace(inputs, rerun=frozenset({"global"})))
    assert any(change.fields and change.kind == "customization" for change in plan.changes)
    assert differences(plan, inputs) == ()


@pytest.mark.parametrize("plugin", [LaterSetting, LaxerSetting])
def test_a_setting_that_does_something_else_by_now_is_named(plugin: type[b.FakeSetting]) -> None:
    plan = pinned(view())
    assert differences(plan, view(plugins=other("account-alias", plugin))) == (
        "app: set account-alias would do something else",
        "new: set account-alias would do something else",
    )


def test_another_default_that_a_baseline_overrides_changes_nothing() -> None:
    plan = pinned(view(level=3))
    assert differences(plan, view(level=3, plugins=other("account-alias", LaxerSetting))) == ()


def test_a_runner_that_does_something_else_by_now_is_named() -> None:
    later = replace(view(), runners={"python": LaterRunner()})
    assert differences(pinned(view()), later) == (
        "app: run global/10.py would do something else",
        "new: run global/10.py would do something else",
    )


@pytest.mark.parametrize("part", ["version", "name"])
def test_an_account_provider_that_does_something_else_by_now_is_named(part: str) -> None:
    inputs = view()
    if part == "version":
        now = replace(inputs, provider_version=2)
    else:
        config = inputs.desired.config.model_copy(update={"provider": "landing-zone"})
        now = replace(inputs, desired=replace(inputs.desired, config=config))
    assert differences(pinned(inputs), now) == ("new: create account would do something else",)


def test_what_this_version_would_not_do_is_named() -> None:
    plan = pinned(view())
    without = replace(view().desired, customizations={})
    assert differences(plan, replace(view(), desired=without)) == (
        "app: run global/10.py would not be done",
        "new: run global/10.py would not be done",
    )


def test_an_account_is_created_as_reviewed_or_not_at_all() -> None:
    plan = pinned(view())
    changes = tuple(
        replace(change, effect="sha256:" + "0" * 64)
        if change.kind == "account" and change.target == "new"
        else change
        for change in plan.changes
    )
    assert differences(replace(plan, changes=changes), view()) == (
        "new: create account would do something else",
    )


def test_a_kind_that_carries_out_otherwise_by_now_is_named() -> None:
    class Later(OrganizationalUnits):
        effect_version = 2

    plan = pinned(view())
    kinds = Kinds(Later() if kind.name == "ou" else kind for kind in KINDS.values())
    now = redrafted(plan, replace(view(), is_deep=True), kinds=kinds, made_at=b.NOW).plan
    assert what_differs(plan, now, kinds) == ("create OU Workloads/New would do something else",)


@pytest.mark.parametrize("part", ["fields", "account_id", "inputs_digest"])
def test_what_is_carried_out_is_compared_and_not_only_what_the_plan_says_of_it(part: str) -> None:
    """A digest in a file is no proof of what stands beside it."""
    forged: dict[str, Any] = {
        "fields": (FieldChange(field="tags.team", before=None, after="evil"),),
        "account_id": b.account_id(7),
        "inputs_digest": "sha256:" + "1" * 64,
    }
    plan = pinned(view())
    change = next(item for item in plan.changes if item.id == "account/app/move-account/ou")
    wrong = replace(change, **{part: forged[part]})
    changes = tuple(wrong if item is change else item for item in plan.changes)
    assert differences(replace(plan, changes=changes), view()) == (
        "app: move account would do something else",
    )


@pytest.mark.parametrize("part", ["needs", "follows"])
def test_the_order_of_changes_is_compared(part: str) -> None:
    plan = pinned(view())
    first = next(item for item in plan.changes if item.id == "account/app/move-account/ou")
    last = next(item for item in plan.changes if item.key == "global/10.py")
    wrong = replace(last, needs=()) if part == "needs" else replace(last, follows=(first.id,))
    changes = tuple(wrong if item is last else item for item in plan.changes)
    assert differences(replace(plan, changes=changes), view()) == (
        "app: run global/10.py would have another place in the order",
    )


def test_what_nobody_looks_at_again_is_no_difference_in_order() -> None:
    """The step waited for the move alone; drafted again, it waits for the setting between."""
    found = LiveSetting(account_id=ALIAS[0], ref=setting_ref(ALIAS[1]))
    plan = b.drafted(view(), b.Looking({"setting": {ALIAS: found}})).plan
    without = tuple(item for item in plan.confirmations if item.ref.key != ALIAS[1])
    assert differences(replace(plan, confirmations=without), view()) == ()


PART = PartChange(id="B", noun="x", outcome=PartOutcome.REPLACED)


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        (Comparison(unknown=("only its tool knows",)), True),
        (Comparison(), True),  # a preview found out
        (Comparison(parts=(PART,)), False),  # consent to what was never shown
        (Comparison(is_new=True), False),
        (None, False),
    ],
)
def test_what_people_agreed_to_is_compared_and_what_became_known_is_not(
    shown: Comparison | None, same: bool
) -> None:
    plan = pinned(view())
    first, *rest = plan.changes
    now = replace(first, comparison=Comparison(unknown=("only its tool knows",)))
    said = replace(first, comparison=shown)
    found = what_differs(
        replace(plan, changes=(said, *rest)), replace(plan, changes=(now, *rest)), KINDS
    )
    assert (found == ()) is same
