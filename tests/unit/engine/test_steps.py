"""Steps on OUs and on accounts from outside, through whole runs: the world afterwards counts."""

from __future__ import annotations

import pytest
from builders_plan import ROOT, but, desired, path, request, unit, unit_id
from builders_reconcile import Stage, reasons, rows, stage
from fakes.world import Fault

from aft.desired.model import DesiredState
from aft.engine.context import UnitIndex
from aft.errors import Conflict, Denied, Transient, UnknownOutcome
from aft.findings.model import SourceRef
from aft.ledger.events import EventKind
from aft.organization.model import REQUEST_TAG
from aft.organization.spec import UnitSpec
from aft.plan.status import thing_statuses
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId
from aft.values.refs import Ref

UNITS = ("Workloads", "Sandbox")


def existing(scene: Stage, name: str = "payments", ou: str = "Workloads") -> AccountId:
    """An account as an earlier run left it."""
    scene.apply(desired(request(name, ou), units=[unit(text) for text in UNITS]))
    return scene.world.account(name).id


def state(*requests: object, **changes: object) -> DesiredState:
    changes.setdefault("units", [unit(text) for text in UNITS])
    return desired(*requests, **changes)  # type: ignore[arg-type]


# --- OUs --------------------------------------------------------------------------------------


def test_units_created_in_a_run_are_parents_and_homes_in_the_same_run() -> None:
    scene = stage(units=())
    wanted = desired(request("payments", "A/B/C"), units=[unit("A"), unit("A/B"), unit("A/B/C")])
    assert set(rows(scene.apply(wanted)).values()) == {"succeeded"}
    assert scene.world.ou_of("payments") == "A/B/C"


def test_a_renamed_unit_keeps_its_id_and_takes_along_what_is_below() -> None:
    scene = stage(units=("Old", "Old/Prod"))
    wanted = desired(
        request("payments", "New/Prod"),
        request("search", "New/Dev"),
        units=[unit("New", previously="Old"), unit("New/Prod"), unit("New/Dev")],
    )
    outcome = scene.apply(wanted)
    assert set(rows(outcome).values()) == {"succeeded"}
    assert scene.world.paths() == {"New", "New/Prod", "New/Dev"}
    assert scene.world.account("payments").parent_id == unit_id("Old/Prod")
    assert scene.plan(wanted).is_empty


def test_what_one_unit_did_says_nothing_of_another() -> None:
    """The success of one is not the success of the other, nor does it erase a failure."""
    scene = stage(units=())
    scene.world.faults.append(Fault("CreateOrganizationalUnit", Denied("no")))
    wanted = desired(units=[unit("A"), unit("B")])
    scene.apply(wanted)
    known = scene.ledger.read()
    assert known.done(Ref("ou", "B")) is not None
    assert known.done(Ref("ou", "A")) is None
    failed = known.record("ou/A").failed(Ref("ou", "A"))
    assert failed is not None
    assert [row.id for row in thing_statuses(known)] == ["ou/A"]
    scene.apply(wanted)
    assert thing_statuses(scene.ledger.read()) == ()


def test_a_unit_that_was_never_made_is_not_done_because_nobody_wants_it_any_more() -> None:
    scene = stage(units=())
    scene.world.faults.append(Fault("CreateOrganizationalUnit", Denied("no")))
    scene.apply(desired(units=[unit("A")]))
    scene.apply(desired(units=[unit("B")]))  # whoever asked for A took it back
    known = scene.ledger.read()
    assert thing_statuses(known) == ()
    assert known.done(Ref("ou", "A")) is None


def test_a_unit_that_is_renamed_or_deleted_is_no_longer_done_at_its_old_path() -> None:
    scene = stage(units=())
    scene.apply(desired(units=[unit("Old"), unit("Gone")]))
    scene.apply(desired(units=[unit("New", previously="Old")], removed=[unit("Gone")]))
    known = scene.ledger.read()
    assert known.done(Ref("ou", "New")) is not None
    assert known.done(Ref("ou", "Old")) is None
    assert known.done(Ref("ou", "Gone")) is None


def test_a_unit_is_deleted_once_its_account_has_moved_out() -> None:
    scene = stage(units=UNITS)
    existing(scene, ou="Sandbox")
    wanted = desired(
        request("payments", "Workloads"), units=[unit("Workloads")], removed=[unit("Sandbox")]
    )
    assert set(rows(scene.apply(wanted)).values()) == {"succeeded"}
    assert scene.world.paths() == {"Workloads"}
    summaries = [event.summary for event in scene.ledger.events("ou/Sandbox")]
    assert f"Delete OU Sandbox ({unit_id('Sandbox')})" in summaries


def test_a_unit_that_somebody_filled_meanwhile_is_not_deleted() -> None:
    scene = stage(units=UNITS)
    wanted = desired(units=[unit("Workloads")], removed=[unit("Sandbox")])
    plan = scene.plan(wanted)
    scene.world.add_account("guest", "guest@example.com", parent=unit_id("Sandbox"))
    outcome = scene.apply(wanted, plan=plan)
    assert "not empty" in outcome.targets[0].reason
    assert "Sandbox" in scene.world.paths()


