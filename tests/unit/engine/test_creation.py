"""CreateAccount and all that can go wrong around it: doubt is settled by looking."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from builders_plan import but, desired, request, unit, unit_id
from builders_reconcile import Provides, Stage, application, reasons, rows, stage
from fakes.account_factory import AccountFactory
from fakes.clocks import START
from fakes.world import Crash, FakeProvider, Fault

from aft.account_provider import CreationFailure, CreationRefused
from aft.config.model import Config, Limits
from aft.desired.model import DesiredState
from aft.engine.intents import token_of
from aft.engine.model import RunInfo, StopToken
from aft.engine.run import apply_plan
from aft.errors import Throttled, UnknownOutcome
from aft.ledger.events import EventKind, LedgerEvent, OpenIntent
from aft.organization.model import REQUEST_TAG, AccountState
from aft.values.ids import EmailAddress

EMAIL = "aws+payments@example.com"


def one(**changes: object) -> DesiredState:
    limits = changes.pop("limits", Limits())
    return desired(
        request("payments", **changes),
        units=[unit("Workloads")],
        config=Config(home_region="eu-central-1", limits=limits),
    )


def open_intent(scene: Stage, *, creation_id: str = "", name: str = "payments") -> None:
    """A run was killed after noting this."""

    def event(kind: EventKind, data: dict[str, str]) -> LedgerEvent:
        return LedgerEvent(
            kind=kind,
            subject="payments",
            at=scene.world.clock.now(),
            run="killed",
            actor="ada",
            data=data,
        )

    scene.ledger.append([event(EventKind.INTENT, {"name": name, "email": EMAIL})], durable=True)
    if creation_id:
        scene.ledger.append([event(EventKind.CREATING, {"creation_id": creation_id})], durable=True)


def begin_elsewhere(scene: Stage, *, name: str = "payments", email: str = EMAIL) -> str:
    """CreateAccount has been called by a run that is no more."""
    return scene.tools.provider.begin(application(name, email=email)).id


# --- open intents -----------------------------------------------------------------------------


def test_an_intent_with_a_creation_in_progress_is_waited_for() -> None:
    scene = stage(creation_seconds=20.0)
    open_intent(scene, creation_id=begin_elsewhere(scene))
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}
    assert scene.world.ou_of("payments") == "Workloads"
    assert scene.ledger.read().record("payments").intent is None


def test_an_intent_whose_reply_was_lost_is_found_by_name_and_time() -> None:
    scene = stage(creation_seconds=20.0, list_lag=3.0)
    open_intent(scene)
    begin_elsewhere(scene)
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}


def test_an_intent_that_came_to_nothing_is_settled_and_created_anew() -> None:
    scene = stage()
    open_intent(scene)
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.ledger.kinds("payments") == [
        "intent",
        "intent-settled",
        "intent",
        "creating",
        "bound",
        "step-done",
        "ready",
    ]
    assert scene.world.clock.monotonic() >= 60.0  # it was looked for long enough to be sure


def test_an_old_intent_is_watched_as_well_for_its_holder_may_only_be_frozen() -> None:
    """By the clock of the run that watches: whose clock the intent's time is by is not known."""
    scene = stage()
    open_intent(scene)
    scene.world.clock.advance(3600)
    began = scene.world.clock.monotonic()
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    opened = scene.ledger.events("payments")[2]
    assert opened.kind is EventKind.INTENT
    watched = (opened.at - START).total_seconds() - began
    assert 60.0 <= watched < 62.0


def test_an_intent_whose_creation_failed_is_settled_so_that_fixing_the_file_repairs_it() -> None:
    scene = stage()
    scene.world.failing_names["payments"] = ["INVALID_EMAIL"]
    open_intent(scene, creation_id=begin_elsewhere(scene))
    scene.world.clock.advance(30)
    fixed = one(email="aws+payments-fixed@example.com")
    assert rows(scene.apply(fixed)) == {"payments": "succeeded"}
    assert scene.world.account("payments").email == "aws+payments-fixed@example.com"


