from __future__ import annotations

import builders_plan as b
import pytest
from builders_kinds import what

from aft.baselines.model import setting_ref
from aft.customizations.model import Customization
from aft.desired.model import DesiredState
from aft.ledger.events import AccountRecord
from aft.plan.diff import settings_to_read
from aft.plan.model import LiveSetting, Plan

OUTPUTS = frozenset({"outputs"})
ALIAS = (b.account_id(1), "account-alias")


def subjects(plan: Plan) -> list[str]:
    return [change.key for change in plan.changes]


def planned(state: DesiredState, record: AccountRecord, **options: object) -> Plan:
    return b.plan(
        state,
        b.snapshot(accounts=(b.account(1, "app"),)),
        b.ledger(record),
        **options,  # type: ignore[arg-type]  # the builder's own options
    )


def state_with(
    *customizations: Customization, level: int = 1, steps: tuple[str, ...] = ()
) -> DesiredState:
    return b.desired(
        b.request("app", customizations=steps),
        baselines=(b.baseline("standard", "account-alias", "iam-password-policy", level=level),),
        customizations=customizations,
    )


def test_what_the_ledger_has_by_the_same_digest_is_done() -> None:
    state = state_with(b.customization("global", "10.py"))
    assert planned(state, b.record("app", 1, steps=b.all_done(state, "app", 1))).is_empty


def test_other_parameters_apply_the_settings_again() -> None:
    record = b.record("app", 1, steps=b.all_done(state_with(), "app", 1))
    plan = planned(state_with(level=2), record)
    assert subjects(plan) == ["account-alias", "iam-password-policy"]
    assert plan.changes[0].reason == "baseline standard: changed since 2026-11-20"
    assert plan.changes[0].inputs_digest.startswith("sha256:")


def test_only_settings_of_accounts_that_exist_are_read_live() -> None:
    state = b.desired(b.request("app"), b.request("new"), baselines=(b.baseline(),))
    plan = planned(state, b.record("app", 1))
    assert {change.target for change in plan.changes} == {"app", "new"}
    assert {change.target for change in settings_to_read(plan)} == {"app"}
    assert all(what(change) == "update setting" for change in settings_to_read(plan))


def test_a_setting_found_as_it_should_be_is_a_confirmation() -> None:
    state = state_with()
    first = planned(state, b.record("app", 1))
    found = LiveSetting(account_id=ALIAS[0], ref=setting_ref(ALIAS)[1])
    plan = planned(state, b.record("app", 1), live={ALIAS: found})
    assert subjects(plan) == ["iam-password-policy"]
    (confirmation,) = plan.confirmations
    assert (confirmation.target, confirmation.ref.key) == ("app", "account-alias")
    assert confirmation.inputs_digest == first.changes[0].inputs_digest
    assert plan.changes[0].needs == ()


def test_differences_found_live_are_the_details() -> None:
    found = LiveSetting(account_id=ALIAS[0], ref=setting_ref(ALIAS)[1], differences=("no alias",))
    plan = planned(state_with(), b.record("app", 1), live={ALIAS: found})
    assert plan.changes[0].details == ("no alias",)
    assert plan.confirmations == ()


def test_a_setting_that_refuses_is_attention_and_no_change() -> None:
    found = LiveSetting(account_id=ALIAS[0], ref=setting_ref(ALIAS)[1], refused="in use by eni-1")
    plan = planned(state_with(), b.record("app", 1), live={ALIAS: found})
    assert subjects(plan) == ["iam-password-policy"]
    assert [item.code for item in plan.attention] == ["AFT912"]
    assert "in use by eni-1" in plan.attention[0].message


def test_global_steps_come_first_then_those_of_the_request_in_its_order() -> None:
    state = b.desired(
        b.request("app", customizations=("web", "pci")),
        customizations=(
            b.customization("pci", "10.py"),
            b.customization("web", "10.py", "20.py"),
            b.customization("global", "90.py"),
            b.customization("unasked", "10.py"),
        ),
    )
    plan = planned(state, b.record("app", 1))
    assert subjects(plan) == ["global/90.py", "web/10.py", "web/20.py", "pci/10.py"]


