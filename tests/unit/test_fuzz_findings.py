"""Inputs that fuzzing found a reader to crash at: each raises nothing but what its contract has."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parents[1] / "fuzz" / "found"


@pytest.mark.parametrize("path", sorted(FOUND.glob("[!.]*")), ids=lambda path: path.name)
def test_what_fuzzing_found_is_read(path: Path) -> None:
    target = TARGETS[path.name.partition("-")[0]]
    with contextlib.suppress(*target.allowed):
        target.read(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_every_reader_reads_what_it_starts_from(name: str) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())
    assert seeds
    for seed in seeds:
        with contextlib.suppress(*target.allowed):
            target.read(seed)
