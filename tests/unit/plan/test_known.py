"""Which account each request has, as settings that name other accounts see it."""

from __future__ import annotations

import builders_plan as b

STATE = b.desired(b.request("app"), b.request("audit"), b.request("new"))
BOOK = b.ledger(b.record("app", 1), b.record("audit", 2))


def test_a_limited_snapshot_leaves_what_the_ledger_knows_of_other_accounts() -> None:
    limited = b.snapshot(accounts=(b.account(1, "app"),), scope=("account/000000000001",))
    found = b.view(STATE, limited, BOOK).around
    assert found.accounts == {"app": b.account_id(1), "audit": b.account_id(2)}


def test_an_account_that_has_left_the_organization_is_nobody_s() -> None:
    whole = b.snapshot(accounts=(b.account(1, "app"),))
    assert b.view(STATE, whole, BOOK).around.accounts == {"app": b.account_id(1)}
