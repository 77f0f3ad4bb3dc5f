"""Frozen scenarios: what the command line says and leaves must stay as it was, byte for byte.

About forty scenarios (``story_*.py``) are played through the command line, in a simulated
organization, and compared with ``scenarios/<scenario>/``: the plan as text, as JSON and as the
comment on a pull request, the outcome, and what the run wrote to the ledger; where it fits also
drift, status, history, explain and findings. Moments, ids and digests are labels (``normal.py``).

When an output is changed on purpose, record them anew and review the difference like code::

    python -m tests.golden --record            # all of them
    python -m tests.golden --record pinned     # one story
    git diff tests/golden/scenarios
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from golden.normal import Labels
from golden.stories import STORIES
from golden.story import SCENARIOS, Story

_MOST_LINES = 120
"""Of one test's difference; recording anew and ``git diff`` show all of it."""


def _kept(story: Story) -> dict[str, str]:
    return {
        path.relative_to(SCENARIOS).as_posix(): path.read_text(encoding="utf-8")
        for scenario in story.scenarios
        for path in sorted((SCENARIOS / scenario.name).glob("*"))
    }


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_leaves_what_it_left_before(story: Story, tmp_path: Path) -> None:
    kept, now = _kept(story), story.play(tmp_path / "world")
    lines: list[str] = []
    for path in sorted(kept.keys() | now.keys()):
        before, after = kept.get(path, "").splitlines(), now.get(path, "").splitlines()
        lines += difflib.unified_diff(
            before, after, f"kept/{path}", f"now/{path}", lineterm="", n=1
        )
    shown = lines[:_MOST_LINES]
    if len(lines) > len(shown):
        shown.append(f"... and {len(lines) - len(shown)} lines more")
    if lines:
        pytest.fail(
            "\n".join([*shown, "on purpose? python -m tests.golden --record"]), pytrace=False
        )


def test_every_kept_scenario_has_its_story() -> None:
    owned = [scenario.name for story in STORIES for scenario in story.scenarios]
    assert len(owned) == len(set(owned))
    assert {path.name for path in SCENARIOS.iterdir()} == set(owned)


def test_what_differs_every_time_becomes_a_label_and_stays_distinct() -> None:
    commit, digest = "1234567" + "0" * 33, "123456789012" + "a" * 52
    labels = Labels()
    labels.learn([commit], "commit-{}")
    labels.learn([f"sha256:{digest}"])
    said = f"1234567 sha256:{digest} sha256:123456789012… sha256:999999999999 999999999998 21000000"
    assert labels.applied(said) == (
        "commit-1 sha256:digest-1 sha256:digest-1… sha256:digest-2 100000000001 21000000"
    )
    assert labels.applied("999999999998 210000000001 defaced") == (
        "100000000001 210000000001 defaced"
    )
