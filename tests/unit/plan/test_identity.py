from __future__ import annotations

import builders_plan as b
import pytest
from builders_kinds import what

from aft.organization.model import AccountState
from aft.plan.fields import tags_to_set
from aft.plan.model import Plan
from aft.values.ids import RequestId

GONE = {AccountState.SUSPENDED, AccountState.PENDING_CLOSURE, AccountState.CLOSED}


def kinds(plan: Plan, target: str = "app") -> list[str]:
    return [what(change) for change in plan.changes_of(target)]


def codes(plan: Plan) -> list[tuple[str, str]]:
    return [(item.target, item.code) for item in plan.attention]


def test_the_binding_in_the_ledger_decides_whatever_name_and_folder_say() -> None:
    state = b.desired(b.request("app", name="renamed"))
    plan = b.plan(state, b.snapshot(accounts=(b.account(1, "app"),)), b.ledger(b.record("app", 1)))
    assert kinds(plan) == ["update account/name"]
    assert plan.changes[0].account_id == b.account_id(1)


def test_without_the_ledger_the_tag_finds_the_account() -> None:
    plan = b.plan(
        b.desired(b.request("app")),
        b.snapshot(accounts=(b.account(1, "app", email="other@example.com"),)),
    )
    assert kinds(plan) == ["adopt account"]
    assert "tag" in plan.changes[0].reason
    assert codes(plan) == [("app", "AFT908")]


def test_account_id_adopts_and_tags() -> None:
    plan = b.plan(
        b.desired(b.request("app", account_id=b.account_id(1))),
        b.snapshot(accounts=(b.account(1, "app", email="other@example.com", tags={}),)),
    )
    assert kinds(plan) == ["adopt account"]
    assert tags_to_set(plan.changes[0]) == {"aft:request": "app"}


def test_the_email_adopts_whatever_its_case() -> None:
    plan = b.plan(
        b.desired(b.request("app")),
        b.snapshot(accounts=(b.account(1, "x", email="AWS+App@Example.com", tags={}),)),
    )
    assert kinds(plan) == ["adopt account", "update account/name"]
    assert codes(plan) == []


def test_an_equal_name_is_no_evidence() -> None:
    plan = b.plan(
        b.desired(b.request("app")),
        b.snapshot(accounts=(b.account(1, "app", email="other@example.com", tags={}),)),
    )
    assert kinds(plan) == ["create account"]


def test_two_accounts_with_the_tag_stop_the_request() -> None:
    world = b.snapshot(
        accounts=(
            b.account(1, "app"),
            b.account(2, "copy", tags={"aft:request": "app"}),
        )
    )
    for book in (b.ledger(), b.ledger(b.record("app", 1))):
        plan = b.plan(b.desired(b.request("app", name="new")), world, book)
        assert plan.is_empty
        assert codes(plan) == [("app", "AFT901")]
        assert "000000000002 (copy)" in plan.attention[0].message


def test_an_email_of_another_account_stops_the_request() -> None:
    plan = b.plan(
        b.desired(b.request("app", email="aws+other@example.com")),
        b.snapshot(accounts=(b.account(1, "app"), b.account(2, "other", tags={}))),
        b.ledger(b.record("app", 1)),
    )
    assert codes(plan)[0] == ("app", "AFT901")
    assert "`email`" in plan.attention[0].hint


def test_an_account_goes_to_the_stronger_evidence_and_never_to_two() -> None:
    """``rival`` has the account's e-mail, ``app`` has it by the ledger."""
    plan = b.plan(
        b.desired(b.request("app", name="new"), b.request("rival", email="aws+app@example.com")),
        b.snapshot(accounts=(b.account(1, "app"),)),
        b.ledger(b.record("app", 1)),
    )
    assert kinds(plan) == ["update account/name"]
    assert kinds(plan, "rival") == []
    assert ("rival", "AFT902") in codes(plan)


def test_equal_evidence_gives_the_account_to_nobody() -> None:
    plan = b.plan(
        b.desired(
            b.request("one", account_id=b.account_id(1)),
            b.request("two", account_id=b.account_id(1)),
        ),
        b.snapshot(accounts=(b.account(1, "x", email="x@example.com", tags={}),)),
    )
    assert plan.is_empty
    assert codes(plan) == [("one", "AFT902"), ("two", "AFT902")]


