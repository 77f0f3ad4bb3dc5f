"""The process is killed at every single call; the next run always ends with the same world."""

from __future__ import annotations

import pytest
from builders_plan import baseline, customization, desired, request, unit
from builders_reconcile import Provides, Stage, rows, stage
from fakes.account_factory import AccountFactory
from fakes.world import Crash, FakeProvider, Fault

from aft.config.model import Config, Limits
from aft.desired.model import DesiredState
from aft.errors import UnknownOutcome
from aft.ledger.events import EventKind

NARROW = Limits(accounts_in_parallel=1, creations_in_flight=1)


SLICE, WHOLE = 3, 1
EVERY = pytest.mark.parametrize("every", [SLICE, pytest.param(WHOLE, marks=pytest.mark.faults)])
"""A third of the calls for each variant, and each call in one of three; `make faults`: all."""
EVERY_PROVIDER = pytest.mark.parametrize("provides", [FakeProvider, AccountFactory])


def two_accounts(limits: Limits) -> DesiredState:
    return desired(
        request("payments", "Workloads/Prod", tags={"cost-center": "4711"}),
        request("search", "Workloads"),
        units=[unit("Workloads"), unit("Workloads/Prod")],
        baselines=[baseline()],
        customizations=[customization("global", "10-roles.py", uses=frozenset({"account_id"}))],
        config=Config(home_region="eu-central-1", limits=limits),
    )


def calls_of_a_whole_run(limits: Limits, provides: Provides = FakeProvider) -> int:
    scene = stage(provides=provides)
    scene.apply(two_accounts(limits))
    return scene.world.calls.total()


def numbers(calls: int, first: int, every: int) -> range:
    """Which of them is the last one."""
    return range(1 if every == WHOLE else first, calls + 1, every)


def crash_and_run_again(
    number: int,
    moment: str,
    limits: Limits,
    *,
    new_machine: bool,
    provides: Provides = FakeProvider,
) -> Stage:
    scene, state = stage(provides=provides, list_lag=1.0), two_accounts(limits)
    plan = scene.plan(state)
    scene.world.crash_at = (number, moment)
    try:
        scene.apply(state, plan=plan)
    except Crash:
        if new_machine:
            scene.ledger.lose_machine()
    scene.world.revive()
    scene.last = scene.apply(state)
    return scene


def assert_all_is_well(scene: Stage) -> None:
    world, state = scene.world, two_accounts(NARROW)
    assert set(rows(scene.last).values()) <= {"succeeded"}
    assert sorted(item.name for item in world.accounts.values()) == ["payments", "search"]
    assert world.accepted_starts == {"payments": 1, "search": 1}
    assert world.ou_of("payments") == "Workloads/Prod"
    assert world.ou_of("search") == "Workloads"
    assert world.account("payments").tags == {"aft:request": "payments", "cost-center": "4711"}
    assert world.account("search").tags == {"aft:request": "search"}
    for name in ("payments", "search"):
        account = world.account(name)
        inside = world.inside[account.id]
        assert inside["account-alias"] == 1
        assert inside["ebs-default-encryption@eu-central-1"] == 1
        assert set(inside["ran"]) == {"global/10-roles.py"}
        record = scene.ledger.read().record(name)
        assert record.account_id == account.id
        assert record.intent is None
        assert not record.failures
        assert set(record.tag_keys) == set(account.tags)
        story = [event.kind for event in scene.ledger.events(name)]
        assert story.count(EventKind.READY) == 1
        assert not record.is_awaited
    assert scene.plan(state).is_empty


@EVERY
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("provides", "new_machine", "first"),
    [
        pytest.param(FakeProvider, False, 1, id="same-clone-FakeProvider"),
        pytest.param(FakeProvider, True, 2, id="fresh-clone-FakeProvider"),
        # What a provider keeps is in its own place: the same clone tells no more of this one.
        pytest.param(
            AccountFactory, False, 1, id="same-clone-AccountFactory", marks=pytest.mark.faults
        ),
        pytest.param(AccountFactory, True, 3, id="fresh-clone-AccountFactory"),
    ],
)
def test_killed_at_every_call_one_account_at_a_time(
    moment: str, provides: Provides, first: int, every: int, *, new_machine: bool
) -> None:
    for number in numbers(calls_of_a_whole_run(NARROW, provides), first, every):
        scene = crash_and_run_again(
            number, moment, NARROW, new_machine=new_machine, provides=provides
        )
        assert_all_is_well(scene)


@EVERY
@pytest.mark.parametrize(
    ("provides", "moment", "first"),
    [
        pytest.param(FakeProvider, "before", 1, id="FakeProvider-before"),
        pytest.param(FakeProvider, "after", 2, id="FakeProvider-after"),
        pytest.param(AccountFactory, "before", 3, id="AccountFactory-before"),
        pytest.param(AccountFactory, "after", 1, id="AccountFactory-after"),
    ],
)
def test_killed_at_every_call_side_by_side(
    moment: str, provides: Provides, first: int, every: int
) -> None:
    limits = Limits()
    for number in numbers(calls_of_a_whole_run(limits, provides), first, every):
        scene = crash_and_run_again(number, moment, limits, new_machine=True, provides=provides)
        assert_all_is_well(scene)


@EVERY_PROVIDER
def test_killed_twice_in_a_row(provides: Provides) -> None:
    state = two_accounts(NARROW)
    for number in range(1, calls_of_a_whole_run(NARROW, provides) + 1, 3):
        scene = stage(provides=provides, list_lag=1.0)
        for offset in (0, 4):
            plan = scene.plan(state)
            scene.world.crash_at = (scene.world.calls.total() + number + offset, "after")
            try:
                scene.apply(state, plan=plan)
            except Crash:
                scene.ledger.lose_machine()
            scene.world.revive()
        scene.last = scene.apply(state)
        assert_all_is_well(scene)


def test_a_killed_run_ends_all_its_threads_and_writes_nothing_more() -> None:
    scene = stage()
    scene.world.crash_at = (5, "before")
    with pytest.raises(Crash):
        scene.apply(two_accounts(Limits()))
    assert "run-finished" not in scene.ledger.kinds("organization")
    assert not [kind for kind in scene.ledger.kinds("payments") if kind == "step-failed"]


def test_the_ledger_lost_altogether_creates_no_second_account() -> None:
    scene, state = stage(), two_accounts(Limits())
    scene.apply(state)
    scene.ledger.lose_everything()
    scene.last = scene.apply(state)
    assert set(rows(scene.last).values()) == {"succeeded"}
    assert scene.world.accepted_starts == {"payments": 1, "search": 1}
    assert scene.plan(state).is_empty


def test_the_machine_is_lost_after_a_lost_reply() -> None:
    scene, state = stage(), two_accounts(NARROW)
    scene.world.faults.append(Fault("CreateAccount", UnknownOutcome("no reply"), lost=True))
    plan = scene.plan(state)
    scene.world.crash_at = (6, "after")
    with pytest.raises(Crash):
        scene.apply(state, plan=plan)
    scene.ledger.lose_machine()
    scene.world.revive()
    scene.last = scene.apply(state)
    assert_all_is_well(scene)
