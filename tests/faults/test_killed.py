"""The process dies at every single AWS call, and at every single line of the ledger.

Whenever it dies, the next run ends with the same world: two accounts, each created once, in the
right OU, with the right tags and all that belongs inside; and a ledger that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from builders_faults import (
    KILLED,
    Death,
    LedgerDeath,
    Morning,
    Report,
    apply,
    assert_ledger_is_sound,
    die_once,
    intents_are_settled,
)
from builders_repo import Repo

from aft.errors import AftError
from aft.sandbox import Action, exit_before, exit_process

LANES = 12
"""A sweep goes in this many parts, so that several of them can run at the same time."""


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    return Morning.begin(tmp_path_factory.mktemp("morning"))


@pytest.fixture(scope="module")
def undisturbed(morning: Morning, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The day as it should be; it also warms this process, from which the others are forked."""
    return apply(morning.copy(tmp_path_factory.mktemp("undisturbed")))


def assert_all_is_well(repo: Repo, after: Report, undisturbed: Report) -> None:
    assert after.outcome.exit_code == 0, after.outcome
    assert after.accounts == undisturbed.accounts
    assert after.units == undisturbed.units
    assert after.creations == undisturbed.creations, "each account was asked for exactly once"
    assert after.changes_left == ()
    assert after.attention == ()
    assert intents_are_settled(after.ledger)
    for name, inside in undisturbed.inside.items():
        seen = after.inside[name]
        assert seen["aliases"] == inside["aliases"]
        assert seen["password"] == inside["password"]
        assert seen["parameters"].keys() == inside["parameters"].keys()
        assert seen["vpcs"] == seen["gateways"] == []
        assert seen["stacks"] == inside["stacks"]
        assert len(seen["topics"]) == 1
        assert after.ledger.record(name).failures == {}
        assert after.ledger.record(name).steps.keys() >= undisturbed_steps(undisturbed, name)
        assert after.ledger.record(name).tag_keys == undisturbed.ledger.record(name).tag_keys
    assert_ledger_is_sound(repo)


def undisturbed_steps(undisturbed: Report, name: str) -> frozenset[str]:
    """The steps inside the account; how it came to be there may differ."""
    return frozenset(undisturbed.ledger.record(name).steps) - {"account/", "account/ou"}


def test_the_day_undisturbed(undisturbed: Report) -> None:
    assert undisturbed.accounts == (
        ("payments", "Workloads", (("aft:request", "payments"), ("team", "pay"), ("tier", "gold"))),
        ("shop", "Workloads/Prod", (("aft:request", "shop"), ("team", "shop"))),
    )
    assert undisturbed.creations == (("payments", "SUCCEEDED"), ("shop", "SUCCEEDED"))
    assert undisturbed.changes_left == ()
    assert undisturbed.inside["shop"]["parameters"]["/news"].endswith(":shop-news")
    assert "/news" not in undisturbed.inside["payments"]["parameters"]
    assert undisturbed.inside["shop"]["vpcs"] == []


SPREAD = [
    Death(action=exit_before(), operation="CreateOrganizationalUnit", after=1),
    Death(action=exit_process(), operation="CreateAccount"),
    Death(action=exit_before(), operation="CreateAccount", after=1),
    Death(action=exit_process(), operation="MoveAccount", after=1),
    Death(action=exit_process(), operation="ExecuteChangeSet"),
    # The last one is made by the Python step, in a process of its own, over HTTP.
    Death(action=exit_process(), service="ssm", operation="PutParameter", after=10),
]
"""One of each kind; ``make faults`` goes through every call."""


@pytest.mark.parametrize("death", SPREAD, ids=str)
def test_killed_at_a_call(
    morning: Morning, undisturbed: Report, tmp_path: Path, death: Death
) -> None:
    repo = morning.copy(tmp_path / "day")
    assert die_once(repo, death) == KILLED
    assert_all_is_well(repo, apply(repo), undisturbed)


@pytest.mark.parametrize(("when", "at"), [("after", 1), ("before", 3), ("after", 5)])
def test_killed_at_a_line_of_the_ledger(
    morning: Morning, undisturbed: Report, tmp_path: Path, when: str, at: int
) -> None:
    repo = morning.copy(tmp_path / "day")
    assert die_once(repo, LedgerDeath(when=when, at=at)) == KILLED
    assert_all_is_well(repo, apply(repo), undisturbed)


def sweep(
    morning: Morning,
    undisturbed: Report,
    place: Path,
    *,
    lane: int,
    death_at: Callable[[int], Death | LedgerDeath],
) -> int:
    """Die at every ``LANES``-th moment from ``lane`` on, until a run outlives its fault; returns
    how many have died."""
    for deaths, at in enumerate(count(lane, LANES)):
        repo = morning.copy(place)
        code = die_once(repo, death_at(at))
        assert code in (0, KILLED), f"at {at}"
        try:
            assert_all_is_well(repo, apply(repo), undisturbed)
        except (AssertionError, AftError) as error:
            error.add_note(f"killed at {death_at(at)}")
            raise
        if code == 0:
            return deaths
    raise AssertionError("unreachable")


@pytest.mark.faults
@pytest.mark.parametrize("lane", range(LANES))
@pytest.mark.parametrize("action", [exit_before(), exit_process()], ids=lambda item: item.kind)
def test_killed_at_every_call(
    morning: Morning, undisturbed: Report, tmp_path: Path, action: Action, lane: int
) -> None:
    deaths = sweep(
        morning,
        undisturbed,
        tmp_path / "day",
        lane=lane,
        death_at=lambda at: Death(action=action, after=at),
    )
    assert deaths >= undisturbed.calls_of_apply // LANES // 2


@pytest.mark.faults
@pytest.mark.parametrize("lane", range(LANES))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_line_of_the_ledger(
    morning: Morning, undisturbed: Report, tmp_path: Path, when: str, lane: int
) -> None:
    deaths = sweep(
        morning,
        undisturbed,
        tmp_path / "day",
        lane=lane,
        death_at=lambda at: LedgerDeath(when=when, at=at),
    )
    assert deaths >= 1
