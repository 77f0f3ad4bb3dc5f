"""Two hundred schedules of two real processes each, which a real signal kills or stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from builders_processes import Scene, Template

SEEDS = 200
BLOCKS = 20

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("template"))


def assert_all_is_well(seed: int, template: Template, place: Path) -> None:
    scene = Scene(seed, template, place)
    scene.play()
    assert not scene.wrong, "\n".join((f"seed {seed}", *scene.story))


@pytest.mark.faults
@pytest.mark.parametrize("block", range(BLOCKS))
def test_killed_and_stopped_by_signals(block: int, template: Template, tmp_path: Path) -> None:
    for seed in range(block, SEEDS, BLOCKS):
        assert_all_is_well(seed, template, tmp_path / "scene")