def test_a_creation_of_the_same_name_that_is_not_ours_is_left_alone() -> None:
    scene = stage()
    open_intent(scene)
    begin_elsewhere(scene, email="somebody@example.org")
    scene.world.births["car-0001"].tags = {}
    outcome = scene.apply(one())
    assert rows(outcome) == {"payments": "failed"}
    assert "another e-mail address" in outcome.targets[0].reason
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    emails = sorted(item.email for item in scene.world.accounts.values())
    assert emails == [EMAIL, "somebody@example.org"]
    ours = next(item for item in scene.world.accounts.values() if item.email == EMAIL)
    assert scene.ledger.read().record("payments").account_id == ours.id


def test_what_was_renamed_meanwhile_is_created_once_and_gets_the_new_name_and_tags() -> None:
    scene = stage(creation_seconds=20.0)
    open_intent(scene, creation_id=begin_elsewhere(scene))
    state = one(name="payments-prod", tags={"team": "pay"})
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    (found,) = scene.world.accounts.values()
    assert found.name == "payments-prod"
    assert found.tags == {"team": "pay", REQUEST_TAG: "payments"}
    assert scene.plan(state).is_empty


def test_an_intent_of_a_run_that_is_under_way_is_not_taken_over() -> None:
    scene = stage()
    state = one()
    view, drafted = scene.view(state), scene.drafted(state)
    open_intent(scene)  # after this run has read the ledger

    outcome = apply_plan(
        drafted.plan,
        view,
        drafted.targets,
        scene.tools,
        run=RunInfo(id="r2", actor="bob", revision=state.revision, plan_digest="", command="apply"),
        stop=StopToken(),
    )
    assert rows(outcome) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}
    assert scene.world.clock.monotonic() >= 60.0  # nothing came of it in all that time
    settled = scene.ledger.events("payments")[1]
    assert settled.data["intent_run"] == "killed"


def test_an_intent_outlives_the_machine() -> None:
    scene = stage()
    state = one()
    plan = scene.plan(state)
    scene.world.crash_after = ("append-durable", 1)
    with pytest.raises(Crash):
        scene.apply(state, plan=plan)
    scene.ledger.lose_machine()
    assert scene.ledger.read().record("payments").intent is not None


def test_nothing_but_the_intent_is_waited_for() -> None:
    """Pushes take time; the creation's id and the binding are found again by looking."""
    scene = stage()
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.calls["append-durable"] == 1
    assert scene.ledger.kinds("payments") == [
        *("intent", "creating", "bound", "step-done", "ready")
    ]


def test_a_new_account_that_something_else_moves_at_once_ends_where_it_is_wanted() -> None:
    """Some organizations move every new account out of the root by themselves."""
    scene = stage(units=("Workloads", "Landing"), usable_after=30.0)

    def move_away() -> None:
        (account,) = scene.world.accounts.values()
        scene.world.accounts[account.id] = but(account, parent_id=unit_id("Landing"))

    scene.world.clock.at(20.0, move_away)
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.ou_of("payments") == "Workloads"


# --- lost replies -----------------------------------------------------------------------------


def test_a_lost_reply_of_an_accepted_call_is_settled_by_looking() -> None:
    scene = stage(list_lag=3.0)
    scene.world.faults.append(Fault("CreateAccount", UnknownOutcome("no reply"), lost=True))
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}


def test_a_lost_reply_of_a_call_that_never_arrived_is_called_again() -> None:
    scene = stage()
    scene.world.faults.append(Fault("CreateAccount", UnknownOutcome("no reply")))
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}
    assert scene.ledger.kinds("payments")[:3] == ["intent", "intent-settled", "intent"]


def test_replies_lost_again_and_again_end_in_a_failed_row() -> None:
    scene = stage()
    scene.world.faults.append(Fault("CreateAccount", UnknownOutcome("no reply"), times=99))
    outcome = scene.apply(one())
    assert reasons(outcome) == {"payments": "no reply"}
    assert scene.ledger.read().record("payments").intent is None


def test_a_lost_reply_is_looked_for_from_the_call_on_however_long_the_slots_were_taken() -> None:
    scene = stage(creation_seconds=50.0, list_lag=20.0, unique_emails=False)
    scene.world.faults.append(Fault("CreateAccount", Throttled("slots are taken"), times=8))
    scene.world.faults.append(Fault("CreateAccount", UnknownOutcome("no reply"), lost=True))
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert len(scene.world.births) == 1


# --- the lease --------------------------------------------------------------------------------