# --- adopting, rebinding, forgetting ----------------------------------------------------------


def test_an_existing_account_is_adopted_moved_renamed_and_tagged() -> None:
    scene = stage(units=UNITS)
    number = scene.world.add_account("Legacy", "aws+payments@example.com", tags={"keep": "me"})
    wanted = state(request("payments", tags={"team": "pay"}))
    assert rows(scene.apply(wanted)) == {"payments": "succeeded"}
    account = scene.world.accounts[number]
    assert account.name == "payments"
    assert account.tags == {"keep": "me", "team": "pay", REQUEST_TAG: "payments"}
    assert scene.world.ou_of("payments") == "Workloads"
    record = scene.ledger.read().record("payments")
    assert record.account_id == number
    assert set(record.tag_keys) == {"team", REQUEST_TAG}
    assert not scene.world.births
    assert scene.plan(wanted).is_empty


def test_a_tag_that_leaves_the_file_leaves_the_account_and_no_other_does() -> None:
    scene = stage(units=UNITS)
    number = scene.world.add_account("payments", "aws+payments@example.com", tags={"keep": "me"})
    scene.apply(state(request("payments", tags={"team": "pay", "tier": "gold"})))
    wanted = state(request("payments", tags={"team": "shop"}))
    assert rows(scene.apply(wanted)) == {"payments": "succeeded"}
    assert scene.world.accounts[number].tags == {
        "keep": "me",
        "team": "shop",
        REQUEST_TAG: "payments",
    }
    assert set(scene.ledger.read().record("payments").tag_keys) == {"team", REQUEST_TAG}


def test_a_renamed_request_keeps_its_account_and_what_was_done_in_it() -> None:
    scene = stage(units=UNITS)
    number = existing(scene)
    before = scene.ledger.read().record("payments")
    wanted = state(
        request("checkout", email="aws+payments@example.com", previously=RequestId("payments"))
    )
    assert rows(scene.apply(wanted)) == {"checkout": "succeeded"}
    state_now = scene.ledger.read()
    assert "payments" not in state_now.records
    record = state_now.record("checkout")
    assert record.account_id == number
    assert record.steps["account/"].at == before.steps["account/"].at
    assert scene.world.accounts[number].tags[REQUEST_TAG] == "checkout"
    assert scene.world.accounts[number].name == "checkout"
    assert scene.ledger.kinds("payments")[-1] == "forgotten"
    assert scene.plan(wanted).is_empty


def test_a_request_whose_file_is_gone_is_forgotten_and_its_account_left_alone() -> None:
    scene = stage(units=UNITS)
    number = existing(scene)
    scene.world.accounts[number] = but(
        scene.world.accounts[number], tags={"keep": "me", REQUEST_TAG: "payments"}
    )
    outcome = scene.apply(state())
    assert rows(outcome) == {"payments": "succeeded"}
    assert scene.world.accounts[number].tags == {"keep": "me"}
    assert scene.world.ou_of("payments") == "Workloads"
    assert "payments" not in scene.ledger.read().records
    last = scene.ledger.events("payments")[-1]
    assert last.kind is EventKind.FORGOTTEN
    assert last.aws_request_ids[0].startswith("organizations:UntagResource:")
    assert scene.plan(state()).is_empty


def test_forgetting_an_account_that_has_left_the_organization_succeeds() -> None:
    scene = stage(units=UNITS)
    number = existing(scene)
    plan = scene.plan(state())
    del scene.world.accounts[number]
    assert rows(scene.apply(state(), plan=plan)) == {"payments": "succeeded"}
    assert "payments" not in scene.ledger.read().records


# --- moving -----------------------------------------------------------------------------------


def test_an_account_that_is_there_already_is_not_moved_again() -> None:
    scene = stage(units=UNITS)
    number = existing(scene)
    wanted = state(request("payments", "Sandbox"))
    plan = scene.plan(wanted)
    scene.world.accounts[number] = but(scene.world.accounts[number], parent_id=unit_id("Sandbox"))
    assert rows(scene.apply(wanted, plan=plan)) == {"payments": "succeeded"}
    assert scene.world.ou_of("payments") == "Sandbox"


def test_an_account_somebody_else_moved_stays_until_a_new_plan_decides() -> None:
    scene = stage(units=UNITS)
    number = existing(scene)
    wanted = state(request("payments", "Sandbox"))
    plan = scene.plan(wanted)
    scene.world.accounts[number] = but(scene.world.accounts[number], parent_id=ROOT)
    outcome = scene.apply(wanted, plan=plan)
    assert "was moved to / (r-root) since it was read" in outcome.targets[0].reason
    assert scene.world.ou_of("payments") == "/"
    assert rows(scene.apply(wanted)) == {"payments": "succeeded"}
    assert scene.world.ou_of("payments") == "Sandbox"


