"""What is risky, and what is routine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import KINDS, a_change, what

from aft.baselines.model import setting_ref
from aft.ledger.events import OpenIntent
from aft.plan.fields import EMAIL, TAKES_AWAY, tag_field, takes_away
from aft.plan.model import ORGANIZATION, Change, FieldChange, LiveSetting, is_risky
from aft.values.ids import RequestId


def change(words: str, *fields: FieldChange) -> Change:
    target = ORGANIZATION if words.endswith(" ou") else "app"
    return a_change(words, target, account_id=b.account_id(1), fields=fields)


BY_KIND = [
    ("move account/ou", "move"),
    ("release account", "forget"),
    ("delete ou", "delete-ou"),
    ("adopt ou", "adopt-ou"),
    ("delete customization", "destroy"),
    ("adopt account", "adopt"),
    ("update account/request", "identity"),
    ("create account", ""),
    ("update account/name", ""),
    ("update account/tags", ""),
    ("update setting", ""),
    ("release setting", ""),
    ("run customization", ""),
    ("release customization", ""),
    ("create ou", ""),
    ("update ou", ""),
]


@pytest.mark.parametrize(("words", "risk"), BY_KIND)
def test_by_kind(words: str, risk: str) -> None:
    assert change(words).risk == risk


def test_every_action_on_everything_is_in_the_table_above() -> None:
    """A kind's verb that is new needs a row, so that somebody decides whether it is risky."""
    told = {words for words, _ in BY_KIND}
    assert {words.partition("/")[0] for words in told} == {
        f"{action.value} {kind.name}" for kind in KINDS.values() for action in kind.verbs
    }


def test_every_risk_has_words() -> None:
    for kind in KINDS.values():
        assert all(risk.words and risk.code for risk in kind.risks)


@pytest.mark.parametrize(
    ("field", "risk"),
    [
        (tag_field("owner", "bob", None), "untag"),
        (tag_field("owner", "bob", "alice"), ""),
        (tag_field("owner", None, "alice"), ""),
        (tag_field("aft:request", "old", "new"), "identity"),
        (tag_field("aft:request", None, "new"), ""),
        (FieldChange(field=EMAIL, before="a@example.com", after="b@example.com"), "identity"),
        (FieldChange(field=EMAIL, before=None, after="b@example.com"), ""),
        (takes_away("role ops is no longer listed, should be deleted"), "take-away"),
    ],
)
def test_by_field(field: FieldChange, risk: str) -> None:
    words = "update setting" if field.field == TAKES_AWAY else "update account/tags"
    assert change(words, field).risk == risk
    assert is_risky([change(words, field)]) is bool(risk)


def test_an_account_found_by_its_address_is_no_routine() -> None:
    """Between review and merge somebody may have made an account of the same address by hand."""
    state = b.desired(b.request("app"))
    before = b.plan(state, b.snapshot())
    after = b.plan(state, b.snapshot(accounts=(b.account(1, "app", tags={}),)))
    assert not is_risky(before.changes)
    assert [item.risk for item in after.changes] == ["adopt"]


def test_the_rest_of_a_creation_is_routine() -> None:
    """A run that was killed between CreateAccount and the end is continued by the next one,
    whatever pull request that one belongs to."""
    state = b.desired(b.request("app"), b.request("bound"))
    world = b.snapshot(
        accounts=(
            b.account(1, "app", "/"),
            b.account(2, "bound", "/"),
        )
    )
    intent = OpenIntent(
        at=b.EARLIER, run="r", name="app", email="aws+app@example.com", creation_id=None
    )
    book = b.ledger(
        replace(b.record("app", 1), account_id=None, intent=intent), b.record("bound", 2)
    )
    plan = b.plan(state, world, book)
    assert [what(item) for item in plan.changes] == [
        "adopt account",
        "move account/ou",
        "move account/ou",
    ]
    assert not is_risky(plan.changes)
    settled = b.ledger(b.record("bound", 2, steps={"create-account": b.done("")}))
    (moved,) = b.plan(b.desired(b.request("bound")), world, settled).changes
    assert moved.risk == "move", "it was at home once"
    elsewhere = b.snapshot(("Workloads", "Legal"), (b.account(2, "bound", "Legal"),))
    (moved,) = b.plan(
        b.desired(b.request("bound")), elsewhere, b.ledger(b.record("bound", 2))
    ).changes
    assert moved.risk == "move", "new accounts come from the root"


