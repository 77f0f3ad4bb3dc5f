"""What counts as changed outside git, as pending, and as nobody's; and what a repair takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from builders_git import bound, event, step
from builders_kinds import KINDS
from builders_plan import (
    EARLIER,
    FakeSetting,
    account,
    account_id,
    all_done,
    baseline,
    but,
    customization,
    desired,
    failed,
    ledger,
    plan,
    record,
    request,
    snapshot,
    unit,
    unit_id,
)

from aft.baselines.model import setting_ref
from aft.desired.model import DesiredState
from aft.errors import UserError
from aft.ledger.events import DoneStep, EventKind, HeldStep, LedgerState
from aft.organization.model import AccountState, OrganizationSnapshot
from aft.plan.applied import Applied, applied_at
from aft.plan.drift import detect_drift, needs_history, repair_plan
from aft.plan.drifted import Drift
from aft.plan.model import LiveSetting

WISHED = Applied(
    ou="Workloads",
    name="shop",
    email="aws+shop@example.com",
    tags={"aft:request": "shop", "cost": "1"},
)
SHOP = request("shop", tags={"cost": "1"})
AS_WISHED: Mapping[str, Any] = {"tags": {"aft:request": "shop", "cost": "1"}}


def look(
    state: DesiredState,
    world: OrganizationSnapshot,
    known: LedgerState,
    applied: Applied = WISHED,
    *,
    is_refused: bool = False,
) -> Drift:
    made = plan(state, world, known)
    facts = dict.fromkeys(needs_history(made), applied)
    return detect_drift(
        made, state, world, known, applied=facts, kinds=KINDS, is_refused=is_refused
    )


def shop_is(**changes: Any) -> OrganizationSnapshot:
    ou = changes.pop("ou", "Workloads")
    name = changes.pop("name", "shop")
    found = account(1, name, ou, **{**AS_WISHED, "email": "aws+shop@example.com", **changes})
    return snapshot(["Workloads", "Sandbox"], [found])


def wanting(*more: Any) -> DesiredState:
    return desired(SHOP, *more, units=[unit("Workloads"), unit("Sandbox")])


KNOWN = ledger(record("shop", 1))


@pytest.mark.parametrize(
    ("world", "what", "line"),
    [
        (shop_is(ou="Sandbox"), "move-account/ou", "OU is Sandbox, was applied as Workloads"),
        (shop_is(name="mine"), "update-account/name", "name is mine, was applied as shop"),
        (
            shop_is(tags={"aft:request": "shop", "cost": "2"}),
            "update-account/tags",
            "tag cost is 2, was applied as 1",
        ),
    ],
)
def test_other_than_applied_is_outside(world: OrganizationSnapshot, what: str, line: str) -> None:
    found = look(wanting(), world, KNOWN)
    (item,) = found.outside
    assert (item.what, item.differences) == (what, (line,))
    assert found.pending == ()
    assert item.change is not None


@pytest.mark.parametrize("tags", [{"cost": "1"}, {"cost": "1", "aft:request": "other"}])
def test_an_account_that_no_longer_says_whose_it_is_is_adopted_again(tags: dict[str, str]) -> None:
    """What is left is the ledger's word alone: an apply needs a review, a repair is asked for."""
    found = look(wanting(), shop_is(tags=tags, email="aws+other@example.com"), KNOWN)
    (item,) = (it for it in found.outside if it.what == "adopt-account")
    assert found.pending == ()
    assert item.change is not None
    assert item.differences[0].startswith("tag aft:request is ")


ONLY_TAGGED = {"aft:request": "shop"}


@pytest.mark.parametrize(
    "world", [shop_is(ou="Sandbox"), shop_is(name="mine"), shop_is(tags=ONLY_TAGGED)]
)
@pytest.mark.parametrize(
    "applied",
    [
        Applied(why="nobody knows"),
        Applied(ou="Sandbox", name="old", tags={"cost": "0"}, why="nobody knows"),
    ],
)
def test_what_was_never_applied_or_is_not_known_is_pending(
    world: OrganizationSnapshot, applied: Applied
) -> None:
    found = look(wanting(), world, KNOWN, applied)
    assert found.outside == ()
    assert [item.note for item in found.pending] == ["nobody knows"]


