"""Which errors are tried again, how often, and how long the waits are."""

from __future__ import annotations

import pytest
from fakes.clocks import SteppingClock

from aft.engine.model import StopToken
from aft.engine.waiting import CONFLICT, SLICE_SECONDS, THROTTLED, Backoff, Pause, Retry
from aft.errors import (
    AftError,
    Conflict,
    Denied,
    NotFound,
    Stopped,
    Terminal,
    Throttled,
    Transient,
    UnknownOutcome,
    UserError,
)


class Flaky:
    """Fails with these errors first, then answers."""

    def __init__(self, *errors: AftError) -> None:
        self.errors = list(errors)
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def retry(clock: SteppingClock, random: float = 0.5) -> Retry:
    return Retry(Pause(clock, StopToken()).wait, lambda: random)


@pytest.mark.parametrize("error", [Transient("x"), Throttled("x"), Conflict("x")])
def test_errors_that_pass_are_tried_again(error: AftError) -> None:
    clock, flaky = SteppingClock(), Flaky(error, error)
    assert retry(clock)(flaky) == "answer"
    assert flaky.tries == 3
    assert clock.monotonic() > 0


@pytest.mark.parametrize(
    "error", [Terminal("x"), Denied("x"), NotFound("x"), UserError("x"), Stopped("x")]
)
def test_errors_that_stay_are_not(error: AftError) -> None:
    clock, flaky = SteppingClock(), Flaky(error)
    with pytest.raises(type(error)):
        retry(clock)(flaky)
    assert (flaky.tries, clock.monotonic()) == (1, 0.0)


def test_an_unknown_outcome_is_tried_again_only_where_repeating_is_harmless() -> None:
    assert retry(SteppingClock())(Flaky(UnknownOutcome("x"))) == "answer"
    with pytest.raises(UnknownOutcome):
        retry(SteppingClock())(Flaky(UnknownOutcome("x")), idempotent=False)


def test_tries_have_an_end() -> None:
    flaky = Flaky(*[Conflict("x")] * 50)
    with pytest.raises(Conflict):
        retry(SteppingClock())(flaky)
    assert flaky.tries == CONFLICT.tries


def test_waits_are_a_random_part_of_a_doubling_ceiling() -> None:
    backoff = Backoff(first=1.0, most=6.0, tries=9)
    assert [backoff.delay(n, lambda: 1.0) for n in range(5)] == [1.0, 2.0, 4.0, 6.0, 6.0]
    assert [backoff.delay(n, lambda: 0.25) for n in range(3)] == [0.25, 0.5, 1.0]
    assert backoff.delay(0, lambda: 0.0, at_least=3.0) == 3.0
    assert THROTTLED.delay(1000, lambda: 1.0) == THROTTLED.most


def test_what_aws_asks_for_is_waited() -> None:
    clock = SteppingClock()
    retry(clock, random=0.0)(Flaky(Throttled("x", retry_after=7.0)))
    assert clock.monotonic() == 7.0


def test_a_stop_ends_a_wait_soon() -> None:
    clock, stop = SteppingClock(), StopToken()
    clock.at(2.0, lambda: stop.set("SIGINT"))
    with pytest.raises(Stopped, match="SIGINT"):
        Pause(clock, stop).wait(600.0)
    assert clock.monotonic() <= 2.0 + SLICE_SECONDS


def test_the_first_reason_to_stop_is_kept() -> None:
    stop = StopToken()
    assert not stop.is_set
    stop.set("SIGINT")
    stop.set("SIGTERM")
    assert stop.reason == "SIGINT"
