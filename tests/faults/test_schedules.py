"""Ten thousand schedules of several writers, decided by a seed each (``schedules``)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from schedules.mutants import MUTANTS
from schedules.story import Played, play, store_at
from schedules.writers import PRODUCT, Parts

SEEDS = 10_000
DISTINCT = 9_000
BLOCKS = 40
TEETH = 1_000
"""So many seeds at most until a mutant is found."""
SOON = 40
"""The same for those that do not need a rare moment."""
RARE = ("no-check-at-the-call", "no-age-of-a-lease")


def played(seeds: Iterable[int], folder: Path, parts: Parts = PRODUCT) -> Iterator[Played]:
    """Each seed in a world of its own; the objects of old ones are thrown away now and then."""
    for number, seed in enumerate(seeds):
        if number % 50 == 0:
            shutil.rmtree(folder, ignore_errors=True)
            store = store_at(folder)
        yield play(seed, store, parts=parts)


def assert_all_is_well(found: Played) -> None:
    assert not found.wrong, f"to play this again: make faults SEED={found.seed}"


def seeds_until_found(mutant: Parts, folder: Path, most: int) -> int:
    """How many seeds it takes until something is wrong with ``mutant``; fails after ``most``."""
    for number, found in enumerate(played(range(most), folder, mutant), start=1):
        if found.wrong:
            return number
    raise AssertionError(f"{mutant.name} was not found within {most} seeds")


@pytest.fixture(scope="session")
def digests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "digests"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.faults
@pytest.mark.parametrize("block", range(BLOCKS))
def test_ten_thousand_schedules(block: int, tmp_path: Path, digests: Path) -> None:
    """Whoever comes last counts how many were distinct."""
    seeds, seen = range(block, SEEDS, BLOCKS), set[str]()
    for found in played(seeds, tmp_path / "store.git"):
        assert_all_is_well(found)
        seen.add(found.digest)
    assert len(seen) >= len(seeds) * DISTINCT // SEEDS
    (digests / f"{block}.new").write_text("\n".join(seen))
    (digests / f"{block}.new").rename(digests / f"{block}.txt")
    blocks = list(digests.glob("*.txt"))
    if len(blocks) == BLOCKS:
        assert len({line for path in blocks for line in path.read_text().split()}) >= DISTINCT


@pytest.mark.faults
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_promise_that_is_left_out_is_found(mutant: Parts, tmp_path: Path) -> None:
    assert seeds_until_found(mutant, tmp_path / "store.git", TEETH)


# --- a slice of it in every run of the tests ------------------------------------------------------


def test_some_schedules(tmp_path: Path) -> None:
    found = list(played(range(SEEDS, SEEDS + 60), tmp_path / "store.git"))
    for one in found:
        assert_all_is_well(one)
    assert len({one.digest for one in found}) >= 54


@pytest.mark.parametrize(
    "mutant", [item for item in MUTANTS if item.name not in RARE], ids=lambda mutant: mutant.name
)
def test_its_teeth(mutant: Parts, tmp_path: Path) -> None:
    assert seeds_until_found(mutant, tmp_path / "store.git", SOON)


def test_a_seed_is_always_the_same_schedule(tmp_path: Path) -> None:
    calls: list[list[str]] = [[], []]
    for seen in calls:
        play(7, store_at(tmp_path / "store.git"), seen=seen.append)
    assert calls[0] == calls[1]
