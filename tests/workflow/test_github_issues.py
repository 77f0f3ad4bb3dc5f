"""The drift issue, issue forms, and replies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_github_api import World, on_github
from builders_repo import Result
from github_server import Fault

WRITE = {"issues": "write"}
ACTIONS = "github-actions[bot]"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def drift(world: World, text: str | None, title: str = "Drift") -> Result:
    file = str(world.files / "none.md") if text is None else world.file(text, "issue.md")
    return world.aft(
        *("issue", "--file", file, "--label", "aft:drift", "--title", title), permissions=WRITE
    )


def test_issue_is_opened_updated_and_closed(world: World) -> None:
    assert "opened" in drift(world, "one account differs\n").out
    assert "updated" in drift(world, "two accounts differ\n", "More drift").out
    (issue,) = world.github.state.issues.values()
    assert (issue.title, issue.body) == ("More drift", "two accounts differ\n")
    assert issue.labels == ["aft:drift"]

    assert "closed" in drift(world, "").out
    assert (issue.state, issue.state_reason) == ("closed", "completed")
    (farewell,) = world.github.state.bodies(issue.number)
    assert "actions/runs/77" in farewell

    assert "opened" in drift(world, "again\n").out
    assert len(world.github.state.issues) == 2


def test_same_issue_is_not_written_again(world: World) -> None:
    drift(world, "differs\n")
    at = world.github.state.issues[1].updated_at
    assert "says so already" in drift(world, "differs\n").out
    assert world.github.state.issues[1].updated_at == at


@pytest.mark.parametrize("text", ["", None])
def test_nothing_to_close(world: World, text: str | None) -> None:
    assert drift(world, text).out == "there is no issue to close\n"


def test_issue_of_somebody_else_with_the_label_is_left_alone(world: World) -> None:
    theirs = world.github.open_issue("Drift", body="x", labels=["aft:drift"], author="mallory")
    drift(world, "differs\n")
    drift(world, "")
    assert (theirs.state, theirs.body) == ("open", "x")
    assert world.github.state.issues[2].state == "closed"


def test_pull_request_with_the_label_is_not_the_issue(world: World) -> None:
    pull = world.pull()
    pull.issue.labels.append("aft:drift")
    pull.issue.user = world.github.tokens[world.github.token(WRITE)].user
    drift(world, "differs\n")
    assert world.github.state.issues[2].title == "Drift"
    assert pull.issue.title != "Drift"


def test_second_issue_of_ours_is_closed_as_not_planned(world: World) -> None:
    first, second = (
        world.github.open_issue("Drift", body="x", labels=["aft:drift"], author=ACTIONS)
        for _ in range(2)
    )
    drift(world, "differs\n")
    assert (first.state, first.body) == ("open", "differs\n")
    assert (second.state, second.state_reason) == ("closed", "not_planned")


def test_lost_answer_opens_no_second_issue(world: World) -> None:
    world.github.faults.append(Fault("lose", "/issues", "POST"))
    assert "opened" in drift(world, "differs\n").out
    assert len(world.github.state.issues) == 1


def test_huge_issue_is_cut(world: World) -> None:
    assert drift(world, "an account differs\n" * 10_000).code == 0
    assert len(world.github.state.issues[1].body) <= 65_536


def test_issue_needs_a_permission_and_says_so(world: World) -> None:
    result = world.aft(
        *("issue", "--file", world.file("x"), "--label", "aft:drift", "--title", "T"),
        permissions={"issues": "read"},
    )
    assert result.code == 1
    assert "issues: write" in result.err


def test_text_of_the_event_s_issue(world: World) -> None:
    body = "### Name\r\n\r\npayments::set-output name=x::y\r\n"
    issue = world.github.open_issue("Request", body=body, author="ada")
    world.happened(issue.number)
    out = world.files / "issue.md"

    result = world.aft("issue-text", "--out", str(out), token="")

    assert result.code == 0, result.err
    assert out.read_bytes() == b"### Name\n\npayments::set-output name=x::y\n"
    assert world.outputs == {"issue": "1", "requester": "ada"}
    assert "payments" not in result.out
    assert not world.github.seen


def test_issue_without_text(world: World) -> None:
    world.happened(world.github.open_issue("Request").number)
    out = world.files / "issue.md"
    assert world.aft("issue-text", "--out", str(out)).code == 0
    assert out.read_text() == ""


@pytest.mark.parametrize("content", ["", "[]", "{", '{"issue": 3}', '{"issue": {"number": "x"}}'])
def test_event_that_is_none(world: World, content: str) -> None:
    event = world.file(content, "event.json")
    result = world.aft("issue-text", "--out", str(world.files / "o"), "--event", event)
    assert result.code == 1
    assert "unexpected" not in result.err


def test_reply_is_one_comment(world: World) -> None:
    issue = world.github.open_issue("Request", author="ada")
    world.happened(issue.number)
    for text in ("Made.", "Wrong: name is missing."):
        body = f"<!-- aft:request -->\n{text}\n"
        assert world.aft("reply", "--file", world.file(body), permissions=WRITE).code == 0
    assert world.github.state.bodies(issue.number) == [
        "<!-- aft:request -->\nWrong: name is missing.\n"
    ]


def test_reply_needs_an_issue_and_a_text(world: World) -> None:
    text = world.file("<!-- aft:request -->\nx\n")
    assert world.aft("reply", "--file", text).code == 1
    empty = world.aft("reply", "--issue", "1", "--file", world.file("", "empty.md"))
    assert empty.code == 1
