"""How an apply ended, on each pull request that it was for: written once, and kept up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_github_api import World, on_github
from github_server import Fault

MARKER, OPEN = "<!-- aft:apply -->", "<!-- aft:open -->"
DONE = f"{MARKER}\n\n## all done\n"
LATER = f"{MARKER}\n\n## all done, later\n"
LEFT = f"{MARKER}\n\n{OPEN}\n\n## partly done\n"
FEWER = f"{MARKER}\n\n{OPEN}\n\n## partly done, but more\n"
SILENT = ""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def result(world: World, text: str, *numbers: int, commit: str = "") -> int:
    pulls = " ".join(map(str, numbers))
    file = world.file(text)
    done = world.aft("result", "--file", file, "--pulls", pulls, "--commit", commit)
    return done.code


@pytest.mark.parametrize(
    ("before", "now", "newest", "older"),
    [
        (DONE, LATER, DONE, DONE),
        (DONE, LEFT, DONE, DONE),
        (DONE, SILENT, DONE, DONE),
        (LEFT, DONE, DONE, DONE),
        (LEFT, FEWER, FEWER, LEFT),
        (LEFT, SILENT, LEFT, LEFT),
    ],
)
def test_what_is_said_is_brought_up_to_date_once_it_is_finished(
    world: World, before: str, now: str, newest: str, older: str
) -> None:
    first, second = world.pull("one").number, world.pull("two").number
    for number in (first, second):
        assert result(world, before, number) == 0
    assert result(world, now, second, first) == 0
    assert world.github.state.bodies(second) == [newest]
    assert world.github.state.bodies(first) == [older]


def test_every_pull_request_gets_its_result_and_a_silent_job_says_so(world: World) -> None:
    numbers = [world.pull(name).number for name in ("one", "two", "three")]
    assert result(world, SILENT, numbers[0]) == 0
    assert OPEN in world.github.state.bodies(numbers[0])[0]
    assert "failed before" in world.github.state.bodies(numbers[0])[0]
    assert result(world, DONE, *reversed(numbers)) == 0
    assert [world.github.state.bodies(number) for number in numbers] == [[DONE]] * 3


def test_others_comments_are_neither_believed_nor_changed(world: World) -> None:
    number = world.pull().number
    world.github.comment(number, LEFT, "mallory")
    world.github.comment(number, DONE, "mallory")
    assert result(world, LEFT, number) == 0
    assert world.github.state.bodies(number) == [LEFT, DONE, LEFT]


def test_job_that_did_not_get_to_look_finds_the_pull_request_of_its_commit(world: World) -> None:
    pull = world.pull()
    sha = world.github.merge_pull(pull.number)
    assert result(world, SILENT, commit=sha) == 0
    assert "failed before" in world.github.state.bodies(pull.number)[0]
    assert result(world, SILENT, commit=world.base) == 0, "it came without a pull request"
    assert result(world, SILENT) == 0


def test_failing_forge_is_no_reason_to_write_nothing(world: World) -> None:
    number = world.pull().number
    world.github.faults += [Fault(502, "/comments", "GET"), Fault(502, "/comments", "POST")]
    assert result(world, DONE, number) == 0
    world.github.faults += [Fault("lose", "/comments", "POST")]
    other = world.pull("two").number
    assert result(world, DONE, other, number) == 0
    assert [world.github.state.bodies(it) for it in (number, other)] == [[DONE], [DONE]]


@pytest.mark.parametrize("pulls", ["x", "1;2", "-"])
def test_odd_numbers_are_refused(world: World, pulls: str) -> None:
    done = world.aft("result", "--file", world.file(DONE), "--pulls", pulls)
    assert (done.code, "separated by spaces" in done.err) == (1, True), done.err


@pytest.mark.parametrize(
    ("ended", "text", "state"),
    [
        ("success", DONE, "success"),
        ("success", SILENT, "failure"),
        ("failure", DONE, "failure"),
        ("cancelled", DONE, "failure"),
        ("", DONE, "failure"),
    ],
)
def test_status_says_on_the_head_whether_it_was_planned(
    world: World, ended: str, text: str, state: str
) -> None:
    head = world.pull().head_sha
    arguments = ("status", "--head", head, "--result", ended, "--file", world.file(text))
    done = world.aft(*arguments, permissions={"statuses": "write"})
    assert done.code == 0, done.err
    (found,) = world.github.state.statuses[head]
    assert (found.context, found.state) == ("aft/plan", state)
    assert found.target_url.endswith("/actions/runs/77")
