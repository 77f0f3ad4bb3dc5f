"""The tutorial and the how-tos, played from top to bottom on the sandbox: exit codes and output."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from docs_pages.generated import DOCS
from docs_pages.pages import blocks_of, start_of
from docs_pages.play import TUTORIAL, Answer, begin, play, played_pages


def first_problem(answers: list[Answer]) -> str:
    assert answers, "a page that is played has commands"
    return next((answer.problem for answer in answers if answer.problem), "")


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tutorial left its snapshot and its problem, if any; played once for all
    processes of the run, since it makes eleven accounts."""
    ours = tmp_path_factory.getbasetemp()
    shared = (ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours) / "docs-snapshots"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "problem").exists():
            stage = begin(start_of(TUTORIAL), shared / "tutorial", snapshots=shared)
            problem = first_problem(list(play(TUTORIAL, stage, snapshots=shared)))
            (shared / "problem").write_text(problem)
    return shared


def test_the_tutorial_says_what_happens(snapshots: Path) -> None:
    problem = (snapshots / "problem").read_text()
    assert not problem, problem


@pytest.mark.parametrize("page", played_pages()[1:], ids=lambda page: page.stem)
def test_a_page_says_what_happens(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    needs_tutorial = start_of(page) == "vended"
    shared = request.getfixturevalue("snapshots") if needs_tutorial else tmp_path / "none"
    stage = begin(start_of(page), tmp_path / "played", snapshots=shared)
    problem = first_problem(list(play(page, stage)))
    assert not problem, problem


def test_every_console_block_is_played_or_says_why_not() -> None:
    silent = [
        block.place
        for page in sorted(DOCS.rglob("*.md"))
        for block in blocks_of(page)
        if block.language == "console" and not block.remarks.get("not run") and not start_of(page)
    ]
    assert silent == []