def test_a_failed_step_is_pending_whatever_was_applied_before() -> None:
    known = ledger(but(record("shop", 1), failures={"account/ou": failed("no")}))
    found = look(wanting(), shop_is(ou="Sandbox"), known)
    assert [item.what for item in found.pending] == ["move-account/ou"]
    assert found.outside == ()


def test_a_tag_to_be_removed_is_git_s_wish() -> None:
    known = ledger(but(record("shop", 1), tag_keys=("cost", "old")))
    world = shop_is(tags={"aft:request": "shop", "cost": "1", "old": "x"})
    found = look(wanting(), world, known)
    assert found.outside == ()
    assert [item.what for item in found.pending] == ["update-account/tags"]


def test_gone_and_suspended_accounts() -> None:
    gone = look(wanting(), snapshot(["Workloads", "Sandbox"]), KNOWN)
    assert [(item.what, item.change) for item in gone.outside] == [("account-gone", None)]
    closed = look(wanting(), shop_is(state=AccountState.SUSPENDED), KNOWN)
    assert [item.what for item in closed.outside] == ["account-suspended"]
    young = look(wanting(), shop_is(state=AccountState.PENDING_ACTIVATION), KNOWN)
    assert young.outside == ()
    assert [item.code for item in young.doubts] == ["AFT904"]


def test_a_protected_account_that_was_moved_is_told_and_left() -> None:
    state = desired(but(SHOP, protect=True), units=[unit("Workloads"), unit("Sandbox")])
    note = DoneStep(digest="", at=EARLIER, run="r1")
    noted = but(note, about={"state": "protected", "ou": unit_id("Workloads")})
    here = but(note, about={"state": "protected", "ou": unit_id("Sandbox")})
    for applied, step_ in ((WISHED, None), (WISHED, noted), (Applied(), noted)):
        steps = {"account/protect": step_} if step_ is not None else {}
        known = ledger(record("shop", 1, steps=steps))
        found = look(state, shop_is(ou="Sandbox"), known, applied)
        assert [(item.what, item.change) for item in found.outside] == [("account-kept", None)]
        assert found.is_any
    for steps in ({}, {"account/protect": here}):
        known = ledger(record("shop", 1, steps=steps))
        unknown = look(state, shop_is(ou="Sandbox"), known, Applied())
        assert unknown.outside == ()
        assert [item.code for item in unknown.doubts] == ["AFT906"]
        assert unknown.elsewhere == {"shop"}
        assert unknown.is_any


@pytest.mark.parametrize("applied", [Applied(), but(WISHED, ou="Sandbox")])
@pytest.mark.parametrize(("is_refused", "is_held"), [(False, False), (True, False), (False, True)])
def test_an_account_that_something_keeps_out_of_its_ou_is_drift(
    applied: Applied, *, is_refused: bool, is_held: bool
) -> None:
    hold = {"account/ou": HeldStep(at=EARLIER, run="r1")}
    known = ledger(record("shop", 1, holds=hold)) if is_held else KNOWN
    found = look(wanting(), shop_is(ou="Sandbox"), known, applied, is_refused=is_refused)
    assert found.outside == ()
    assert [item.what for item in found.pending] == ["move-account/ou"]
    assert found.elsewhere == ({"shop"} if is_refused or is_held else set())
    assert found.is_any is (is_refused or is_held)
    other = look(wanting(), shop_is(name="mine"), KNOWN, but(WISHED, name="mine"), is_refused=True)
    assert not other.is_any
    assert len(other.pending) == 1


def test_another_root_address_is_told_and_left() -> None:
    found = look(wanting(), shop_is(email="thief@example.com"), KNOWN)
    assert [item.what for item in found.outside] == ["root-email"]
    other = look(wanting(), shop_is(email="x@example.com"), KNOWN, but(WISHED, email="y@z.org"))
    assert other.outside == ()


def test_accounts_nobody_asked_for_are_listed_and_the_management_account_is_not() -> None:
    world = snapshot(
        ["Workloads", "Sandbox"],
        [
            account(1, "shop", **AS_WISHED),
            account(2, "stranger", tags={}),
            account(3, "orphan", tags={"aft:request": "gone"}),
            account(4, "root", tags={}, id_=snapshot().management_account_id),
        ],
    )
    found = look(wanting(), world, KNOWN)
    assert [(item.name, item.tag) for item in found.unmanaged] == [
        ("stranger", ""),
        ("orphan", "gone"),
    ]
    assert not found.is_any


