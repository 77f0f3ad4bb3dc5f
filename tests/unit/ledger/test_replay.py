from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders_git import START, bound, event, intent, step

from aft.ledger.codec import decode_record, encode_record
from aft.ledger.events import AccountRecord, DoneStep, EventKind, LedgerEvent, moment_text
from aft.ledger.replay import apply_event, rebound, replay


def at(second: float) -> str:
    """As the ledger has it."""
    return moment_text(START + timedelta(seconds=second))


def test_nothing_adds_up_to_nothing() -> None:
    assert replay([]) is None


def test_an_intent_stays_open_until_it_is_bound() -> None:
    creating = event(kind=EventKind.CREATING, second=2, data={"creation_id": "car-1"})
    begun = replay([intent(), creating])
    assert begun is not None
    assert begun.intent is not None
    assert (begun.intent.name, begun.intent.email) == (
        "payments-prod",
        "payments-prod@example.com",
    )
    assert begun.intent.creation_id == "car-1"
    assert begun.intent.at == intent().at  # when it was opened, not when AWS accepted it
    done = replay([intent(), creating, bound(second=3)])
    assert done is not None
    assert done.intent is None
    assert done.account_id == "111122223333"


def test_an_intent_that_came_to_nothing_is_closed() -> None:
    record = replay([intent(), event(kind=EventKind.INTENT_SETTLED, second=1)])
    assert record is not None
    assert record.intent is None
    assert record.account_id is None


def test_settling_one_runs_intent_leaves_anothers_open() -> None:
    settled = event(kind=EventKind.INTENT_SETTLED, second=2, data={"intent_run": "run-1"})
    record = replay([intent(run="run-1"), intent(run="run-2", second=1), settled])
    assert record is not None
    assert record.intent is not None
    assert record.intent.run == "run-2"


def test_a_renewed_intent_is_the_same_one_under_another_lease() -> None:
    first = replay([intent()])
    assert first is not None
    assert first.intent is not None
    lease = first.intent.lease
    renewed = replace(intent(second=31, run="run-2"), lease=lease)
    creating = {"kind": EventKind.CREATING, "second": 40, "data": {"creation_id": "car-1"}}
    late, timely = event(**creating, lease=lease), event(**creating, lease="run-2 " + at(31))
    for last, creation_id in ((late, None), (timely, "car-1")):
        record = replay([intent(), renewed, last])
        assert record is not None
        assert record.intent == replace(
            first.intent, renewed_at=renewed.at, renewed_by="run-2", creation_id=creation_id
        )
        assert record.intent.lease == "run-2 " + at(31)
        assert decode_record(encode_record("payments-prod", record)) == record


def test_what_is_said_of_a_lease_that_is_over_changes_nothing() -> None:
    lease = "run-1 " + at(0)
    settled = event(kind=EventKind.INTENT_SETTLED, second=61, run="run-2", lease=lease)
    taken_over = [intent(), settled, intent(second=61, run="run-2")]
    late = [
        event(kind=EventKind.INTENT_SETTLED, second=70, lease=lease),
        event(kind=EventKind.CREATING, second=71, lease=lease, data={"creation_id": "car-1"}),
    ]
    bound_since = [*taken_over, bound(second=65, run="run-2")]
    for story in (taken_over, bound_since):
        record, after = replay(story), replay([*story, *late])
        assert record is not None
        assert after is not None
        assert (after.intent, after.account_id) == (record.intent, record.account_id)


def test_creating_without_a_known_intent_opens_one() -> None:
    record = replay([event(kind=EventKind.CREATING, data={"creation_id": "car-1"})])
    assert record is not None
    assert record.intent is not None
    assert record.intent.creation_id == "car-1"


def test_a_step_done_keeps_its_digest_outputs_and_tags() -> None:
    done = step("network", "sha256:a", outputs={"VpcId": "vpc-1"}, tag_keys=["team", "env"])
    record = replay([bound(), done])
    assert record is not None
    assert record.steps["setting/network"].digest == "sha256:a"
    assert record.steps["setting/network"].outputs == {"VpcId": "vpc-1"}
    assert record.tag_keys == ("team", "env")


def test_a_step_without_a_name_goes_by_its_kind() -> None:
    move = event(second=1, data={"kind": "move-account"})
    record = replay([bound(), move])
    assert record is not None
    assert set(record.steps) == {"account/ou"}


def test_failures_are_counted_and_cleared_by_success() -> None:
    failed = [
        step("network", kind=EventKind.STEP_FAILED, second=n, reason=f"no {n}", hint="wait")
        for n in range(3)
    ]
    record = replay([bound(), *failed])
    assert record is not None
    assert record.failures["setting/network"].attempts == 3
    assert record.failures["setting/network"].reason == "no 2"
    assert record.failures["setting/network"].hint == "wait"
    assert "setting/network" not in record.steps
    fixed = apply_event(record, step("network", second=9))
    assert fixed is not None
    assert not fixed.failures
    assert "setting/network" in fixed.steps


def test_a_failure_does_not_forget_the_last_success() -> None:
    failed = step("network", kind=EventKind.STEP_FAILED, second=2, reason="no")
    record = replay([bound(), step("network", "sha256:a"), failed])
    assert record is not None
    assert record.steps["setting/network"].digest == "sha256:a"


