"""What every ledger promises, whoever keeps it: in git on this disk, on a remote, or in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from builders_git import Clone, bare, bound, clone_of, event, intent, step
from fakes.ledger import MemoryLedger, SharedLedger
from git_server import serving

from aft.clock import SystemClock
from aft.errors import Conflict, Overtaken
from aft.git.ledger.store import GitLedger
from aft.ledger.events import ORGANIZATION, EventKind, LedgerState
from aft.ports import LedgerStore


@dataclass(frozen=True)
class Place:
    """``writer()`` is a ledger of its own onto the same story, as another runner has it."""

    writer: Callable[[], LedgerStore]
    shares_at_once: bool = False


def git_ledger(clone: Clone, remote: str | None) -> GitLedger:
    return GitLedger(clone.repository, remote=remote, clock=SystemClock(), environ={})


@pytest.fixture(params=["local", "remote", "http", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "memory":
        shared = SharedLedger()
        yield Place(lambda: MemoryLedger(shared))
        return
    if request.param == "local":
        clone = Clone(tmp_path / "clone")
        yield Place(lambda: git_ledger(clone, None), shares_at_once=True)
        return
    server = bare(tmp_path / "served" / "repo.git")
    numbers = iter(range(100))

    def writer(url: str) -> LedgerStore:
        return git_ledger(clone_of(url, tmp_path / f"clone-{next(numbers)}"), "origin")

    if request.param == "remote":
        yield Place(lambda: writer(str(server)))
        return
    with serving(server.parent) as served:
        yield Place(lambda: writer(f"{served.url}/repo.git"))


def test_an_empty_ledger(place: Place) -> None:
    ledger = place.writer()
    assert ledger.read() == LedgerState()
    assert ledger.events("payments-prod") == ()
    ledger.publish()
    assert ledger.append([]) == ""
    assert ledger.read().record("payments-prod").account_id is None


def test_what_is_appended_is_read(place: Place) -> None:
    ledger = place.writer()
    commit = ledger.append([intent(), bound(second=1), step("network", second=2)])
    state = ledger.read()
    assert state.commit == commit
    record = state.record("payments-prod")
    assert record.account_id == "111122223333"
    assert record.intent is None
    assert set(record.steps) == {"setting/network"}
    assert ledger.events("payments-prod") == (
        intent(),
        bound(second=1),
        step("network", second=2),
    )


def test_subjects_do_not_mix(place: Place) -> None:
    ledger = place.writer()
    ledger.append([bound("a"), bound("b", account_id="444455556666"), step("x", subject="a")])
    ledger.append([event(ORGANIZATION, EventKind.RUN_STARTED, data={"command": "apply"})])
    state = ledger.read()
    assert state.record("a").account_id == "111122223333"
    assert state.record("b").account_id == "444455556666"
    assert not state.record("b").steps
    assert [item.kind for item in ledger.events(ORGANIZATION)] == [EventKind.RUN_STARTED]
    assert len(ledger.events("a")) == 2


def test_every_append_moves_the_ledger_on(place: Place) -> None:
    ledger = place.writer()
    commits = [ledger.append([step("network", second=n)]) for n in range(3)]
    assert len(set(commits)) == 3
    assert ledger.read().commit == commits[-1]


def test_a_forgotten_request_has_no_record_but_its_events_stay(place: Place) -> None:
    ledger = place.writer()
    ledger.append([bound(), event(kind=EventKind.FORGOTTEN, second=1)])
    assert "payments-prod" not in ledger.read().records
    assert len(ledger.events("payments-prod")) == 2
    ledger.append([bound(second=2, account_id="444455556666")])
    assert ledger.read().record("payments-prod").account_id == "444455556666"


def test_one_append_hands_an_account_over(place: Place) -> None:
    ledger = place.writer()
    ledger.append([bound("old")])
    ledger.append([bound("new", second=1), event("old", EventKind.FORGOTTEN, second=1)])
    assert set(ledger.read().records) == {"new"}


def test_secrets_are_not_kept(place: Place) -> None:
    ledger = place.writer()
    ledger.append([step("db", outputs={"DbPassword": "hunter2", "VpcId": "vpc-1"})])
    outputs = ledger.read().record("payments-prod").steps["setting/db"].outputs
    assert outputs["VpcId"] == "vpc-1"
    assert "hunter2" not in str(outputs) + str(ledger.events("payments-prod"))


def test_durable_events_are_seen_by_others(place: Place) -> None:
    one, other = place.writer(), place.writer()
    assert not other.read().records
    one.append([bound()], durable=True)
    assert other.read().record("payments-prod").account_id == "111122223333"
    assert other.events("payments-prod") == (bound(),)


def test_the_rest_is_seen_by_others_once_it_is_published(place: Place) -> None:
    one, other = place.writer(), place.writer()
    one.append([bound()])
    if not place.shares_at_once:
        assert not other.read().records
    one.publish()
    assert other.read().record("payments-prod").account_id == "111122223333"
    one.publish()  # nothing left; nothing happens
    assert len(other.events("payments-prod")) == 1


def test_a_durable_event_takes_the_earlier_ones_along(place: Place) -> None:
    one, other = place.writer(), place.writer()
    one.append([step("first")])
    one.append([step("second", second=1)], durable=True)
    assert set(other.read().record("payments-prod").steps) == {"setting/first", "setting/second"}


def test_two_runs_lose_nothing_of_each_other(place: Place) -> None:
    one, other = place.writer(), place.writer()
    for ledger in (one, other):
        ledger.read()
    one.append([step("first", run="one")])
    other.append([step("second", second=1, run="other")], durable=True)
    one.append([step("third", second=2, run="one"), step("x", subject="b", run="one")])
    one.publish()
    other.publish()
    for ledger in (one, other, place.writer()):
        state = ledger.read()
        assert set(state.record("payments-prod").steps) == {
            "setting/first",
            "setting/second",
            "setting/third",
        }
        assert set(state.record("b").steps) == {"setting/x"}
        assert len(ledger.events("payments-prod")) == 3


# --- intents ----------------------------------------------------------------------------------


def test_only_one_of_two_runs_opens_the_intent(place: Place) -> None:
    one, other = place.writer(), place.writer()
    one.read()
    other.read()
    one.append([intent(run="one")], durable=True)
    with pytest.raises(Conflict, match=r"one.*payments-prod"):
        other.append([intent(run="other", second=1)], durable=True)
    for ledger in (one, other):
        assert ledger.events("payments-prod") == (intent(run="one"),)
        held = ledger.read().record("payments-prod").intent
        assert held is not None
        assert held.run == "one"
    other.append([step("later", subject="b", run="other")], durable=True)
    assert len(one.events("payments-prod")) == 1  # the refused one did not come along later


def test_an_account_made_meanwhile_is_a_conflict_too(place: Place) -> None:
    one, other = place.writer(), place.writer()
    one.read()
    other.read()
    one.append([intent(run="one")], durable=True)
    one.append([bound(run="one", second=5)], durable=True)
    with pytest.raises(Conflict):
        other.append([intent(run="other", second=1)], durable=True)


def test_two_runs_that_settle_the_same_old_intent_do_not_both_go_on(place: Place) -> None:
    place.writer().append([intent(run="killed")], durable=True)
    one, other = place.writer(), place.writer()
    for ledger in (one, other):
        ledger.read()

    def take_over(ledger: LedgerStore, run: str, second: int) -> None:
        ledger.append([event(kind=EventKind.INTENT_SETTLED, second=second, run=run)])
        ledger.append([intent(run=run, second=second)], durable=True)

    take_over(one, "one", 8)
    with pytest.raises(Conflict):
        take_over(other, "other", 9)
    other.publish()  # its settling may be told, but it was about the old intent
    held = place.writer().read().record("payments-prod").intent
    assert held is not None
    assert held.run == "one"


def test_an_open_intent_may_be_settled_and_opened_anew(place: Place) -> None:
    place.writer().append([intent(run="killed")], durable=True)
    later = place.writer()
    assert later.read().record("payments-prod").intent is not None
    with pytest.raises(Conflict):
        later.append([intent(run="later", second=60)], durable=True)
    later.append([event(kind=EventKind.INTENT_SETTLED, second=61, run="later")])
    later.append([intent(run="later", second=62)], durable=True)
    held = later.read().record("payments-prod").intent
    assert held is not None
    assert held.run == "later"


def lease_of(ledger: LedgerStore) -> str:
    held = ledger.read().record("payments-prod").intent
    assert held is not None
    return held.lease


def test_a_lease_is_renewed_by_its_name_alone(place: Place) -> None:
    ledger = place.writer()
    ledger.read()
    ledger.append([intent()], durable=True)
    with pytest.raises(Overtaken):  # perhaps another process of the same run
        ledger.append([intent(second=5)], durable=True)
    first = lease_of(ledger)
    ledger.append([replace(intent(second=6), lease=first)], durable=True)
    with pytest.raises(Overtaken):
        ledger.append([replace(intent(second=7), lease=first)], durable=True)
    held = place.writer().read().record("payments-prod").intent
    assert held is not None
    assert (held.at, held.renewed_at) == (intent().at, intent(second=6).at)
    assert len(ledger.events("payments-prod")) == 2


def test_who_renews_a_lease_that_another_run_has_settled_is_refused(place: Place) -> None:
    frozen, other = place.writer(), place.writer()
    frozen.read()
    frozen.append([intent(run="frozen")], durable=True)
    lease = lease_of(other)
    settled = event(kind=EventKind.INTENT_SETTLED, second=61, run="other", lease=lease)
    other.append([settled, intent(run="other", second=61)], durable=True)
    for late in (
        replace(intent(run="frozen", second=62), lease=lease),
        event(kind=EventKind.INTENT_SETTLED, second=62, run="frozen", lease=lease),
    ):
        with pytest.raises(Overtaken, match="other"):
            frozen.append([late], durable=True)
    record = frozen.look("payments-prod")
    assert record.intent is not None
    assert record.intent.run == "other"


def test_who_settles_a_lease_that_was_renewed_meanwhile_is_refused(place: Place) -> None:
    owner, other = place.writer(), place.writer()
    owner.read()
    owner.append([intent(run="owner")], durable=True)
    lease = lease_of(other)
    owner.append([replace(intent(run="owner", second=31), lease=lease)], durable=True)
    settled = event(kind=EventKind.INTENT_SETTLED, second=61, run="other", lease=lease)
    with pytest.raises(Overtaken, match="owner"):
        other.append([settled, intent(run="other", second=61)], durable=True)
    record = other.look("payments-prod")
    assert record.intent is not None
    assert record.intent.renewed_at == intent(second=31).at
    assert len(other.events("payments-prod")) == 2


def test_a_creation_noted_late_opens_no_intent_again(place: Place) -> None:
    """Of a run that was frozen while AWS answered."""
    frozen, other = place.writer(), place.writer()
    frozen.read()
    frozen.append([intent(run="frozen")], durable=True)
    lease = lease_of(other)
    other.append([bound(run="other", second=61)], durable=True)
    late = event(kind=EventKind.CREATING, second=90, run="frozen", lease=lease)
    frozen.append([late])
    frozen.publish()
    record = place.writer().read().record("payments-prod")
    assert record.account_id == "111122223333"
    assert record.intent is None


def test_a_look_at_one_subject_counts_for_that_one_alone(place: Place) -> None:
    one, other = place.writer(), place.writer()
    for ledger in (one, other):
        ledger.read()
    assert other.look("a").intent is None
    for subject in "ab":
        one.append([intent(subject, run="one"), bound(subject, run="one", second=1)], durable=True)
    assert other.look("a").account_id == "111122223333"
    other.append([intent("a", run="other", second=2)], durable=True)  # it knows, and has a reason
    with pytest.raises(Overtaken):
        other.append([intent("b", run="other", second=2)], durable=True)


# --- bindings ---------------------------------------------------------------------------------


def test_what_two_runs_bind_at_once_is_bound_once(place: Place) -> None:
    one, other = place.writer(), place.writer()
    for ledger in (one, other):
        ledger.read()
    one.append([bound(run="one")])
    other.append([bound(run="other", second=1)])
    other.append([step("tags", run="other", second=2)])
    one.publish()
    other.publish()
    story = place.writer().events("payments-prod")
    assert [(item.kind, item.run) for item in story] == [
        (EventKind.BOUND, "one"),
        (EventKind.STEP_DONE, "other"),
    ]
    assert one.read().records == other.read().records


def test_what_is_bound_otherwise_or_again_is_kept(place: Place) -> None:
    one, other = place.writer(), place.writer()
    for ledger in (one, other):
        ledger.read()
    one.append([bound(run="one")], durable=True)
    other.append([bound(run="other", second=1, account_id="444455556666")], durable=True)
    one.append([bound(run="one", second=2)], durable=True)  # not what the other one says
    other.read()
    other.append([bound(run="other", second=3)], durable=True)  # it knew, and had a reason
    story = place.writer().events("payments-prod")
    assert [item.run for item in story] == ["one", "other", "one", "other"]
    assert place.writer().read().record("payments-prod").account_id == "111122223333"


def test_intents_of_other_subjects_are_no_conflict(place: Place) -> None:
    one, other = place.writer(), place.writer()
    for ledger in (one, other):
        ledger.read()
    one.append([intent("a", run="one")], durable=True)
    other.append([intent("b", run="other")], durable=True)
    state = one.read()
    assert {subject for subject, record in state.records.items() if record.intent} == {"a", "b"}


# --- many at once -----------------------------------------------------------------------------


def test_threads_share_one_ledger(place: Place) -> None:
    ledger = place.writer()
    ledger.read()

    def work(number: int) -> None:
        subject = f"account-{number % 3}"
        if number < 3:
            ledger.append([intent(subject)], durable=True)
        ledger.append([step(f"step-{number}", subject=subject)], durable=number % 4 == 0)
        ledger.events(subject)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(18)))
    ledger.publish()
    state = place.writer().read()
    done = {
        name.removeprefix("setting/") for record in state.records.values() for name in record.steps
    }
    assert done == {f"step-{number}" for number in range(18)}
    assert all(record.intent is not None for record in state.records.values())


def test_several_runners_write_at_the_same_time(place: Place) -> None:
    writers = [place.writer() for _ in range(3)]
    start = threading.Barrier(3)

    def work(number: int) -> None:
        start.wait()
        for item in range(4):
            one = step(f"{number}-{item}", subject=f"s{item % 2}", run=f"run-{number}", second=item)
            writers[number].append([one], durable=True)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    state = place.writer().read()
    done = {
        name.removeprefix("setting/") for record in state.records.values() for name in record.steps
    }
    assert done == {f"{number}-{item}" for number in range(3) for item in range(4)}


def test_of_many_runners_one_gets_the_intent(place: Place) -> None:
    writers = [place.writer() for _ in range(4)]
    for ledger in writers:
        ledger.read()
    start = threading.Barrier(4)

    def work(number: int) -> bool:
        start.wait()
        try:
            writers[number].append([intent(run=f"run-{number}", second=number)], durable=True)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(work, range(4)))
    assert won.count(True) == 1
    held = place.writer().read().record("payments-prod").intent
    assert held is not None
    assert held.run == f"run-{won.index(True)}"