def test_a_step_that_reads_outputs_follows_an_earlier_step_that_runs() -> None:
    reader = b.customization("web", "10.py", uses=OUTPUTS)
    maker = b.customization("global", "10.py")
    state = b.desired(b.request("app", customizations=("web",)), customizations=(maker, reader))
    steps = b.all_done(state, "app", 1)
    record = b.record("app", 1, steps={**steps, "global/10.py": b.done("sha256:old")})
    plan = planned(state, record)
    assert subjects(plan) == ["global/10.py", "web/10.py"]
    assert plan.changes[1].inputs_digest == ""
    assert plan.changes[1].reason == "its inputs may change"


def test_a_step_that_reads_no_outputs_stays_done() -> None:
    state = b.desired(
        b.request("app", customizations=("web",)),
        customizations=(b.customization("global", "10.py"), b.customization("web", "10.py")),
    )
    steps = {**b.all_done(state, "app", 1), "global/10.py": b.done("sha256:old")}
    assert subjects(planned(state, b.record("app", 1, steps=steps))) == ["global/10.py"]


def test_other_outputs_of_an_earlier_step_run_the_reader_again() -> None:
    reader = b.customization("web", "10.py", uses=OUTPUTS)
    maker = b.customization("global", "10.py")
    state = b.desired(b.request("app", customizations=("web",)), customizations=(maker, reader))
    steps = dict(b.all_done(state, "app", 1))
    steps["global/10.py"] = b.done(steps["global/10.py"].digest, {"vpc": "vpc-2"})
    assert subjects(planned(state, b.record("app", 1, steps=steps))) == ["web/10.py"]


def test_a_failed_step_says_why_it_is_tried_again() -> None:
    state = state_with()
    plan = planned(state, b.record("app", 1, failures={"account-alias": b.failed("taken")}))
    assert "tried again" in plan.changes[0].reason
    assert "taken" in plan.changes[0].reason


def test_baselines_that_tie_are_never_decided_by_their_name() -> None:
    state = b.desired(
        b.request("app"),
        baselines=(b.baseline("one"), b.baseline("two")),
        customizations=(b.customization("global", "10.py"),),
    )
    plan = planned(state, b.record("app", 1))
    assert plan.is_empty
    assert [item.code for item in plan.attention] == ["AFT919"]
    assert "one and two" in plan.attention[0].message


def test_a_parameter_that_does_not_fit_one_account_leaves_the_others_alone() -> None:
    bad = b.baseline("bad", "account-alias", ou="Workloads/Bad", level="{name}")  # type: ignore[arg-type]  # wrong on purpose
    state = b.desired(b.request("app", "Workloads/Bad"), b.request("fine"), baselines=(bad,))
    plan = b.plan(state, b.snapshot(("Workloads", "Workloads/Bad")))
    assert [change.id for change in plan.changes] == ["account/fine/create-account"]
    assert [(item.target, item.code) for item in plan.attention] == [("app", "AFT920")]


@pytest.mark.parametrize("uses", [frozenset(), frozenset({"name"})])
def test_a_new_accounts_steps_are_all_planned(uses: frozenset[str]) -> None:
    state = b.desired(
        b.request("app"),
        baselines=(b.baseline(),),
        customizations=(b.customization("global", "10.py", uses=uses),),
    )
    plan = b.plan(state, b.snapshot())
    assert subjects(plan) == ["", "account-alias", "ebs-default-encryption", "global/10.py"]
    assert settings_to_read(plan) == ()


@pytest.mark.parametrize("step", ["account-alias", "global/10.py"])
def test_a_step_that_failed_since_it_was_done_is_tried_again(step: str) -> None:
    # A change that failed half-way and was then reverted has the digest of what was done before.
    state = state_with(b.customization("global", "10.py"))
    record = b.record(
        "app", 1, steps=b.all_done(state, "app", 1), failures={step: b.failed("timed out")}
    )
    assert subjects(planned(state, record)) == [step]
