"""Whole runs over the fake world: order, failures as rows, blocking, stops, what is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from builders_kinds import what
from builders_plan import baseline, but, customization, desired, request, unit
from builders_reconcile import Stage, reasons, rows, stage
from fakes.clocks import SimulatedClock, SteppingClock
from fakes.plugins import LevelSetting, settings
from fakes.world import Fault, Witness

from aft.baselines.model import setting_ref
from aft.config.model import Config, Limits
from aft.engine.model import StopToken
from aft.errors import Denied, Refused, Terminal, Transient
from aft.ledger.events import EventKind, LedgerEvent
from aft.ledger.payloads import Intent
from aft.organization.model import REQUEST_TAG
from aft.plan.model import Confirmation
from aft.plan.outcome import Counts, Status
from aft.ports import AccessRefusal, Progress, ProgressKind
from aft.values.ids import RequestId, Revision


def after(name: str) -> dict[str, tuple[RequestId, ...]]:
    return {"depends_on": (RequestId(name),)}


def test_accounts_are_created_placed_tagged_and_filled() -> None:
    scene = stage(units=())
    state = desired(
        request("network", "Infrastructure", tags={"team": "net"}),
        request("payments", "Workloads/Prod", customizations=("web",), **after("network")),
        units=[unit("Infrastructure"), unit("Workloads"), unit("Workloads/Prod")],
        baselines=[baseline(ou="Workloads", level=3)],
        customizations=[
            customization("global", "10-roles.py"),
            customization("web", "20-web.py", uses=frozenset({"outputs"})),
        ],
    )
    outcome = scene.apply(state)
    assert rows(outcome) == {
        "organization": "succeeded",
        "network": "succeeded",
        "payments": "succeeded",
    }
    assert outcome.exit_code == 0
    assert scene.world.paths() == {"Infrastructure", "Workloads", "Workloads/Prod"}
    assert scene.world.ou_of("payments") == "Workloads/Prod"
    assert scene.world.account("network").tags == {"team": "net", REQUEST_TAG: "network"}
    inside = scene.world.inside[scene.world.account("payments").id]
    assert inside["account-alias"] == 3
    assert inside["ran"] == ["global/10-roles.py", "web/20-web.py"]
    left = f"10-roles.py in {scene.world.account('payments').id}"
    assert inside["inputs of web/20-web.py"] == {"global/10-roles.py": {"by": left}}
    assert scene.plan(state).is_empty


def test_what_others_wait_for_is_done_before_they_begin() -> None:
    scene = stage()
    state = desired(
        request("network"), request("payments", **after("network")), units=[unit("Workloads")]
    )
    scene.apply(state)
    born = scene.world.born
    network = scene.ledger.read().record("network").steps["account/"].at
    assert born[scene.world.account("payments").id] > network


def test_a_failure_is_one_row_and_blocks_only_what_needs_it() -> None:
    scene = stage()
    scene.world.failing_names["network"] = ["INVALID_ADDRESS"]
    state = desired(
        request("network"),
        request("payments", **after("network")),
        request("search", **after("payments")),
        request("wiki"),
        units=[unit("Workloads")],
        baselines=[baseline()],
    )
    outcome = scene.apply(state)
    assert rows(outcome) == {
        "network": "failed",
        "payments": "blocked",
        "search": "blocked",
        "wiki": "succeeded",
    }
    assert outcome.counts == Counts(succeeded=1, failed=1, blocked=2, stopped=0)
    assert outcome.counts.total == len(outcome.targets)
    assert outcome.step_counts.total == len(scene.plan(state).changes) + 3  # wiki's are done
    assert outcome.exit_code == 4
    assert outcome.failed_targets == {"network", "payments", "search"}
    failed, blocked = outcome.targets[0], outcome.targets[1]
    assert failed.reason == "AWS did not create the account of network: INVALID_ADDRESS"
    assert "contact address" in failed.hint
    assert blocked.reason.startswith(
        "waits for network's step to create account, which failed: AWS did not"
    )
    assert sorted(item.name for item in scene.world.accounts.values()) == ["wiki"]


def test_fixing_the_cause_repairs_the_rest_on_the_next_run() -> None:
    scene = stage()
    scene.world.failing_names["network"] = ["INVALID_ADDRESS"]
    state = desired(
        request("network"), request("payments", **after("network")), units=[unit("Workloads")]
    )
    scene.apply(state)
    assert rows(scene.apply(state)) == {"network": "succeeded", "payments": "succeeded"}
    assert scene.plan(state).is_empty
    assert not scene.ledger.read().record("network").failures


def test_a_failed_setting_blocks_the_customizations_of_its_account_alone() -> None:
    scene = stage()
    refusing = LevelSetting("account-alias", refuses=Terminal("the alias is taken", hint="another"))
    scene.settings = settings(refusing, LevelSetting("ebs-default-encryption"))
    state = desired(
        request("payments"),
        request("search", "Infrastructure"),
        units=[unit("Workloads"), unit("Infrastructure")],
        baselines=[baseline(ou="Workloads")],
        customizations=[customization("global", "10-roles.py")],
    )
    outcome = scene.apply(state)
    assert rows(outcome)["payments"] == "failed"
    assert rows(outcome)["search"] == "succeeded"
    row = next(item for item in outcome.targets if item.target == "payments")
    assert [(step.change.key, step.status) for step in row.steps] == [
        ("", Status.SUCCEEDED),
        ("account-alias", Status.FAILED),
        ("ebs-default-encryption", Status.SUCCEEDED),  # beside it, not after it
        ("global/10-roles.py", Status.BLOCKED),
    ]
    assert outcome.counts.total == len(outcome.targets)
    assert (row.reason, row.hint) == ("the alias is taken", "another")
    failure = scene.ledger.read().record("payments").failures["setting/account-alias"]
    assert (failure.reason, failure.hint) == ("the alias is taken", "another")


def test_a_failed_ou_leaves_its_siblings_and_their_accounts_alone() -> None:
    scene = stage(units=())
    scene.world.faults.append(Fault("CreateOrganizationalUnit", Denied("not allowed")))
    state = desired(
        request("a", "Alpha"), request("b", "Beta"), units=[unit("Alpha"), unit("Beta")]
    )
    outcome = scene.apply(state)
    assert rows(outcome) == {"organization": "failed", "a": "blocked", "b": "succeeded"}
    assert scene.world.paths() == {"Beta"}


def test_a_plugin_that_raises_anything_costs_one_row() -> None:
    scene = stage()
    scene.runner.errors["global/10-roles.py"] = ZeroDivisionError("oops")
    state = desired(
        request("payments"),
        units=[unit("Workloads")],
        customizations=[customization("global", "10-roles.py")],
    )
    outcome = scene.apply(state)
    (reason,) = reasons(outcome).values()
    assert reason.startswith("unexpected ZeroDivisionError at tests/fakes/plugins.py:")
    assert "bug" in outcome.targets[0].hint


def test_a_plan_of_another_revision_is_refused_before_anything_happens() -> None:
    scene = stage()
    state = desired(request("payments"), units=[unit("Workloads")])
    plan = scene.plan(state)
    with pytest.raises(Refused, match="revision"):
        scene.apply(but(state, revision=Revision("9" * 40)), plan=plan)
    assert not scene.world.accounts
    assert not scene.ledger.read().records


def test_a_ledger_that_cannot_be_written_fails_the_target_loudly() -> None:
    scene = stage()
    scene.world.faults.append(Fault("append-durable", Transient("the remote is gone"), times=99))
    state = desired(request("payments"), units=[unit("Workloads")])
    outcome = scene.apply(state)
    assert reasons(outcome) == {"payments": "the remote is gone"}
    assert not scene.world.births  # no intent, no CreateAccount


def test_a_ledger_that_cannot_be_pushed_in_the_end_is_said_and_is_not_a_success() -> None:
    scene = stage(units=())
    scene.world.faults.append(Fault("publish", Transient("the remote is gone"), times=99))
    outcome = scene.apply(desired(units=[unit("Alpha")]))
    assert rows(outcome) == {"organization": "succeeded"}
    assert outcome.unpublished == "the remote is gone"
    assert outcome.exit_code == 4


# --- stopping ---------------------------------------------------------------------------------


def test_a_stop_between_steps_begins_nothing_more_and_the_next_run_continues() -> None:
    scene = stage()
    stop = StopToken()
    limits = Limits(accounts_in_parallel=1, creations_in_flight=1)
    state = desired(
        *(request(name) for name in ("a", "b", "c")),
        units=[unit("Workloads")],
        baselines=[baseline()],
        config=Config(home_region="eu-central-1", limits=limits),
    )
    scene.world.clock.at(8.0, lambda: stop.set("SIGTERM"))
    outcome = scene.apply(state, stop=stop)
    assert set(rows(outcome).values()) <= {"succeeded", "stopped"}
    assert outcome.counts.stopped >= 1
    assert outcome.counts.total == 3
    assert outcome.stop_reason == "SIGTERM"
    assert outcome.exit_code == 4
    assert len(scene.world.births) < 3
    (last,) = [row for row in outcome.targets if row.target == "c"]
    assert last.reason == "not started: SIGTERM"
    assert scene.ledger.kinds("organization")[-1] == "run-finished"
    assert set(rows(scene.apply(state)).values()) == {"succeeded"}
    assert scene.world.accepted_starts == {"a": 1, "b": 1, "c": 1}
    assert scene.plan(state).is_empty


def test_a_deadline_in_the_middle_of_a_creation_leaves_it_to_the_next_run() -> None:
    scene = stage(creation_seconds=60.0)
    state = desired(request("payments"), units=[unit("Workloads")])
    outcome = scene.apply(state, stop=StopToken(clock=scene.world.clock, seconds=10.0))
    assert rows(outcome) == {"payments": "stopped"}
    assert outcome.stop_reason == "the deadline of 10 s has passed"
    assert scene.world.clock.monotonic() < 11.0
    intent = scene.ledger.read().record("payments").intent
    assert intent is not None
    assert intent.creation_id == "car-0001"
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}


def test_a_stop_before_the_first_step_changes_nothing() -> None:
    scene = stage()
    stop = StopToken()
    stop.set("SIGINT")
    state = desired(request("a"), request("b"), units=[unit("Workloads"), unit("New")])
    outcome = scene.apply(state, stop=stop)
    assert set(rows(outcome).values()) == {"stopped"}
    assert not scene.world.births
    assert scene.world.paths() == {"Workloads"}


# --- what is written and told -----------------------------------------------------------------


def test_every_event_says_who_why_from_which_commit_and_by_which_calls() -> None:
    scene = stage()
    state = desired(request("payments"), units=[unit("Workloads")], baselines=[baseline()])
    plan = scene.plan(state)
    scene.apply(state, plan=plan)
    *events, ready = scene.ledger.events("payments")
    assert (ready.kind.value, ready.account_id) == ("ready", events[-1].account_id)
    assert [event.kind.value for event in events] == [
        "intent",
        "creating",
        "bound",
        "step-done",
        "step-done",
        "step-done",
    ]
    account_id = scene.world.account("payments").id
    for event in events:
        assert (event.actor, event.run, event.revision) == ("ada", "run-1", state.revision)
        assert event.request_commit == "f" * 40
        assert event.plan_digest.startswith("sha256:")
        assert event.change in plan.change_by_id
    assert [event.account_id for event in events[2:]] == [account_id] * 4
    assert events[0].data == {
        "name": "payments",
        "email": "aws+payments@example.com",
        "provider": "organizations",
        "why": {"owner": "payments"},
    }
    assert events[1].aws_request_ids[0].startswith("organizations:CreateAccount:")
    assert events[1].data["creation_id"] == "car-0001"
    assert events[3].aws_request_ids[0].startswith("organizations:MoveAccount:")
    assert events[3].summary == f"Create account {account_id} for payments in Workloads"
    settings = {event.summary for event in events[4:]}  # side by side, so in any order
    assert f"Apply account-alias in payments ({account_id}): level None should be 1" in settings
    whole = scene.ledger.events("organization")
    assert [event.kind for event in whole] == [EventKind.RUN_STARTED, EventKind.RUN_FINISHED]
    began = {"command": "apply", "changes": len(plan.changes), "consent": "operator"}
    assert whole[0].data == began
    assert whole[1].data == {"succeeded": 1, "failed": 0, "blocked": 0, "stopped": 0}


def test_confirmations_of_the_plan_are_noted() -> None:
    scene = stage()
    state = desired(request("payments"), units=[unit("Workloads")], baselines=[baseline()])
    scene.apply(state)
    scene.ledger.lose_everything()
    plan = scene.plan(state)
    adopt = tuple(item for item in plan.changes if what(item) == "adopt account")
    confirmation = Confirmation(
        target="payments",
        account_id=scene.world.account("payments").id,
        ref=setting_ref("account-alias"),
        inputs_digest="sha256:seen",
    )
    scene.apply(state, plan=but(plan, changes=adopt, confirmations=(confirmation,)))
    assert (
        scene.ledger.read().record("payments").steps["setting/account-alias"].digest
        == "sha256:seen"
    )


@pytest.mark.parametrize("changes", [{}, {"email": "aws+other@example.com"}])
def test_a_failure_that_left_nothing_to_do_is_noted_as_overcome(changes: dict[str, Any]) -> None:
    scene = stage()
    scene.apply(desired(request("payments"), units=[unit("Workloads")]))
    state = desired(request("payments", **changes), units=[unit("Workloads")])
    moved = scene.world.account("payments")
    scene.world.accounts[moved.id] = but(moved, parent_id="r-root")
    scene.world.faults.append(Fault("MoveAccount", Denied("not allowed")))
    assert rows(scene.apply(state)) == {"payments": "failed"}
    assert "account/ou" in scene.ledger.read().record("payments").failures
    scene.world.accounts[moved.id] = moved  # somebody moves it by hand
    scene.apply(state)
    assert not scene.ledger.read().record("payments").failures


def an_intent(scene: Stage, name: str) -> LedgerEvent:
    """Of a run that did not see that another one was creating the account."""
    said = Intent(name=name, email=f"aws+{name}@example.com", provider="organizations")
    return LedgerEvent(
        kind=said.event,
        subject=name,
        at=scene.world.clock.now(),
        run="other",
        actor="ada",
        data=said.data,
    )


def test_an_intent_that_another_run_has_left_next_to_a_binding_is_settled() -> None:
    scene, state = stage(), desired(request("payments"), units=[unit("Workloads")])
    scene.apply(state)
    other = scene.on_another_machine("other")
    other.ledger.append((an_intent(scene, "payments"),), durable=True)
    assert scene.ledger.read().record("payments").intent is not None
    scene.on_another_machine("later").apply(state)
    record = scene.ledger.read().record("payments")
    assert record.intent is None
    assert record.account_id == scene.world.account("payments").id
    assert scene.world.accepted_starts["payments"] == 1


def test_an_intent_of_an_account_that_is_gone_stays() -> None:
    scene, state = stage(), desired(request("payments"), units=[unit("Workloads")])
    scene.apply(state)
    other = scene.on_another_machine("other")
    other.ledger.append((an_intent(scene, "payments"),), durable=True)
    del scene.world.accounts[scene.world.account("payments").id]
    scene.on_another_machine("later").apply(state)
    assert scene.ledger.read().record("payments").intent is not None


def test_progress_tells_each_step_once_and_the_waits_between() -> None:
    scene = stage()
    state = desired(
        request("payments"), request("search"), units=[unit("Workloads")], baselines=[baseline()]
    )
    scene.world.failing_names["search"] = ["INVALID_EMAIL"]
    plan = scene.plan(state)
    scene.apply(state, plan=plan)
    seen = scene.witness.seen
    ends = (ProgressKind.STEP_DONE, ProgressKind.STEP_FAILED, ProgressKind.STEP_SKIPPED)
    assert sorted(item.change for item in seen if item.kind in ends) == sorted(plan.change_by_id)
    assert seen[0].kind is ProgressKind.RUN_STARTED
    assert seen[-1].kind is ProgressKind.RUN_FINISHED
    assert seen[-1].message == "1 succeeded, 1 failed"
    done = next(item for item in seen if item.kind is ProgressKind.STEP_DONE)
    assert done.account_id == scene.world.account("payments").id
    assert done.seconds is not None
    assert done.seconds >= 5.0
    waits = [item for item in seen if item.kind is ProgressKind.STEP_WAITING]
    said = {item.message for item in waits}  # the same words at every look
    assert "AWS is creating the account" in said
    assert said <= {
        "AWS is creating the account",
        f"account {done.account_id} is not usable yet",
    }
    assert all(item.seconds > 0 for item in waits if item.message.startswith("AWS"))
    targets = [item.target for item in seen if item.kind is ProgressKind.TARGET_DONE]
    assert sorted(targets) == ["payments", "search"]


@dataclass(kw_only=True)
class Timed(Witness):
    """When each sentence about an account that is not usable was said first."""

    clock: SteppingClock | SimulatedClock
    waits: list[tuple[float, str]] = field(default_factory=list)

    def notify(self, progress: Progress) -> None:
        super().notify(progress)
        is_wait = progress.kind is ProgressKind.STEP_WAITING and "usable" in progress.message
        if is_wait and progress.message not in {said for _, said in self.waits}:
            self.waits.append((self.clock.monotonic(), progress.message))


def waits_of(scene: Stage) -> list[str]:
    seen = [item.message for item in scene.witness.seen if item.kind is ProgressKind.STEP_WAITING]
    return [words for words in dict.fromkeys(seen) if "usable" in words]


def test_within_a_minute_a_wait_says_what_is_refused_and_goes_on() -> None:
    """A role of a new account may still come; whoever waits sees what else it may be."""
    scene = stage(usable_after=200.0)
    scene.world.refusal = AccessRefusal(
        message="sts:AssumeRole of role/Member is refused", hint="check that it trusts us"
    )
    state = desired(request("payments"), units=[unit("Workloads")], baselines=[baseline()])
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    account = scene.world.account("payments").id
    first, then = waits_of(scene)
    assert first == f"account {account} is not usable yet"
    assert then == f"{first}: sts:AssumeRole of role/Member is refused; check that it trusts us"


@pytest.mark.parametrize(("put_back_after", "status"), [(500.0, "succeeded"), (900.0, "failed")])
def test_what_is_refused_to_us_is_tried_until_the_time_is_over(
    put_back_after: float, status: str
) -> None:
    """Whose policy is wrong may be corrected while the run waits; the log says which it is within
    a minute of the first refusal, and once."""
    scene = stage(usable_after=put_back_after)
    scene.world.refusal = AccessRefusal(
        message="no identity-based policy allows it", hint="allow sts:AssumeRole"
    )
    state = desired(request("payments"), units=[unit("Workloads")], baselines=[baseline()])
    scene.witness = timed = Timed(clock=scene.world.clock)
    outcome = scene.apply(state)
    (row,) = outcome.targets
    assert row.status == status
    first, then, *more = timed.waits
    assert "identity-based policy" not in first[1]
    assert "no identity-based policy allows it; allow sts:AssumeRole" in then[1]
    assert then[0] - first[0] <= 60
    assert more == []
    if status == "failed":
        assert "not usable within 600 s: no identity-based policy allows it" in row.reason
        assert row.hint == "allow sts:AssumeRole; then run again"


def test_a_wait_in_which_nothing_is_refused_says_no_more() -> None:
    scene = stage(usable_after=200.0)
    state = desired(request("payments"), units=[unit("Workloads")], baselines=[baseline()])
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    assert len(waits_of(scene)) == 1


def test_rows_of_an_empty_plan_are_none_and_succeed() -> None:
    scene = stage()
    outcome = scene.apply(desired(units=[unit("Workloads")]))
    assert outcome.targets == ()
    assert outcome.exit_code == 0
