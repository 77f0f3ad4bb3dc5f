"""Two runs at once, frozen at any call: one account, one binding, and each run succeeds.

On an AWS that would take the same e-mail address twice, and one that was changed meanwhile: nothing
but the lease keeps the second account away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest
from builders_git import bare, clone_of
from builders_plan import desired, request, unit
from builders_reconcile import Provides, Stage, rows, stage
from fakes.account_factory import AccountFactory
from fakes.clocks import MachineClock, SteppingClock
from fakes.turns import Turns
from fakes.world import FakeProvider
from fakes.world_ledger import FakeLedger
from hypothesis import given
from hypothesis import strategies as st

from aft.config.model import Config, Limits
from aft.desired.model import DesiredState
from aft.git.ledger.store import GitLedger
from aft.organization.model import REQUEST_TAG
from aft.plan.outcome import Outcome


def one(*, email: str = "aws+payments@example.com") -> DesiredState:
    narrow = Limits(accounts_in_parallel=1, creations_in_flight=1)
    return desired(
        request("payments", email=email, tags={"team": "pay"}),
        units=[unit("Workloads")],
        config=Config(home_region="eu-central-1", limits=narrow),
    )


SAME = (one(), one())
OTHER_ADDRESS = (one(), one(email="aws+payments-2@example.com"))
BOTH_HAVE_READ = (1, 1)
"""The switches after which both runs have read, and the first one begins to write."""
EARLY = range(1, 17)
"""The moments up to the creation's id in the ledger."""


def play(
    switches: Sequence[int],
    states: tuple[DesiredState, DesiredState] = SAME,
    *,
    provides: Provides = FakeProvider,
    suspends: bool = False,
    pause: float = 0.0,
    begins: Callable[[Stage], None] | None = None,
) -> int:
    """Both runs to their end, each on a machine of its own, then one more from a fresh clone.
    Returns how many switches were left."""
    time = SteppingClock()
    scene = stage(
        time, provides=provides, creation_seconds=45.0, list_lag=20.0, unique_emails=False
    )
    if begins is not None:
        begins(scene)
    clocks = (MachineClock(time), MachineClock(time))
    turns = Turns(clocks, switches, suspends=suspends, pause=pause)
    scene.world.moment = turns.moment
    outcomes: list[Outcome] = []

    def run(name: str, clock: MachineClock, state: DesiredState) -> None:
        apply = scene.on_another_machine(name, clock).planned(state)
        turns.moment()
        outcomes.append(apply())

    turns.play(
        lambda: run("first", clocks[0], states[0]), lambda: run("second", clocks[1], states[1])
    )
    scene.world.moment = lambda: None
    try:
        ended = [status for outcome in outcomes for status in rows(outcome).values()]
        assert set(ended) == {"succeeded"}, outcomes
        assert_one_story(scene)
        assert scene.on_another_machine("last").plan(states[1]).is_empty
    except AssertionError as error:
        error.add_note(f"frozen after {switches} moments")
        events = scene.on_another_machine("reader").ledger.events("payments")
        error.add_note("\n".join(f"{item.at} {item.run} {item.summary}" for item in events))
        raise
    return turns.unused


def assert_one_story(scene: Stage) -> None:
    events = scene.on_another_machine("reader").ledger.events("payments")
    assert len(scene.world.births) <= 1
    assert len(scene.world.accounts) == 1
    assert Counter(event.kind.value for event in events)["bound"] == 1
    created = [event for event in events if event.summary.startswith("Create account")]
    assert len(created) <= 1
    record = scene.on_another_machine("reader").ledger.read().record("payments")
    assert record.intent is None
    assert record.account_id == scene.world.account("payments").id
    assert not record.failures