@pytest.mark.parametrize("provides", [FakeProvider, AccountFactory])
def test_a_lease_is_renewed_while_slots_are_taken_and_the_token_stays(provides: Provides) -> None:
    scene = stage(provides=provides)
    call = "CreateAccount" if provides is FakeProvider else "ProvisionProduct"
    scene.world.faults.append(Fault(call, Throttled("slots are taken"), times=12))
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    events = scene.ledger.events("payments")
    opened, *renewed = [event for event in events if event.kind is EventKind.INTENT]
    times = [event.at for event in (opened, *renewed)]
    assert all((b - a).total_seconds() > 30.0 for a, b in pairwise(times))
    assert 2 <= len(renewed) < scene.world.calls[call]
    (birth,) = scene.world.births.values()
    assert (birth.creation.requested_at - times[-1]).total_seconds() <= 30.0
    intent = OpenIntent(at=opened.at, run=opened.run)
    assert birth.token in ("", token_of("payments", intent))


def test_a_push_that_takes_too_long_is_not_acted_on() -> None:
    scene = stage(ledger_latency=31.0)
    outcome = scene.apply(one())
    assert "more than 30 s went by" in reasons(outcome)["payments"]
    assert "remote is slow" in outcome.targets[0].hint
    assert not scene.world.births
    assert scene.ledger.read().record("payments").intent is None
    scene.world.ledger_latency = 29.0
    assert rows(scene.apply(one())) == {"payments": "succeeded"}


@pytest.mark.parametrize("again", [EventKind.INTENT, EventKind.CREATING])
def test_an_intent_that_changes_is_watched_from_there_on(again: EventKind) -> None:
    """Its holder is at work."""
    scene = stage()
    open_intent(scene)
    (intent,) = scene.ledger.events("payments")
    lease = f"killed {intent.at.isoformat()}"
    elsewhere = scene.on_another_machine("killed")

    def go_on() -> None:
        data = {"creation_id": "car-9999"} if again is EventKind.CREATING else intent.data
        now = scene.world.clock.now()
        event = but(intent, kind=again, at=now, lease=lease, data=data)
        elsewhere.ledger.append([event], durable=True)

    scene.world.clock.at(50.0, go_on)
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}
    opened = [item for item in scene.ledger.events("payments") if item.run != "killed"][1]
    assert opened.kind is EventKind.INTENT
    assert (opened.at - START).total_seconds() >= 110.0


# --- the e-mail address -----------------------------------------------------------------------


def test_an_address_that_is_ours_after_all_is_bound() -> None:
    scene = stage()
    state = one(tags={"team": "pay"})
    plan = scene.plan(state)
    scene.world.add_account("old-name", EMAIL.upper())
    assert rows(scene.apply(state, plan=plan)) == {"payments": "succeeded"}
    (found,) = scene.world.accounts.values()
    assert found.name == "payments"
    assert found.tags == {"team": "pay", REQUEST_TAG: "payments"}
    assert scene.world.ou_of("payments") == "Workloads"
    bound = next(e for e in scene.ledger.events("payments") if e.kind is EventKind.BOUND)
    assert bound.data["how"] == "found"
    assert scene.plan(state).is_empty


def test_an_address_outside_the_organization_fails_with_what_to_do() -> None:
    scene = stage()
    scene.world.foreign_emails.add(EMAIL)
    outcome = scene.apply(one())
    assert reasons(outcome) == {
        "payments": "AWS did not create the account of payments: EMAIL_ALREADY_EXISTS"
    }
    assert "choose another address" in outcome.targets[0].hint
    assert not scene.world.accounts
    assert scene.ledger.read().record("payments").intent is None


@pytest.mark.parametrize("sign", ["tag", "ledger"])
def test_an_address_of_another_request_is_not_taken_over(sign: str) -> None:
    scene = stage()
    plan = scene.plan(one())
    tags = {REQUEST_TAG: "search"} if sign == "tag" else {}
    account_id = scene.world.add_account("search", EMAIL, tags=tags)
    if sign == "ledger":
        scene.ledger.append(
            [
                LedgerEvent(
                    kind=EventKind.BOUND,
                    subject="search",
                    at=scene.world.clock.now(),
                    run="r0",
                    actor="ada",
                    account_id=account_id,
                )
            ],
            durable=True,
        )
    outcome = scene.apply(one(), plan=plan)
    assert rows(outcome) == {"payments": "failed"}
    assert "search" in outcome.targets[0].reason
    assert account_id in outcome.targets[0].reason
    assert scene.world.account("search").tags == tags
    assert scene.ledger.read().record("payments").account_id is None