def test_another_organization_is_no_drift() -> None:
    known = ledger(record("shop", 1), record("lab", 2))
    with pytest.raises(UserError, match="none of the 2 accounts"):
        look(wanting(request("lab")), snapshot(["Workloads", "Sandbox"]), known)


# --- repair ---


def test_a_repair_holds_the_drift_and_says_what_it_leaves() -> None:
    world = shop_is(ou="Sandbox", name="mine")
    made = plan(wanting(request("new")), world, KNOWN)
    facts = {"shop": but(WISHED, name="before")}
    found = detect_drift(made, wanting(request("new")), world, KNOWN, applied=facts, kinds=KINDS)
    assert [item.what for item in found.outside] == ["move-account/ou"]
    repair = repair_plan(made, found, KINDS)
    assert [change.id for change in repair.changes] == ["account/shop/move-account/ou"]
    assert [item.code for item in repair.attention] == ["AFT923"], "a rename is left"
    assert repair.summary.move == 1
    assert repair.summary.create == 0
    assert [wave.chains for wave in repair.waves] == [(("account/shop/move-account/ou",),)]


def test_a_repair_does_nothing_before_what_it_waits_for() -> None:
    world = shop_is(ou="Sandbox", name="mine")
    made = plan(wanting(), world, KNOWN)
    facts = {"shop": but(WISHED, ou="elsewhere")}
    found = detect_drift(made, wanting(), world, KNOWN, applied=facts, kinds=KINDS)
    assert [item.what for item in found.outside] == ["update-account/name"]
    assert repair_plan(made, found, KINDS).is_empty, "the move before it is not drift"


# --- what the ledger says was applied ---


def done(kind: str, revision: str, second: float) -> Any:
    return but(
        event(kind=EventKind.STEP_DONE, second=second, data={"kind": kind}), revision=revision
    )


def test_each_aspect_has_its_own_newest_step() -> None:
    story = [
        done("rename-account", "before-it-was-bound", 0),
        bound(second=1),
        done("create-account", "r1", 2),
        done("move-account", "r2", 3),
        but(step("network", second=4), revision="r0", kind=EventKind.STEP_FAILED),
    ]
    found = applied_at(story)
    assert found.revisions == {"ou": "r2", "name": "r1", "tags": "r1"}
    assert found.inferred == frozenset()


def test_a_step_inside_speaks_for_what_came_before_it() -> None:
    story = [bound(second=1), done("move-account", "r1", 2), done("apply-setting", "r2", 3)]
    found = applied_at(story)
    assert found.revisions == {"ou": "r2", "name": "r2", "tags": "r2"}
    assert found.inferred == {"ou", "name", "tags"}


def test_an_adopted_account_of_which_nothing_else_is_known() -> None:
    assert applied_at([bound(second=1), done("adopt-account", "r1", 2)]).revisions == {}


class _Sweeping(FakeSetting):
    sweeps_account = True


def test_a_repair_waits_for_no_customization_that_it_does_not_run() -> None:
    found = {"groups": _Sweeping("groups")}
    state = desired(
        request("shop"),
        baselines=(baseline("standard", "groups"),),
        customizations=(customization("global", "10.py"),),
    )
    done = all_done(state, "shop", 1, plugins=found)
    known = ledger(record("shop", 1, steps={"groups": done["groups"]}))
    world = snapshot(accounts=(account(1, "shop"),))
    open_again = LiveSetting(
        account_id=account_id(1), ref=setting_ref("groups"), differences=("group sg-1 has rules",)
    )
    made = plan(
        state, world, known, plugins=found, deep=True, live={(account_id(1), "groups"): open_again}
    )
    assert [change.key for change in made.changes] == ["global/10.py", "groups"]
    drift = detect_drift(made, state, world, known, applied={}, kinds=KINDS)
    (repaired,) = repair_plan(made, drift, KINDS).changes
    assert (repaired.key, repaired.follows) == ("groups", ())
