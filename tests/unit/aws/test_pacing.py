"""Token buckets on a clock of the test's own."""

from __future__ import annotations

import threading

import pytest
from builders_aws import ManualClock
from waiting import PATIENCE

from aft.aws.pacing import DEFAULT_PACES, Pace, Pacing, TokenBucket


def test_a_burst_is_free_and_then_the_rate_holds() -> None:
    clock = ManualClock()
    start = clock.monotonic()
    bucket = TokenBucket(per_second=10, burst=20, clock=clock)
    for _ in range(20):
        bucket.wait()
    assert clock.monotonic() == start
    for _ in range(30):
        bucket.wait()
    assert clock.monotonic() - start == pytest.approx(3.0)


def test_idle_time_saves_at_most_one_burst() -> None:
    clock = ManualClock()
    bucket = TokenBucket(per_second=1, burst=2, clock=clock)
    clock.sleep(3600)
    waits = [bucket.reserve() for _ in range(4)]
    assert waits == pytest.approx([0, 0, 1, 2])


def test_threads_get_places_of_their_own_and_nobody_sleeps_under_the_lock() -> None:
    class Stuck(ManualClock):
        """Sleeping lasts until the test lets go."""

        def __init__(self) -> None:
            super().__init__()
            self.go = threading.Event()
            self.asleep = threading.Semaphore(0)

        def sleep(self, seconds: float) -> None:
            self.asleep.release()
            assert self.go.wait(PATIENCE)

    clock = Stuck()
    bucket = TokenBucket(per_second=1, burst=1, clock=clock)
    threads = [threading.Thread(target=bucket.wait, daemon=True) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        assert clock.asleep.acquire(timeout=PATIENCE), "a thread slept while it held the lock"
    assert bucket.reserve() == pytest.approx(5)
    clock.go.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_the_first_family_that_names_the_operation_counts() -> None:
    pacing = Pacing(
        (
            Pace(service="organizations", operations="ListRoots", per_second=1, burst=1),
            Pace(service="organizations", operations="List.*", per_second=1, burst=1),
        ),
        clock=ManualClock(),
    )
    roots = pacing.bucket("organizations", "ListRoots")
    lists = pacing.bucket("organizations", "ListAccounts")
    assert roots is not None
    assert lists is not None
    assert roots is not lists
    assert lists is pacing.bucket("organizations", "ListParents")
    assert pacing.bucket("organizations", "MoveAccount") is None
    assert pacing.bucket("iam", "ListRoots") is None


def test_reads_and_writes_of_organizations_do_not_wait_for_each_other() -> None:
    pacing = Pacing(DEFAULT_PACES, clock=ManualClock())
    found = {
        operation: pacing.bucket("organizations", operation)
        for operation in ("ListRoots", "CreateAccount", "DescribeAccount", "MoveAccount")
    }
    assert None not in found.values()
    assert len(set(map(id, found.values()))) == 4
