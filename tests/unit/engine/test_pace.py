"""How long it takes: five slots kept busy, nobody else kept waiting. Time is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from builders_plan import baseline, customization, desired, request, unit
from builders_reconcile import application, rows, stage
from fakes.clocks import SimulatedClock, SteppingClock
from fakes.plugins import LevelSetting, settings
from fakes.world import Fault

from aft.account_provider import CreationState, PollingPace
from aft.config.model import Config, Limits
from aft.engine.model import StopToken
from aft.engine.waiting import Pause
from aft.engine.watch import CreationWatch
from aft.plan.outcome import Status
from aft.values.ids import AccountId


@dataclass
class Slow(LevelSetting):
    """Takes a second for each look, and one for its change."""

    clock: SimulatedClock | SteppingClock | None = None

    def read(self, inputs: Any, session: Any) -> int | None:
        assert self.clock is not None
        self.clock.sleep(1.0)
        return super().read(inputs, session)

    def change(self, inputs: Any, observed: int | None, session: Any) -> None:
        assert self.clock is not None
        self.clock.sleep(1.0)
        super().change(inputs, observed, session)


def test_twenty_accounts_stay_within_a_tenth_of_the_five_slot_floor() -> None:
    creation, call = 5.0, 0.1
    floor = 20 / 5 * creation + call  # four rounds of five slots, and the last account's move
    with SimulatedClock() as clock:
        scene = stage(
            clock,
            creation_seconds=creation,
            latency=call,
            ledger_latency=0.02,
            usable_after=0.0,
        )
        state = desired(*(request(f"r{n:02}") for n in range(20)), units=[unit("Workloads")])
        outcome = scene.apply(state)
    assert outcome.counts.succeeded == 20
    assert outcome.seconds <= 1.10 * floor
    assert scene.world.most_in_progress == 5
    assert scene.world.refused_starts == 0
    assert {scene.world.ou_of(f"r{n:02}") for n in range(20)} == {"Workloads"}


def test_one_look_serves_all_slots() -> None:
    with SimulatedClock() as clock:
        scene = stage(clock, creation_seconds=60.0, latency=0.1)
        state = desired(*(request(f"r{n}") for n in range(5)), units=[unit("Workloads")])
        scene.apply(state)
    looks = scene.world.calls["ListCreateAccountStatus"]
    assert looks <= 90  # alone, one creation of a minute takes about 60
    assert scene.world.calls["DescribeCreateAccountStatus"] == 5


def test_waiting_for_slots_keeps_no_other_account_waiting() -> None:
    with SimulatedClock() as clock:
        scene = stage(clock, creation_seconds=100.0, latency=0.1, usable_after=0.0)
        moved = [scene.world.add_account(f"old{n}", f"aws+old{n}@example.com") for n in range(4)]
        limits = Limits(accounts_in_parallel=2)
        state = desired(
            *(request(f"new{n}") for n in range(12)),
            *(request(f"old{n}") for n in range(4)),
            units=[unit("Workloads")],
            config=Config(home_region="eu-central-1", limits=limits),
        )
        outcome = scene.apply(state)
    assert outcome.counts.succeeded == 16
    took = {row.target: row for row in outcome.targets}
    for account_id in moved:
        name = scene.world.accounts[account_id].name
        finished = scene.ledger.read().record(name).last_at
        assert finished is not None
        assert (finished - scene.ledger.events("organization")[0].at).total_seconds() < 10.0
    assert took["new0"].seconds > 100.0


def test_settings_of_an_account_take_as_long_as_the_longest_of_them() -> None:
    names = tuple(f"setting-{number}" for number in range(12))
    with SimulatedClock() as clock:
        scene = stage(clock, usable_after=0.0)
        scene.settings = settings(*(Slow(name, clock=clock) for name in names))
        state = desired(
            request("payments"),
            units=[unit("Workloads")],
            baselines=[baseline("standard", *names)],
            customizations=[customization("global", "10-roles.py")],
        )
        outcome = scene.apply(state)
    (row,) = outcome.targets
    assert row.status is Status.SUCCEEDED
    took = {step.change.key: step for step in row.steps}
    longest = max(took[name].seconds for name in names)
    assert longest >= 3.0
    began = min(took[name].began or 0.0 for name in names)
    assert (took["global/10-roles.py"].began or 0.0) - began <= 1.1 * longest
    assert row.seconds < took[""].seconds + 1.2 * longest, "the row says time, not work"


def test_accounts_with_many_settings_keep_no_other_from_its_own() -> None:
    names = tuple(f"setting-{number:02}" for number in range(40))
    with SimulatedClock() as clock:
        scene = stage(clock, usable_after=0.0)
        scene.settings = settings(*(Slow(name, clock=clock) for name in names))
        for number in range(4):
            scene.world.add_account(f"app{number}", f"aws+app{number}@example.com")
        state = desired(
            *(request(f"app{number}") for number in range(4)),
            units=[unit("Workloads")],
            baselines=[baseline("standard", *names)],
        )
        outcome = scene.apply(state)
    assert outcome.counts.succeeded == 4
    firsts = [
        min(step.began or 0.0 for step in row.steps if step.change.key) for row in outcome.targets
    ]
    assert max(firsts) <= 1.0, "every account begins at once"
    assert outcome.seconds >= 6.0, "160 settings are more than go at once"


def test_an_account_is_probed_by_one_step_on_behalf_of_all() -> None:
    names = tuple(f"setting-{number}" for number in range(8))
    with SimulatedClock() as clock:
        scene = stage(clock, usable_after=30.0)
        scene.settings = settings(*(Slow(name, clock=clock) for name in names))
        scene.world.add_account("payments", "aws+payments@example.com", born=clock.now())
        state = desired(
            request("payments"),
            units=[unit("Workloads")],
            baselines=[baseline("standard", *names)],
        )
        outcome = scene.apply(state)
    assert outcome.counts.succeeded == 1
    assert scene.world.calls["AssumeRole"] <= 15, "as many looks as one step would take"


def test_an_account_that_never_answers_fails_every_setting_once_the_time_is_over() -> None:
    names = tuple(f"setting-{number}" for number in range(3))
    with SimulatedClock() as clock:
        scene = stage(clock, usable_after=10_000.0)
        scene.settings = settings(*(Slow(name, clock=clock) for name in names))
        scene.world.add_account("payments", "aws+payments@example.com", born=clock.now())
        state = desired(
            request("payments"),
            units=[unit("Workloads")],
            baselines=[baseline("standard", *names)],
            customizations=[customization("global", "10-roles.py")],
        )
        outcome = scene.apply(state)
    (row,) = outcome.targets
    statuses = {step.change.key: step.status for step in row.steps}
    assert [statuses[name] for name in names] == [Status.FAILED] * 3
    assert statuses["global/10-roles.py"] is Status.BLOCKED
    assert "was not usable within" in row.reason
    assert outcome.seconds < 100.0


def test_regions_of_a_setting_go_side_by_side() -> None:
    regions = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
    with SimulatedClock() as clock:
        scene = stage(clock, creation_seconds=1.0, latency=1.0, usable_after=0.0)
        state = desired(
            request("payments"),
            units=[unit("Workloads")],
            baselines=[baseline("standard", "ebs-default-encryption")],
            config=Config(home_region=regions[0], governed_regions=regions),
        )
        outcome = scene.apply(state)
    assert rows(outcome) == {"payments": "succeeded"}
    (step,) = [item for item in outcome.targets[0].steps if item.change.key]
    assert step.seconds == 3.0  # read, change, read again; not twelve
    inside = scene.world.inside[AccountId("000000000001")]
    assert all(inside[f"ebs-default-encryption@{region}"] == 1 for region in regions)


def test_looks_come_soon_at_first_and_get_rarer() -> None:
    ages = [0.0, 1.0, 5.0, 20.0, 60.0, 3600.0]
    pace = PollingPace()
    found = [pace.interval(age) for age in ages]
    assert found == sorted(found)
    assert found[0] == pace.soonest
    assert found[-1] == pace.rarest


def test_a_creation_too_new_for_the_list_is_not_taken_for_over() -> None:
    with SimulatedClock() as clock:
        scene = stage(clock, creation_seconds=10.0, list_lag=4.0)
        provider = scene.tools.provider
        creation = provider.begin(application())
        watch = CreationWatch(provider, clock, Pause(clock, StopToken()))
        ages: list[float] = []
        watch.until_over(creation, within=60.0, notice=ages.append)
        assert clock.monotonic() >= 10.0
        assert provider.look(creation.id).state is CreationState.SUCCEEDED
    assert ages == sorted(ages)


def test_an_interrupt_in_one_thread_ends_the_waits_of_the_others() -> None:
    with SimulatedClock() as clock:
        scene = stage(clock, creation_seconds=3600.0, latency=0.1, usable_after=0.0)
        scene.world.add_account("old", "aws+old@example.com", tags={"aft:request": "old"})
        interrupt = KeyboardInterrupt()
        scene.world.faults.append(Fault("MoveAccount", interrupt))
        state = desired(request("old"), request("new"), units=[unit("Workloads")])
        with pytest.raises(KeyboardInterrupt):
            scene.apply(state)
        assert clock.monotonic() < 5.0
    assert scene.world.accepted_starts == {"new": 1}
    assert "run-finished" not in scene.ledger.kinds("organization")