@pytest.mark.parametrize(
    ("email", "tags"),
    [
        ("tools", {}),
        ("tools", {"aft:request": "treasury"}),
        ("treasury", {"aft:request": "treasury"}),
    ],
)
@pytest.mark.parametrize("steps", [{}, {"create-account": b.done("")}])
def test_a_binding_that_only_the_ledger_vouches_for_is_an_adoption(
    email: str, tags: dict[str, str], steps: dict[str, Any]
) -> None:
    """Whoever may push to the ledger's branch could name any account."""
    state = b.desired(b.request("tools", email=f"aws+{email}@example.com"))
    world = b.snapshot(accounts=(b.account(1, "treasury", tags=tags),))
    plan = b.plan(state, world, b.ledger(b.record("tools", 1, steps=steps)))
    assert ("adopt account", "adopt") in {(what(item), item.risk) for item in plan.changes}
    assert plan.changes[0].reason.startswith("only the ledger says so")


def test_a_tag_that_another_tool_stripped_is_put_back_as_routine() -> None:
    """The root e-mail address, which is unique in all of AWS, vouches for the binding."""
    world = b.snapshot(accounts=(b.account(1, "app", tags={}),))
    (tagged,) = b.plan(b.desired(b.request("app")), world, b.ledger(b.record("app", 1))).changes
    assert (what(tagged), tagged.risk) == ("update account/tags", "")


def test_a_creation_that_only_the_ledger_knows_is_an_adoption() -> None:
    state = b.desired(b.request("app"))
    book = b.ledger(replace(b.record("app"), intent=b.intent("app")))
    world = b.snapshot(accounts=(b.account(1, "app", "/", tags={}),))
    assert [item.risk for item in b.plan(state, world, book).changes] == ["adopt", "move"]


def test_what_a_setting_takes_away_is_in_the_plan() -> None:
    gone = "role ops is no longer listed, should be deleted"
    state = b.desired(
        b.request("app"),
        baselines=(b.baseline("production", "iam-password-policy", ou="Workloads"),),
    )
    live = {
        (b.account_id(1), "iam-password-policy"): LiveSetting(
            account_id=b.account_id(1),
            ref=setting_ref("iam-password-policy"),
            differences=("the policy is weak", gone),
            takes_away=(gone,),
        )
    }
    plan = b.plan(
        state,
        b.snapshot(accounts=(b.account(1, "app"),)),
        b.ledger(b.record("app", 1)),
        live=live,
    )
    (found,) = plan.changes
    assert found.risk == "take-away"
    assert found.details == ("the policy is weak", gone)


def test_the_small_plan_has_seven_risks() -> None:
    risky = [item.id for item in r.small().changes if item.risk]
    assert risky == [
        "account/legacy-billing/move-account/ou",
        "account/legacy-billing/update-account/tags",
        "account/legacy-billing/run-customization/global/10-read-only-role.py",
        "account/web-shop/adopt-account",
        "account/web-shop/move-account/ou",
        "account/web-shop/run-customization/global/10-read-only-role.py",
        "organization/delete-ou/Old",
    ]


def test_a_request_with_another_name_is_a_change_of_identity() -> None:
    state = b.desired(b.request("new", email="aws+old@example.com", previously=RequestId("old")))
    world = b.snapshot(
        accounts=(b.account(1, "new", tags={"aft:request": "old"}, email="aws+old@example.com"),)
    )
    plan = b.plan(state, world, b.ledger(b.record("old", 1)))
    assert "identity" in {item.risk for item in plan.changes}
