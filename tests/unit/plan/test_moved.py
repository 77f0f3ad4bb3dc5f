from __future__ import annotations

from dataclasses import replace

import builders_plan as b

from aft.ledger.events import LedgerState
from aft.organization.model import OrganizationSnapshot, Policy
from aft.plan.model import Plan
from aft.plan.pinned import what_moved
from aft.values.ids import Revision

POLICY = Policy(id="p-1", name="deny-leaving", type="SERVICE_CONTROL_POLICY", targets=("r-root",))
WORLD = b.snapshot(
    ("Workloads", "Sandbox"),
    (b.account(1, "app"), b.account(2, "other")),
    policies=(POLICY,),
)
BOOK: LedgerState = b.ledger(b.record("app", 1))
PLAN: Plan = b.plan(b.desired(b.request("app", name="new")), WORLD, BOOK)


def moved(world: OrganizationSnapshot = WORLD, **changes: str) -> tuple[str, ...]:
    return what_moved(
        PLAN,
        world,
        ledger_commit=changes.get("ledger", BOOK.commit),
        revision=Revision(changes.get("revision", b.REVISION)),
    )


def test_nothing_moved() -> None:
    assert moved() == ()
    assert moved(replace(WORLD, read_at=b.EARLIER, calls=99)) == ()


def test_accounts_and_units_are_named_with_their_ids() -> None:
    changed, *_ = WORLD.accounts
    world = b.snapshot(
        ("Workloads", "New"),
        (replace(changed, tags={}), b.account(3, "third")),
        policies=(replace(POLICY, targets=()),),
    )
    assert moved(world) == (
        "account app (000000000001) has changed",
        "account 000000000002 is no longer there",
        "account third (000000000003) was not there before",
        "OU New (ou-root-new00000) was not there before",
        "OU ou-root-sandbox0 is no longer there",
        "policy deny-leaving (p-1) has changed",
    )


def test_another_revision_and_another_ledger_are_said() -> None:
    assert moved(revision="9" * 40) == (
        "the plan is for revision 1a2b3c4ddddd, the repository is at 999999999999",
    )
    assert moved(ledger="") == (
        "the ledger has moved from eeeeeeeeeeee to empty: another run has written to it",
    )


def test_another_organization_is_said_even_when_it_looks_alike() -> None:
    assert "o-other" in moved(replace(WORLD, organization_id="o-other"))[0]
