from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import KINDS

from aft.config.allowance import LimitAllowance
from aft.config.model import Config, Limits, Roles
from aft.desired.model import DesiredState
from aft.findings.codes import finding_codes
from aft.findings.model import Finding
from aft.plan.model import Plan
from aft.plan.safety import check_safety, lifted_limits

TODAY = date(2026, 11, 22)
GENEROUS = Limits(create=99, move=99, rename=99, forget=99, delete_ou=99, untag=99)


def allowance(limit: str, up_to: int, *, days: int = 0) -> LimitAllowance:
    return LimitAllowance(
        limit=limit,  # type: ignore[arg-type]  # a parametrized name
        up_to=up_to,
        reason="agreed in PLAT-1",
        until=TODAY + timedelta(days=days),
    )


def check(plan: Plan, limits: Limits = GENEROUS) -> tuple[Finding, ...]:
    return check_safety(plan, limits, today=TODAY, kinds=KINDS)


def two_of_each() -> Plan:
    """Two creations, moves, renames, untaggings, forgotten accounts and deleted OUs."""
    state = b.desired(
        *(b.request(f"new-{index}") for index in range(2)),
        *(b.request(f"app-{index}", name=f"app {index}") for index in range(2)),
        removed=(b.unit("Old"), b.unit("Older")),
    )
    accounts = [
        *(
            b.account(index, f"app-{index}", "Old", tags={"aft:request": f"app-{index}", "x": "1"})
            for index in range(2)
        ),
        *(b.account(10 + index, f"gone-{index}") for index in range(2)),
    ]
    book = b.ledger(
        *(b.record(f"app-{index}", index, tag_keys=("aft:request", "x")) for index in range(2)),
        *(b.record(f"gone-{index}", 10 + index) for index in range(2)),
    )
    return b.plan(state, b.snapshot(("Workloads", "Old", "Older"), accounts), book)


LIMITS = ["create", "move", "rename", "forget", "delete_ou", "untag"]


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_counts_its_own_and_holds_at_its_number(limit: str) -> None:
    plan = two_of_each()
    assert check(plan, GENEROUS.model_copy(update={limit: 2})) == ()
    (finding,) = check(plan, GENEROUS.model_copy(update={limit: 1}))
    assert finding.code == "AFT950"
    assert finding.is_error
    assert finding.source.path == "aft.yaml"
    assert finding.message.endswith(", the limit is 1")
    assert f"what: {limit}, up_to: 2" in finding.hint


def test_the_message_says_how_many_and_what_to_write() -> None:
    (finding,) = check(r.large(), GENEROUS.model_copy(update={"move": 10}))
    assert finding.message == "Too many moves: 12 accounts, the limit is 10"
    assert finding.hint.startswith(
        "add `allow: [{what: move, up_to: 12, reason: …, until: …}]` to aft.yaml"
    )


def test_an_exception_lifts_its_limit_until_its_last_day() -> None:
    plan = two_of_each()

    def with_exception(up_to: int, days: int) -> Limits:
        return GENEROUS.model_copy(
            update={"move": 1, "allow": (allowance("move", up_to, days=days),)}
        )

    assert check(plan, with_exception(2, 0)) == ()
    assert [item.code for item in check(plan, with_exception(1, 0))] == ["AFT950"]
    (ended,) = check(plan, with_exception(2, -1))
    assert ended.message.endswith("(its exception ended on 2026-11-21)")
    assert lifted_limits(plan, with_exception(2, 0), today=TODAY, kinds=KINDS) == (
        "2 moves are over the limit of 1; allowed up to 2 until 2026-11-22: agreed in PLAT-1",
    )
    assert lifted_limits(plan, with_exception(2, -1), today=TODAY, kinds=KINDS) == ()


def test_an_exception_never_lowers_a_limit() -> None:
    limits = GENEROUS.model_copy(update={"allow": (allowance("move", 0),)})
    assert check(two_of_each(), limits) == ()


def test_an_exception_for_another_limit_does_not_help() -> None:
    limits = GENEROUS.model_copy(update={"move": 1, "allow": (allowance("rename", 9),)})
    assert [item.code for item in check(two_of_each(), limits)] == ["AFT950"]


def test_the_account_quota_counts_every_account_of_the_organization() -> None:
    plan = two_of_each()  # four accounts exist, two are created
    assert check(plan, GENEROUS.model_copy(update={"accounts": 6})) == ()
    (finding,) = check(plan, GENEROUS.model_copy(update={"accounts": 5}))
    assert finding.code == "AFT954"
    assert "has 4 accounts" in finding.message
    assert check(r.empty(), GENEROUS.model_copy(update={"accounts": 1})) == ()


# --- a plan from a file is held to the same rules -----------------------------------------------


def moving(*, protect: bool, config: Config | None = None) -> tuple[Plan, DesiredState]:
    """A plan with a move, and a desired state that may have been changed since."""
    state = b.desired(b.request("app", "Workloads/Prod"), config=config)
    plan = b.plan(
        state,
        b.snapshot(("Workloads", "Workloads/Prod"), (b.account(1, "app"),)),
        b.ledger(b.record("app", 1)),
    )
    request = replace(state.requests[0], protect=protect)
    return plan, replace(state, requests=(request,))


def test_a_protected_account_in_a_plan_is_refused() -> None:
    for protect, codes in ((False, []), (True, ["AFT952"])):
        plan, state = moving(protect=protect)
        found = check_safety(plan, GENEROUS, today=TODAY, desired=state, kinds=KINDS)
        assert [item.code for item in found] == codes


def test_the_management_account_in_a_plan_is_refused() -> None:
    plan, _ = moving(protect=False)
    for management, codes in (("999999999999", []), (b.account_id(1), ["AFT953"])):
        found = check_safety(
            plan, GENEROUS, today=TODAY, management_account_id=management, kinds=KINDS
        )
        assert [item.code for item in found] == codes


def test_the_account_that_holds_aft_s_own_role_is_not_moved() -> None:
    role = f"arn:aws:iam::{b.account_id(1)}:role/aft"
    config = Config(home_region="eu-central-1", roles=Roles(management=role))
    plan, state = moving(protect=False, config=config)
    (finding,) = check_safety(plan, GENEROUS, today=TODAY, desired=state, kinds=KINDS)
    assert finding.code == "AFT955"


def test_every_code_of_plans_and_limits_is_documented() -> None:
    codes = {item.code for item in r.attention().attention}
    assert codes
    assert codes <= finding_codes().keys()
    assert {"AFT950", "AFT952", "AFT953", "AFT954", "AFT955"} <= finding_codes().keys()