def test_confirming_a_step_keeps_what_it_does_not_repeat() -> None:
    first = step("network", "sha256:a", outputs={"VpcId": "vpc-1"})
    seen = event(kind=EventKind.STEP_CONFIRMED, second=5, run="run-2", data={"name": "network"})
    record = replay([bound(), first, seen])
    assert record is not None
    assert record.steps["setting/network"] == DoneStep(
        digest="sha256:a", at=seen.at, run="run-2", outputs={"VpcId": "vpc-1"}
    )
    again = replay([bound(), first, step("network", "sha256:b", second=6)])
    assert again is not None
    assert again.steps["setting/network"].outputs == {}  # done anew, and it gave nothing this time


def test_binding_clears_a_failed_creation_only() -> None:
    create = event(kind=EventKind.STEP_FAILED, data={"kind": "create-account", "reason": "slow"})
    other = step("network", kind=EventKind.STEP_FAILED, second=1, reason="no")
    record = replay([create, other, bound(second=2)])
    assert record is not None
    assert set(record.failures) == {"setting/network"}


def test_another_account_has_nothing_done_yet() -> None:
    before = [bound(tag_keys=["team"]), step("network")]
    record = replay([*before, bound(account_id="444455556666", second=3)])
    assert record is not None
    assert record.account_id == "444455556666"
    assert not record.steps
    assert not record.tag_keys
    same = replay([*before, bound(second=3)])
    assert same is not None
    assert set(same.steps) == {"setting/network"}


def test_forgotten_is_gone_and_its_last_steps_do_not_bring_it_back() -> None:
    forgotten = event(kind=EventKind.FORGOTTEN, second=2)
    trailing = event(second=3, data={"kind": "forget-account"})
    assert replay([bound(), step("network"), forgotten]) is None
    assert replay([bound(), forgotten, trailing]) is None


def test_a_forgotten_request_may_begin_anew() -> None:
    forgotten = event(kind=EventKind.FORGOTTEN, second=2)
    record = replay([bound(), step("network"), forgotten, intent(second=3, run="run-2")])
    assert record is not None
    assert record.account_id is None
    assert not record.steps
    assert record.intent is not None


def test_a_rebound_account_brings_its_steps_along() -> None:
    old = replay(
        [
            bound("payments", tag_keys=["team"]),
            step("network", "sha256:a", subject="payments", outputs={"VpcId": "vpc-1"}),
        ]
    )
    assert old is not None
    moved = event(
        "payments-prod",
        EventKind.BOUND,
        second=5,
        account_id=old.account_id,
        data=rebound(old).data,
    )
    new = replay([moved])
    assert new is not None
    assert new.account_id == old.account_id
    assert new.steps == old.steps
    assert new.tag_keys == old.tag_keys


def test_carried_steps_that_cannot_be_read_are_left_out() -> None:
    record = replay([bound(steps={"network": {"at": "yesterday"}})])
    assert record is not None
    assert record.account_id == "111122223333"
    assert not record.steps


def test_run_events_say_only_when_and_by_which_run() -> None:
    record = replay([event("organization", EventKind.RUN_STARTED, second=4, run="run-7")])
    assert record == AccountRecord(
        subject="organization", last_run="run-7", last_at=event(second=4).at
    )


def allocated(second: float, **ranges: str) -> LedgerEvent:
    return event(kind=EventKind.ALLOCATED, second=second, data={"allocations": ranges})


def test_ranges_are_remembered_from_before_there_is_an_account() -> None:
    record = replay([allocated(1, network="10.64.0.0/20"), intent(second=2), bound(second=3)])
    assert record is not None
    assert record.allocations == {"network": "10.64.0.0/20"}
    assert record.account_id == "111122223333"


def test_later_ranges_join_earlier_ones_and_forgetting_ends_them() -> None:
    events = [bound(), allocated(1, network="10.64.0.0/20"), allocated(2, other="10.65.0.0/20")]
    record = replay(events)
    assert record is not None
    assert record.allocations == {"network": "10.64.0.0/20", "other": "10.65.0.0/20"}
    forgotten = event(kind=EventKind.FORGOTTEN, second=3)
    assert replay([*events, forgotten]) is None
    again = replay([*events, forgotten, allocated(4, network="10.66.0.0/20")])
    assert again is not None
    assert again.allocations == {"network": "10.66.0.0/20"}


def test_another_account_has_none_of_the_former_ones_ranges() -> None:
    events = [bound(), allocated(1, network="10.64.0.0/20")]
    other = event(kind=EventKind.BOUND, second=2, account_id="444455556666")
    record = replay([*events, other])
    assert record is not None
    assert record.allocations == {}


def test_a_rebound_record_brings_its_ranges_along() -> None:
    old = replay([bound(), allocated(1, network="10.64.0.0/20")])
    assert old is not None
    moved = event(
        "new", kind=EventKind.BOUND, second=2, account_id=old.account_id, data=rebound(old).data
    )
    record = replay([moved])
    assert record is not None
    assert record.allocations == {"network": "10.64.0.0/20"}


# --- steps of customizations ------------------------------------------------------------------


def test_a_removed_step_is_no_step_any_more() -> None:
    about = {"runner": "terraform", "on_removal": "destroy", "revision": "1" * 40}
    record = replay(
        [
            bound(),
            event(kind=EventKind.STEP_DONE, data={"name": "web/terraform", "about": about}),
            event(kind=EventKind.STEP_FAILED, data={"name": "web/20.py", "about": about}),
        ]
    )
    assert record is not None
    assert record.steps["customization/web/terraform"].about == about
    assert record.failures["customization/web/20.py"].about == about
    assert decode_record(encode_record(record.subject, record)) == record
    for name in ("web/terraform", "web/20.py"):
        record = apply_event(record, event(kind=EventKind.STEP_REMOVED, data={"name": name}))
        assert record is not None
    assert not record.steps
    assert not record.failures
