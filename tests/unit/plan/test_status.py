from __future__ import annotations

import builders_plan as b

from aft.ledger.events import AccountRecord, LedgerState
from aft.organization.model import AccountState
from aft.plan.status import Standing, StatusRow, account_statuses

APP = b.request("app")


def from_ledger(*records: AccountRecord) -> list[tuple[str, Standing]]:
    return [(row.id, row.state) for row in account_statuses(b.desired(APP), b.ledger(*records))]


def planned(
    book: LedgerState, *, state: AccountState = AccountState.ACTIVE, ou: str = "Workloads"
) -> StatusRow:
    desired = b.desired(b.request("app", ou))
    world = b.snapshot(("Workloads", "Sandbox"), (b.account(1, "app", state=state),))
    (row,) = account_statuses(desired, book, b.plan(desired, world, book), world)
    return row


def test_the_ledger_alone_tells_where_a_request_stands() -> None:
    assert from_ledger() == [("app", Standing.REQUESTED)]
    assert from_ledger(b.record("app", intent=b.intent("app"))) == [("app", Standing.CREATING)]
    assert from_ledger(b.record("app", 1)) == [("app", Standing.ACTIVE)]
    assert from_ledger(b.record("app", 1, failures={"x": b.failed("no")})) == [
        ("app", Standing.FAILED)
    ]


def test_a_request_whose_file_is_gone_is_shown_until_it_is_forgotten() -> None:
    assert from_ledger(b.record("app", 1), b.record("old", 2)) == [
        ("app", Standing.ACTIVE),
        ("old", Standing.FORGOTTEN),
    ]
    assert from_ledger(b.record("app", 1), b.record("old")) == [("app", Standing.ACTIVE)]


def test_a_plan_adds_what_is_pending_and_what_needs_attention() -> None:
    row = planned(b.ledger(b.record("app", 1)), ou="Sandbox")
    assert (row.state, row.pending, row.ou) == (Standing.PENDING, ("move account/ou",), "Workloads")
    row = planned(b.ledger(b.record("app", 1)), ou="Nowhere")
    assert row.state is Standing.ATTENTION
    assert "Nowhere" in row.attention[0]


def test_a_remark_is_shown_and_decides_nothing() -> None:
    world = b.snapshot(("Workloads",), (b.account(1, "app"),))
    book = b.ledger(b.record("app", 1, steps={"setting/gone": b.done("x")}))
    plan = b.plan(b.desired(APP), world, book)
    assert [item.is_remark for item in plan.attention] == [True]
    (row,) = account_statuses(b.desired(APP), book, plan, world)
    assert (row.state, row.attention) == (Standing.PENDING, (plan.attention[0].message,))


def test_a_snapshot_shows_the_account_even_when_the_ledger_is_lost() -> None:
    row = planned(b.ledger())
    assert (row.account_id, row.state, row.pending) == (
        b.account_id(1),
        Standing.PENDING,
        ("adopt account",),
    )


def test_a_closed_account_is_not_called_active() -> None:
    for state in (AccountState.SUSPENDED, AccountState.PENDING_CLOSURE, AccountState.CLOSED):
        assert planned(b.ledger(b.record("app", 1)), state=state).state is Standing.SUSPENDED


def test_failures_keep_their_reason_and_the_last_run() -> None:
    (row,) = account_statuses(
        b.desired(APP), b.ledger(b.record("app", 1, failures={"pci/10.py": b.failed("timeout")}))
    )
    ((step, failure),) = row.failed
    assert (step, failure.reason, failure.attempts) == ("pci/10.py", "timeout", 1)
    assert (row.last_run, row.last_at) == ("20261120T093000-aaaaaa", b.EARLIER)