def test_an_account_tagged_for_another_request_is_not_adopted_by_email() -> None:
    """The tag's own request is bound elsewhere, so it does not claim this account itself."""
    plan = b.plan(
        b.desired(b.request("app"), b.request("other")),
        b.snapshot(
            accounts=(
                b.account(1, "app", tags={"aft:request": "other"}),
                b.account(2, "other", tags={}),
            )
        ),
        b.ledger(b.record("other", 2)),
    )
    assert kinds(plan) == []
    assert ("app", "AFT902") in codes(plan)


def test_a_bound_account_that_left_is_not_replaced() -> None:
    plan = b.plan(b.desired(b.request("app")), b.snapshot(), b.ledger(b.record("app", 1)))
    assert plan.is_empty
    assert codes(plan) == [("app", "AFT903")]


def test_an_account_id_that_is_not_there_is_not_created_anew() -> None:
    plan = b.plan(b.desired(b.request("app", account_id=b.account_id(1))), b.snapshot())
    assert plan.is_empty
    assert codes(plan) == [("app", "AFT907")]


@pytest.mark.parametrize("state", [*sorted(GONE), AccountState.PENDING_ACTIVATION])
def test_nothing_is_done_to_an_account_that_is_not_active(state: AccountState) -> None:
    for book in (b.ledger(), b.ledger(b.record("app", 1))):
        plan = b.plan(
            b.desired(b.request("app", name="new")),
            b.snapshot(accounts=(b.account(1, "app", state=state),)),
            book,
        )
        assert plan.is_empty
        assert codes(plan) == [("app", "AFT904")]


def test_a_request_renamed_with_previously_keeps_its_account_and_its_steps() -> None:
    state = b.desired(
        b.request("app", previously=RequestId("old"), email="aws+old@example.com", name="old"),
        baselines=(b.baseline(),),
    )
    book = b.ledger(b.record("old", 1, steps=b.all_done(state, "app", 1)))
    plan = b.plan(state, b.snapshot(accounts=(b.account(1, "old"),)), book)
    assert kinds(plan) == ["update account/request"]
    assert [(item.field, item.before, item.after) for item in plan.changes[0].fields] == [
        ("request", "old", "app"),
        ("account_id", b.account_id(1), b.account_id(1)),
        ("tags.aft:request", "old", "app"),
    ]
    assert kinds(plan, "old") == []


def test_the_account_of_a_renamed_request_is_not_released_for_another_record_that_has_it() -> None:
    state = b.desired(b.request("beta", previously=RequestId("gamma")))
    world = b.snapshot(accounts=(b.account(1, "gamma"),))
    plan = b.plan(state, world, b.ledger(b.record("gamma", 1), b.record("delta", 1)))
    assert {what(change) for change in plan.changes if change.target == "beta"} != set()
    assert kinds(plan, "delta") == []


def test_a_request_renamed_without_the_ledger_is_found_by_its_former_tag() -> None:
    state = b.desired(b.request("app", previously=RequestId("old"), name="old"))
    plan = b.plan(state, b.snapshot(accounts=(b.account(1, "old", email="aws+app@example.com"),)))
    assert kinds(plan) == ["adopt account"]
    assert codes(plan) == []


def test_a_file_renamed_without_previously_is_neither_adopted_nor_forgotten() -> None:
    state = b.desired(b.request("app", email="aws+old@example.com"))
    world = b.snapshot(accounts=(b.account(1, "old"),))
    for book in (b.ledger(b.record("old", 1)), b.ledger()):
        plan = b.plan(state, world, book)
        assert plan.is_empty
        assert codes(plan) == [("app", "AFT916")]
        assert "`previously: old`" in plan.attention[0].hint


