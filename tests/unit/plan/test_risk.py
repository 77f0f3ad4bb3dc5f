"""What is risky, and what is routine."""

from __future__ import annotations

from dataclasses import replace

import builders_plan as b
import builders_report as r
import pytest

from aft.ledger.events import OpenIntent
from aft.plan.fields import EMAIL, tag_field, takes_away
from aft.plan.model import Change, ChangeKind, FieldChange, LiveSetting
from aft.plan.risk import RISK_WORDS, Risk, is_risky, risk_of
from aft.values.ids import RequestId


def change(kind: ChangeKind, *fields: FieldChange) -> Change:
    return Change(id="x", kind=kind, target="app", account_id=b.account_id(1), fields=fields)


@pytest.mark.parametrize(
    ("kind", "risk"),
    [
        (ChangeKind.MOVE_ACCOUNT, Risk.MOVE),
        (ChangeKind.FORGET_ACCOUNT, Risk.FORGET),
        (ChangeKind.DELETE_OU, Risk.DELETE_OU),
        (ChangeKind.DESTROY_CUSTOMIZATION, Risk.DESTROY),
        (ChangeKind.ADOPT_ACCOUNT, Risk.ADOPT),
        (ChangeKind.REBIND_ACCOUNT, Risk.IDENTITY),
        (ChangeKind.CREATE_ACCOUNT, None),
        (ChangeKind.RENAME_ACCOUNT, None),
        (ChangeKind.TAG_ACCOUNT, None),
        (ChangeKind.APPLY_SETTING, None),
        (ChangeKind.RUN_CUSTOMIZATION, None),
        (ChangeKind.FORGET_CUSTOMIZATION, None),
        (ChangeKind.CREATE_OU, None),
        (ChangeKind.RENAME_OU, None),
    ],
)
def test_by_kind(kind: ChangeKind, risk: Risk | None) -> None:
    assert risk_of(change(kind)) is risk


def test_every_risk_has_words() -> None:
    assert set(RISK_WORDS) == set(Risk)


@pytest.mark.parametrize(
    ("field", "risk"),
    [
        (tag_field("owner", "bob", None), Risk.UNTAG),
        (tag_field("owner", "bob", "alice"), None),
        (tag_field("owner", None, "alice"), None),
        (tag_field("aft:request", "old", "new"), Risk.IDENTITY),
        (tag_field("aft:request", None, "new"), None),
        (FieldChange(field=EMAIL, before="a@example.com", after="b@example.com"), Risk.IDENTITY),
        (FieldChange(field=EMAIL, before=None, after="b@example.com"), None),
        (takes_away("role ops is no longer listed, should be deleted"), Risk.TAKE_AWAY),
    ],
)
def test_by_field(field: FieldChange, risk: Risk | None) -> None:
    assert risk_of(change(ChangeKind.TAG_ACCOUNT, field)) is risk
    assert is_risky([change(ChangeKind.TAG_ACCOUNT, field)]) is (risk is not None)


def test_an_account_found_by_its_address_is_no_routine() -> None:
    """Between review and merge somebody may have made an account of the same address by hand."""
    state = b.desired(b.request("app"))
    before = b.plan(state, b.snapshot())
    after = b.plan(state, b.snapshot(accounts=(b.account(1, "app", tags={}),)))
    assert not is_risky(before.changes)
    assert [risk_of(item) for item in after.changes] == [Risk.ADOPT]


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
    assert [item.kind for item in plan.changes] == [
        ChangeKind.ADOPT_ACCOUNT,
        ChangeKind.MOVE_ACCOUNT,
        ChangeKind.MOVE_ACCOUNT,
    ]
    assert not is_risky(plan.changes)
    settled = b.ledger(b.record("bound", 2, steps={"create-account": b.done("")}))
    (moved,) = b.plan(b.desired(b.request("bound")), world, settled).changes
    assert risk_of(moved) is Risk.MOVE, "it was at home once"
    elsewhere = b.snapshot(("Workloads", "Legal"), (b.account(2, "bound", "Legal"),))
    (moved,) = b.plan(
        b.desired(b.request("bound")), elsewhere, b.ledger(b.record("bound", 2))
    ).changes
    assert risk_of(moved) is Risk.MOVE, "new accounts come from the root"


def test_what_a_setting_takes_away_is_in_the_plan() -> None:
    gone = "role ops is no longer listed, should be deleted"
    state = b.desired(
        b.request("app"),
        baselines=(b.baseline("production", "iam-password-policy", ou="Workloads"),),
    )
    live = {
        (b.account_id(1), "iam-password-policy"): LiveSetting(
            account_id=b.account_id(1),
            subject="iam-password-policy",
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
    assert risk_of(found) is Risk.TAKE_AWAY
    assert found.details == ("the policy is weak", gone)


def test_the_small_plan_has_five_risks() -> None:
    risky = [item.id for item in r.small().changes if risk_of(item) is not None]
    assert risky == [
        "account/legacy-billing/move-account",
        "account/legacy-billing/tag-account",
        "account/web-shop/adopt-account",
        "account/web-shop/move-account",
        "organization/delete-ou/Old",
    ]


def test_a_request_with_another_name_is_a_change_of_identity() -> None:
    state = b.desired(b.request("new", email="aws+old@example.com", previously=RequestId("old")))
    world = b.snapshot(
        accounts=(b.account(1, "new", tags={"aft:request": "old"}, email="aws+old@example.com"),)
    )
    plan = b.plan(state, world, b.ledger(b.record("old", 1)))
    assert Risk.IDENTITY in {risk_of(item) for item in plan.changes}
