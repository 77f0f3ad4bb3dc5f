"""Every action on every kind goes through everything that speaks of changes; unknown ones never."""

from __future__ import annotations

import json
from dataclasses import replace

import builders_report as r
import pytest
from builders_kinds import KINDS, a_change

from aft.app.apply.applying import check_reviewed
from aft.config.model import Limits
from aft.errors import UserError
from aft.plan.codec import plan_from_json, plan_to_json
from aft.plan.holding import holds_of
from aft.plan.model import ORGANIZATION, Change, Plan
from aft.plan.outcome import Outcome, Status, StepOutcome, TargetOutcome
from aft.plan.reviewed import reviewed_from_json, reviewed_of, reviewed_to_json
from aft.plan.waves import make_waves
from aft.report.markdown.fitting import comment
from aft.report.markdown.outcome import OutcomePage
from aft.report.markdown.plan import PlanPage
from aft.report.markdown.unreviewed import in_words
from aft.report.outcome import outcome_view
from aft.report.text import plan_view

ASPECTS = {"update": ("request", "name", "tags"), "move": ("ou",)}
KEY = "web/10-thing.py"


def every_change() -> list[Change]:
    found = []
    for kind in KINDS.values():
        target = "app" if kind.is_inside or kind.name == "account" else ORGANIZATION
        for action in kind.verbs:
            keys = ASPECTS.get(action, ("",)) if kind.name == "account" else (KEY,)
            found += [
                a_change(f"{action.value} {kind.name}", target, key, reason="because")
                for key in keys
            ]
    return found


EVERY = every_change()
each = pytest.mark.parametrize("change", EVERY, ids=lambda change: change.id)


def plan_of(*changes: Change) -> Plan:
    empty = r.empty()
    of_organization = {item.kind: 1 for item in changes if item.target == ORGANIZATION}
    summary = replace(empty.summary, organization=of_organization)
    return replace(empty, changes=changes, waves=make_waves(changes, KINDS), summary=summary)


@each
def test_it_is_in_the_text_and_on_the_page(change: Change) -> None:
    plan = plan_of(change)
    name = KINDS.of(change).name_of(change)
    for shown in (plan_view(plan, kinds=KINDS).plain, comment(PlanPage(kinds=KINDS, plan=plan))):
        assert (name or change.target) in shown
        assert f"{change.symbol} " in shown or "! " in shown  # a diff shows updates so
    assert in_words(KINDS, change)


@each
def test_a_risky_one_says_why_and_is_never_folded(change: Change) -> None:
    page = comment(PlanPage(kinds=KINDS, plan=plan_of(change)))
    assert bool(change.risk) is ("Look closely" in page)
    if change.risk and change.target != ORGANIZATION:
        assert KINDS.risk_words(change) in page
    assert ("<details>" in page) is (not change.risk and change.target != ORGANIZATION)


@each
def test_it_survives_json_and_its_review_is_of_it(change: Change) -> None:
    plan = plan_of(change)
    assert plan_from_json(plan_to_json(plan)) == plan
    reviewed = reviewed_from_json(reviewed_to_json(reviewed_of(plan)))
    check_reviewed(KINDS, reviewed)
    assert not holds_of(plan, reviewed, kinds=KINDS)
    KINDS.check(plan.changes)


@each
def test_it_is_named_when_it_fails_and_counted_when_it_is_done(change: Change) -> None:
    verb = KINDS.verb(change)
    for status in (Status.FAILED, Status.SUCCEEDED):
        step = StepOutcome(change=change, status=status, message="because of that")
        row = TargetOutcome(target=change.target, account_id=None, steps=(step,))
        outcome = Outcome(run="r", targets=(row,))
        page = comment(OutcomePage(kinds=KINDS, plan=plan_of(change), outcome=outcome))
        if status is Status.FAILED:
            assert KINDS.describe(change) in outcome_view(outcome, KINDS).plain
            assert KINDS.describe(change) in page
        else:
            assert (verb.done or f"1 {verb.counted[0] if verb.counted else '?'}") in page


@each
def test_its_limits_are_keys_of_the_configuration(change: Change) -> None:
    for limit in KINDS.of(change).limits(change):
        assert limit.name in Limits.model_fields


def test_a_plan_of_a_kind_that_is_not_installed_is_refused_by_name() -> None:
    change = replace(EVERY[0], kind="spaceship")
    with pytest.raises(UserError, match="no kind 'spaceship'"):
        KINDS.check((change,))
    with pytest.raises(UserError, match="no kind 'spaceship'"):
        plan_view(plan_of(change), kinds=KINDS)


def test_a_review_of_a_kind_that_is_not_installed_is_refused_by_name() -> None:
    text = reviewed_to_json(reviewed_of(plan_of(EVERY[0])))
    for key, word, told in (
        ("kind", "spaceship", "no kind 'spaceship'"),
        ("action", "close", "know no action 'close'"),
    ):
        values = json.loads(text)
        values["changes"][0][key] = word
        reviewed = reviewed_from_json(json.dumps(values))
        with pytest.raises(UserError, match=told):
            check_reviewed(KINDS, reviewed)


def test_a_plan_that_plays_down_a_risk_is_refused() -> None:
    risky = next(change for change in EVERY if change.risk)
    with pytest.raises(UserError, match="its risk"):
        KINDS.check((replace(risky, risk=""),))


def test_an_action_a_kind_does_not_have_is_refused() -> None:
    with pytest.raises(UserError, match="know no action"):
        a_change("close ou", ORGANIZATION, "Workloads")