@pytest.mark.parametrize(
    "number",
    [5, *(pytest.param(number, marks=pytest.mark.faults) for number in EARLY if number != 5)],
)
def test_two_clones_of_one_remote(tmp_path: Path, number: int) -> None:
    """The same over git; the fifth moment is right after the push."""
    server, numbers = bare(tmp_path / "origin.git"), count()

    def on_git(scene: Stage) -> None:
        def opens() -> GitLedger:
            clone = clone_of(server, tmp_path / f"clone-{next(numbers)}")
            clock = scene.world.clock
            return GitLedger(clone.repository, remote="origin", clock=clock, environ={})

        scene.ledger = FakeLedger(scene.world, opens)

    play([*BOTH_HAVE_READ, number], OTHER_ADDRESS, begins=on_git)


def adopted(scene: Stage) -> None:
    """Somebody has made the account, and its tag says whose it is."""
    tags = {REQUEST_TAG: "payments"}
    scene.world.add_account("payments", "aws+payments@example.com", tags=tags)


@pytest.mark.parametrize("number", range(1, 12))
def test_two_runs_that_adopt_an_account_bind_it_once(number: int) -> None:
    play([*BOTH_HAVE_READ, number], begins=adopted)


@pytest.mark.parametrize("before", [(), BOTH_HAVE_READ], ids=["reads-late", "has-read"])
@pytest.mark.parametrize(
    ("provides", "states", "suspends"),
    [
        (FakeProvider, SAME, False),
        (FakeProvider, OTHER_ADDRESS, True),
        (AccountFactory, OTHER_ADDRESS, True),
    ],
    ids=["stopped", "suspended", "factory"],
)
def test_frozen_at_a_call_while_another_run_does_it_all(
    before: tuple[int, ...],
    provides: Provides,
    states: tuple[DesiredState, DesiredState],
    *,
    suspends: bool,
) -> None:
    for number in (*EARLY, 40, 90):
        play([*before, number], states, provides=provides, suspends=suspends)


@pytest.mark.faults
@pytest.mark.parametrize("pause", [0.0, 29.0, 31.0, 61.0])
@pytest.mark.parametrize("suspends", [False, True], ids=["stopped", "suspended"])
@pytest.mark.parametrize("states", [SAME, OTHER_ADDRESS], ids=["same", "other-address"])
@pytest.mark.parametrize("provides", [FakeProvider, AccountFactory])
@pytest.mark.parametrize("before", [(), BOTH_HAVE_READ], ids=["reads-late", "has-read"])
def test_frozen_at_every_call(
    before: tuple[int, ...],
    provides: Provides,
    states: tuple[DesiredState, DesiredState],
    pause: float,
    *,
    suspends: bool,
) -> None:
    number = 1
    while not play([*before, number], states, provides=provides, suspends=suspends, pause=pause):
        number += 1
    assert number > 100


@pytest.mark.parametrize(
    ("provides", "first"),
    [
        (FakeProvider, 5),
        *(
            pytest.param(provides, first, marks=pytest.mark.faults)
            for provides in (FakeProvider, AccountFactory)
            for first in range(1, 8)
        ),
    ],
)
def test_the_other_run_is_frozen_too(provides: Provides, first: int) -> None:
    """The first one wakes while its lease may be good still, and goes on to its end."""
    for second in range(1, 80, 2):
        play([*BOTH_HAVE_READ, first, second], OTHER_ADDRESS, provides=provides)


@pytest.mark.hypothesis
@given(
    switches=st.lists(st.integers(1, 20), min_size=2, max_size=12),
    provides=st.sampled_from([FakeProvider, AccountFactory]),
    states=st.sampled_from([SAME, OTHER_ADDRESS]),
    suspends=st.booleans(),
    pause=st.sampled_from([0.0, 10.0, 31.0, 61.0]),
)
def test_frozen_again_and_again(
    switches: list[int],
    provides: Provides,
    states: tuple[DesiredState, DesiredState],
    *,
    suspends: bool,
    pause: float,
) -> None:
    play(switches, states, provides=provides, suspends=suspends, pause=pause)
