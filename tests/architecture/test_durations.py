"""What ``tests/durations.json`` remembers goes stale: it may at least name no file that is gone."""

from __future__ import annotations

import json
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_file_whose_duration_is_remembered_is_there() -> None:
    names = json.loads((TESTS / "durations.json").read_text())
    assert [name for name in names if not (TESTS / name).is_file()] == []