def test_a_conflict_that_passes_is_tried_again() -> None:
    scene = stage(units=UNITS)
    existing(scene)
    scene.world.faults.append(Fault("MoveAccount", Conflict("concurrent modification"), times=2))
    assert rows(scene.apply(state(request("payments", "Sandbox")))) == {"payments": "succeeded"}
    assert scene.world.ou_of("payments") == "Sandbox"


def test_a_conflict_that_stays_is_a_failed_row() -> None:
    scene = stage(units=UNITS)
    existing(scene)
    scene.world.faults.append(Fault("MoveAccount", Conflict("concurrent modification"), times=99))
    outcome = scene.apply(state(request("payments", "Sandbox")))
    assert reasons(outcome) == {"payments": "concurrent modification"}


def test_passing_errors_and_lost_replies_of_harmless_writes_are_tried_again() -> None:
    scene = stage(units=UNITS)
    existing(scene)
    scene.world.faults += [
        Fault("TagResource", Transient("503"), times=2),
        Fault("PutAccountName", UnknownOutcome("no reply"), lost=True),
    ]
    wanted = state(request("payments", name="Payments", tags={"team": "pay"}))
    assert rows(scene.apply(wanted)) == {"payments": "succeeded"}
    assert scene.world.account("Payments").tags["team"] == "pay"
    assert scene.plan(wanted).is_empty


def test_a_missing_permission_is_a_failed_row_at_once() -> None:
    scene = stage(units=UNITS)
    existing(scene)
    scene.world.faults.append(Fault("TagResource", Denied("not authorized"), times=99))
    began = scene.world.clock.monotonic()
    outcome = scene.apply(state(request("payments", tags={"team": "pay"})))
    assert reasons(outcome) == {"payments": "not authorized"}
    assert scene.world.clock.monotonic() - began < 1.0


# --- where things are -------------------------------------------------------------------------


def test_the_unit_index_follows_renames_and_deletions() -> None:
    scene = stage(units=("Old", "Old/Prod", "Other"))
    index = UnitIndex(scene.world.snapshot())
    index.renamed(unit_id("Old"), path("New"))
    assert index.id_of(path("New/Prod")) == unit_id("Old/Prod")
    assert index.path_of(unit_id("Old")) == path("New")
    index.created(path("New/Dev"), OrgUnitId("ou-new"))
    index.deleted(path("Other"))
    assert index.path_of(OrgUnitId("ou-new")) == path("New/Dev")
    assert index.path_of(unit_id("Other")) is None


def test_places_are_those_after_the_plan() -> None:
    scene = stage(units=("Old", "Sandbox"))
    scene.world.add_account("a", "aws+a@example.com", parent=unit_id("Old"))
    scene.world.add_account("b", "aws+b@example.com", parent=unit_id("Sandbox"))
    wanted = desired(
        request("a", "New"),
        request("b", "New"),
        request("c", "New"),
        units=[unit("New", previously="Old"), unit("Sandbox")],
    )
    targets = scene.drafted(wanted).targets
    assert {name: target.facts.ou for name, target in targets.items()} == {
        "a": path("New"),
        "b": path("New"),
        "c": path("New"),
    }


ODD_NAMES = ("R&D / Labs", " Padded ", "a/b/c/d/e/f", "/", "Root", '["Labs"]', "two\nlines")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_unit_of_any_name_is_made_used_renamed_and_deleted(name: str) -> None:
    odd = OrgUnitPath(("Workloads", name))
    was = UnitSpec(path=odd, previously=None, source=SourceRef("organization.yaml"))
    scene = stage(units=("Workloads",))
    scene.apply(state(request("old", "Workloads"), units=[unit("Workloads")]))
    by_path = [request("old", ou=odd), request("new", ou=odd)]
    assert set(rows(scene.apply(state(*by_path, units=[unit("Workloads"), was]))).values()) == {
        "succeeded"
    }
    made = scene.world.account("new").parent_id
    assert scene.world.path(made) == odd
    by_id = [request("old", "Workloads"), request("new", ou=made), request("third", ou=made)]
    assert set(rows(scene.apply(state(*by_id, units=[unit("Workloads"), was]))).values()) == {
        "succeeded"
    }
    assert scene.world.account("third").parent_id == made
    tame = UnitSpec(path=path("Workloads/Labs"), previously=odd, source=was.source)
    renamed = state(*by_id, units=[unit("Workloads"), tame])
    assert rows(scene.apply(renamed)) == {"organization": "succeeded"}
    assert scene.world.path(made) == path("Workloads/Labs")
    back = UnitSpec(path=odd, previously=tame.path, source=was.source)
    assert rows(scene.apply(state(*by_id, units=[unit("Workloads"), back]))) == {
        "organization": "succeeded"
    }
    home = [but(item, ou=path("Workloads")) for item in by_id]
    gone = state(*home, units=[unit("Workloads")], removed=[was])
    assert set(rows(scene.apply(gone)).values()) == {"succeeded"}
    assert made not in scene.world.units