def test_a_removed_file_forgets_the_account_and_drops_only_tags_aft_put_there() -> None:
    account = b.account(
        1, "old", tags={"aft:request": "old", "cost-center": "1", "somebody": "else"}
    )
    plan = b.plan(
        b.desired(),
        b.snapshot(accounts=(account,)),
        b.ledger(b.record("old", 1, tag_keys=("aft:request", "cost-center", "not-there"))),
    )
    (change,) = plan.changes
    assert what(change) == "release account"
    assert [(item.field, item.before, item.after) for item in change.fields] == [
        ("request", "old", None),
        ("tags.aft:request", "old", None),
        ("tags.cost-center", "1", None),
    ]
    assert plan.summary.forget == 1
    assert plan.accounts[0].email == "aws+old@example.com"


def test_a_forgotten_account_that_left_is_dropped_from_the_ledger_only() -> None:
    plan = b.plan(b.desired(), b.snapshot(), b.ledger(b.record("old", 1)))
    (change,) = plan.changes
    assert what(change) == "release account"
    assert [item.field for item in change.fields] == ["request"]


def test_an_unsettled_creation_of_a_removed_request_is_reported() -> None:
    plan = b.plan(b.desired(), b.snapshot(), b.ledger(b.record("old", intent=b.intent("old"))))
    assert plan.is_empty
    assert codes(plan) == [("organization", "AFT915")]


def test_an_open_intent_is_looked_for_before_anything_is_created() -> None:
    plan = b.plan(
        b.desired(b.request("app")), b.snapshot(), b.ledger(b.record("app", intent=b.intent("app")))
    )
    assert kinds(plan) == ["create account"]
    assert plan.changes[0].reason == (
        "a creation was started at 2026-11-20 09:30 UTC and is looked up first"
    )


def test_a_tag_without_a_request_is_reported() -> None:
    plan = b.plan(b.desired(), b.snapshot(accounts=(b.account(1, "old"),)))
    assert plan.is_empty
    assert codes(plan) == [(b.account_id(1), "AFT914")]


def test_an_organization_with_none_of_the_ledgers_accounts_is_left_alone() -> None:
    state = b.desired(b.request("app"), b.request("new"), units=(b.unit("New"),))
    book = b.ledger(b.record("app", 1), b.record("other", 2))
    plan = b.plan(state, b.snapshot(accounts=(b.account(3, "stranger", tags={}),)), book)
    assert plan.is_empty
    assert codes(plan) == [("organization", "AFT921")]
    assert plan.summary.accounts_in_doubt == 2
    found = b.plan(state, b.snapshot(accounts=(b.account(2, "other"),)), book)
    assert not found.is_empty
    assert ("organization", "AFT921") not in codes(found)


# --- limited plans conclude nothing from absence ------------------------------------------------


def test_a_limited_plan_forgets_nothing_but_says_so() -> None:
    plan = b.plan(
        b.desired(),
        b.snapshot(scope=("old",)),
        b.ledger(b.record("old", 1), b.record("older", 2)),
        scope=("old",),
    )
    assert plan.is_empty
    assert codes(plan) == [("organization", "AFT918")]


def test_a_limited_plan_does_not_call_an_unread_account_missing() -> None:
    plan = b.plan(
        b.desired(b.request("app")),
        b.snapshot(scope=("app",)),
        b.ledger(b.record("app", 1)),
        scope=("app",),
    )
    assert plan.is_empty
    assert codes(plan) == [("app", "AFT918")]


def test_a_limited_plan_says_that_the_email_is_known_only_at_apply() -> None:
    plan = b.plan(b.desired(b.request("app")), b.snapshot(scope=("app",)), scope=("app",))
    assert kinds(plan) == ["create account"]
    assert "known only at apply" in plan.changes[0].reason


def test_a_limited_plan_still_sees_that_an_account_is_another_requests() -> None:
    """``other`` is outside the scope, but the ledger says whose the account is."""
    plan = b.plan(
        b.desired(b.request("app", email="aws+other@example.com"), b.request("other")),
        b.snapshot(accounts=(b.account(2, "other", tags={}),), scope=("app",)),
        b.ledger(b.record("other", 2)),
        scope=("app",),
    )
    assert plan.is_empty
    assert ("app", "AFT902") in codes(plan)
    assert {target for target, _ in codes(plan)} == {"app"}
