"""Bad weather at every call of an apply of two accounts: the same world, nothing twice.

A row is a kind of trouble. Its columns are the calls of an undisturbed apply, told by service,
operation and how often that was called before; in parts, each of which is a run that meets the
trouble at calls that lie far apart. And each kind at one call in ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from builders_faults import Morning, Report, apply, assert_ledger_is_sound, intents_are_settled
from builders_repo import Repo
from builders_weather import KINDS, TENTH

from aft.plan.outcome import Status
from aft.sandbox import Rule
from aft.sandbox.calls import CallRecord

PARTS = 30
"""Each meets the trouble at some four of 130 calls."""


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    return Morning.begin(tmp_path_factory.mktemp("morning"))


@pytest.fixture(scope="module")
def undisturbed(morning: Morning, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return apply(morning.copy(tmp_path_factory.mktemp("undisturbed")))


def columns(calls: Sequence[CallRecord]) -> Iterator[tuple[str, str, int]]:
    """Each call by what is the same in another run, whatever the threads do."""
    seen: Counter[tuple[str, str]] = Counter()
    for call in calls:
        key = (call.service, call.operation)
        yield (*key, seen[key])
        seen[key] += 1


def part(undisturbed: Report, kind: str, number: int) -> list[Rule]:
    """The trouble at every ``PARTS``-th column from ``number`` on."""
    return [
        Rule(service, operation, KINDS[kind](service), after=before, times=1)
        for service, operation, before in list(columns(undisturbed.calls))[number::PARTS]
    ]


def created(report: Report) -> Counter[str]:
    """What AWS made, by operation, of what it makes anew each time it is asked."""
    made = (call.operation for call in report.calls if call.error_code is None)
    return Counter(name for name in made if name in ("CreateAccount", "CreateOrganizationalUnit"))


def failures(report: Report) -> Mapping[str, str]:
    """What failed, and why."""
    steps = (step for target in report.outcome.targets for step in target.steps)
    return {step.change.id: step.message for step in steps if step.status is Status.FAILED}


def applied(repo: Repo, rules: Sequence[Rule]) -> Report:
    """A run under ``rules``. A step's own code may give up where aft would not; then the next run,
    in fine weather, is to end what was left."""
    found = apply(repo, rules=rules)
    failed = failures(found)
    if failed and all("/run-customization/" in change for change in failed):
        again = apply(repo)
        done = {"calls": found.calls, "calls_of_apply": found.calls_of_apply, "hits": found.hits}
        return replace(again, **done)
    return found


def assert_as_in_fine_weather(found: Report, undisturbed: Report) -> None:
    assert found.outcome.exit_code == 0, failures(found)
    assert found.accounts == undisturbed.accounts
    assert found.units == undisturbed.units
    assert found.creations == undisturbed.creations
    assert created(found) == created(undisturbed)
    assert found.changes_left == ()
    assert found.attention == ()
    assert intents_are_settled(found.ledger)
    for name, inside in undisturbed.inside.items():
        seen = found.inside[name]
        for what in ("aliases", "password", "stacks", "vpcs", "gateways"):
            assert seen[what] == inside[what], what
        assert seen["parameters"].keys() == inside["parameters"].keys()
        assert len(seen["topics"]) == 1
        record, wanted = found.ledger.record(name), undisturbed.ledger.record(name)
        assert record.failures == {}
        assert record.steps.keys() == wanted.steps.keys()
        assert record.tag_keys == wanted.tag_keys
    assert "Traceback" not in str(found.outcome)
    assert "unexpected" not in str(found.outcome)


@pytest.mark.faults
@pytest.mark.parametrize("number", range(PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_at_every_call(
    morning: Morning, undisturbed: Report, tmp_path: Path, kind: str, number: int
) -> None:
    repo = morning.copy(tmp_path / "day")
    rules = part(undisturbed, kind, number)
    found = applied(repo, rules)
    assert found.hits == len(rules), "each call met its trouble"
    assert_as_in_fine_weather(found, undisturbed)
    assert_ledger_is_sound(repo)


@pytest.mark.faults
@pytest.mark.parametrize("number", range(TENTH))
@pytest.mark.parametrize("kind", KINDS)
def test_at_one_call_in_ten(
    morning: Morning, undisturbed: Report, tmp_path: Path, kind: str, number: int
) -> None:
    repo = morning.copy(tmp_path / "day")
    services = sorted({call.service for call in undisturbed.calls})
    rules = [
        Rule(service, "*", KINDS[kind](service), after=number, every=TENTH) for service in services
    ]
    found = applied(repo, rules)
    assert found.hits >= undisturbed.calls_of_apply // TENTH // 2
    assert found.calls_of_apply <= 1.5 * undisturbed.calls_of_apply
    assert_as_in_fine_weather(found, undisturbed)
    assert_ledger_is_sound(repo)