def test_an_address_of_a_closed_account_says_so() -> None:
    scene = stage()
    plan = scene.plan(one())
    account_id = scene.world.add_account("gone", EMAIL)
    closed = but(scene.world.accounts[account_id], state=AccountState.SUSPENDED)
    scene.world.accounts[account_id] = closed
    outcome = scene.apply(one(), plan=plan)
    assert "SUSPENDED" in outcome.targets[0].reason


def test_our_own_first_call_that_is_still_going_on_is_waited_for() -> None:
    """CreateAccount was sent twice by something in between: the second one fails at once."""
    scene = stage(creation_seconds=20.0)
    plan = scene.plan(one())
    begin_elsewhere(scene)
    failure = CreationFailure(reason="EMAIL_ALREADY_EXISTS", hint="", account_exists=True)
    refused = CreationRefused("in use", failure=failure)
    scene.world.faults.append(Fault("CreateAccount", refused))
    assert rows(scene.apply(one(), plan=plan)) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}


# --- refusals ---------------------------------------------------------------------------------


def test_a_refusal_for_the_moment_gives_the_slot_back_and_is_asked_again() -> None:
    scene = stage()
    scene.world.failing_names["payments"] = [
        "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
        "CONCURRENT_ACCOUNT_MODIFICATION",
    ]
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 3}
    assert scene.world.account("payments").email == EMAIL


def test_taken_slots_are_waited_for() -> None:
    scene = stage(creation_seconds=30.0)
    for number in range(5):
        begin_elsewhere(scene, name=f"other-{number}", email=f"other-{number}@example.com")
    state = one()
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    assert scene.world.refused_starts >= 1
    assert scene.world.most_in_progress == 5


def test_slots_that_stay_taken_fail_after_the_time_allowed() -> None:
    scene = stage()
    scene.world.faults.append(Fault("CreateAccount", Throttled("slots are taken"), times=9999))
    outcome = scene.apply(one(limits=Limits(created_within_seconds=120)))
    assert reasons(outcome) == {"payments": "AWS accepted no creation for 120 s: slots are taken"}
    assert scene.ledger.read().record("payments").intent is None


def test_the_account_quota_names_the_quota_to_raise() -> None:
    scene = stage()
    scene.world.failing_names["payments"] = ["ACCOUNT_LIMIT_EXCEEDED"]
    outcome = scene.apply(one())
    assert "L-E619E033" in outcome.targets[0].hint


def test_a_creation_that_never_ends_fails_and_is_taken_up_by_the_next_run() -> None:
    scene = stage(creation_seconds=1000.0)
    state = one(limits=Limits(created_within_seconds=120))
    outcome = scene.apply(state)
    assert "still in progress after 120 s" in outcome.targets[0].reason
    assert scene.ledger.read().record("payments").intent is not None
    scene.world.clock.advance(1000)
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}


# --- usable -----------------------------------------------------------------------------------


def test_a_new_account_is_waited_for_until_it_can_be_entered() -> None:
    scene = stage(usable_after=90.0)
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    born = scene.world.born[scene.world.account("payments").id]
    done = scene.ledger.read().record("payments").steps["account/"].at
    assert timedelta(seconds=90) <= done - born < timedelta(seconds=105)


def test_an_account_that_never_becomes_usable_is_bound_and_says_what_to_check() -> None:
    scene = stage(usable_after=10_000.0)
    state = one(limits=Limits(usable_within_seconds=120))
    outcome = scene.apply(state)
    row = outcome.targets[0]
    assert row.status == "failed"
    assert "not usable within 120 s" in row.reason
    assert "OrganizationAccountAccessRole" in row.hint
    account_id = scene.world.account("payments").id
    assert scene.ledger.read().record("payments").account_id == account_id
    assert row.account_id == account_id


def test_names_compare_by_request_and_not_by_name() -> None:
    """An account of the same name but with another address is somebody else's."""
    scene = stage()
    scene.world.add_account("payments", "other@example.com")
    assert rows(scene.apply(one())) == {"payments": "succeeded"}
    bound = scene.ledger.read().record("payments").account_id
    (ours,) = [
        item for item in scene.world.accounts.values() if EmailAddress(item.email).key == EMAIL
    ]
    assert bound == ours.id
