"""Pull requests brought here as git objects, and opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_git import git
from builders_github_api import World, on_github
from github_server import Fault, GitHubServer

OPENING = {"pull-requests": "write", "contents": "write"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def refs(world: World) -> dict[str, str]:
    text = world.clone().git("for-each-ref", "refs/aft", "--format=%(refname) %(objectname)")
    return dict(line.split() for line in text.splitlines())


def test_heads_of_open_pull_requests_are_fetched_and_closed_ones_removed(world: World) -> None:
    one, two, own = world.pull("one"), world.pull("two"), world.pull("own")
    world.happened(own.number)
    assert world.aft("pulls").code == 0
    assert refs(world) == {
        f"refs/aft/pulls/{one.number}": one.head_sha,
        f"refs/aft/pulls/{two.number}": two.head_sha,
    }

    world.github.close_pull(one.number)
    three = world.pull("three")
    result = world.aft("pulls", "--exclude", str(two.number))

    assert refs(world) == {f"refs/aft/pulls/{three.number}": three.head_sha}
    assert result.out == "1 open pull request in refs/aft/pulls/\n"


def test_pull_request_of_a_fork_is_fetched(world: World) -> None:
    git(world.root, "clone", "-q", "--bare", str(world.hosted), "fork.git")
    fork = world.root / "fork.git"
    GitHubServer("ada/accounts", fork).commit_to("idea", {"idea.txt": "x\n"})
    pull = world.github.open_pull("idea", fork=fork)
    world.aft("pulls")
    assert refs(world) == {f"refs/aft/pulls/{pull.number}": pull.head_sha}


def test_head_that_cannot_be_fetched_is_said(world: World) -> None:
    one, two = world.pull("one"), world.pull("two")
    world.github.git.set_ref(f"refs/pull/{one.number}/head", None)
    result = world.aft("pulls")
    assert result.code == 0
    assert f"#{one.number}" in result.err
    assert refs(world) == {f"refs/aft/pulls/{two.number}": two.head_sha}


def test_nothing_is_checked_out(world: World) -> None:
    pull = world.pull("topic", evil__sh="rm -rf /\n")
    world.happened(pull.number)
    assert world.aft("fetch-pull").code == 0
    assert not list(world.clone().root.glob("evil*"))
    assert world.clone().git("status", "--porcelain") == ""


def test_test_merge_is_fetched_and_bound_to_the_head(world: World) -> None:
    pull = world.pull()
    result = world.aft("fetch-pull", str(pull.number), "--head", pull.head_sha)
    assert result.code == 0, result.err
    assert refs(world) == {"refs/aft/merge": pull.merge_sha}
    assert world.outputs == {"state": "ready", "merge": pull.merge_sha, "base": world.base}


def test_late_run_fetches_nothing_and_leaves_no_old_ref(world: World) -> None:
    pull = world.pull()
    world.happened(pull.number)
    world.aft("fetch-pull")
    world.github.commit_to("topic", {"more.txt": "x\n"})

    result = world.aft("fetch-pull")

    assert result.code == 0
    assert "left to the newer run" in result.out
    assert world.outputs["state"] == "outdated"
    assert refs(world) == {}


def test_merge_of_another_head_is_not_taken(world: World) -> None:
    """GitHub makes the ref in the background: the old one may still be there."""
    pull = world.pull()
    old = pull.merge_sha
    world.github.commit_to("topic", {"more.txt": "x\n"})
    world.github.refresh(pull.number)
    world.github.git.set_ref(f"refs/pull/{pull.number}/merge", old)

    arguments = ("fetch-pull", str(pull.number), "--head", pull.head_sha, "--deadline", "0")
    result = world.aft(*arguments)

    assert result.code == 1
    assert "run the job again" in result.err
    assert refs(world) == {}


@pytest.mark.parametrize("merged", [True, False])
def test_closed_pull_request_has_nothing_to_plan(world: World, merged: bool) -> None:
    pull = world.pull()
    if merged:
        world.github.merge_pull(pull.number)
    else:
        world.github.close_pull(pull.number)
    result = world.aft("fetch-pull", str(pull.number), "--head", pull.head_sha)
    assert result.code == 0
    assert world.outputs == {"state": "closed", "merge": "", "base": ""}
    assert refs(world) == {}


def test_conflicts_are_told_on_the_pull_request(world: World) -> None:
    pull = world.pull("topic", same__txt="theirs\n")
    world.github.commit_to("main", {"same/txt": "ours\n"})
    world.github.git.set_ref("refs/pull/1/merge", world.base)

    report = world.files / "report"
    arguments = ("fetch-pull", str(pull.number), "--head", pull.head_sha)
    result = world.aft(*arguments, "--report", str(report))

    assert result.code == 1
    assert "conflicts with main" in result.out
    assert world.outputs["state"] == "conflict"
    assert refs(world) == {}
    assert world.aft("comment", "--pull", "1", "--file", str(report / "comment.md")).code == 0
    (body,) = world.github.state.bodies(pull.number)
    assert body.startswith("<!-- aft:plan -->\n")
    assert "❌ aft plan failed" in body
    assert "conflicts with main" in body
    assert "<!--" not in (report / "summary.md").read_text()


def test_remote_that_is_not_there(world: World) -> None:
    world.pull()
    result = world.aft("pulls", "--remote", "elsewhere")
    assert result.code == 1
    assert "no remote 'elsewhere'" in result.err


def test_pull_request_is_opened_once(world: World) -> None:
    world.github.commit_to("aft/request-7", {"account-requests/new.yaml": "x\n"})
    world.github.state.settings.actions_may_open_pulls = True
    body = world.file("Requested in #7.\n", "body.md")
    arguments = ("pull-request", "--branch", "aft/request-7", "--title", "Request", "--body-file")

    first = world.aft(*arguments, body, permissions=OPENING)
    assert world.outputs == {
        "pull": "1",
        "url": "https://github.test/example/accounts/pull/1",
    }
    again = world.aft(*arguments, body, permissions=OPENING)

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "opened" in first.out
    assert "is open" in again.out
    (pull,) = world.github.state.pulls.values()
    assert (pull.issue.title, pull.issue.body) == ("Request", "Requested in #7.\n")


def test_pull_request_of_a_fork_with_the_same_branch_is_not_ours(world: World) -> None:
    git(world.root, "clone", "-q", "--bare", str(world.hosted), "fork.git")
    GitHubServer("ada/accounts", world.root / "fork.git").commit_to("same", {"a.txt": "x\n"})
    world.github.open_pull("same", fork=world.root / "fork.git")
    world.github.commit_to("same", {"b.txt": "x\n"})
    world.github.state.settings.actions_may_open_pulls = True
    world.aft(
        *("pull-request", "--branch", "same", "--title", "T"),
        *("--body-file", world.file("B")),
        permissions=OPENING,
    )
    assert len(world.github.state.pulls) == 2


def test_setting_that_keeps_actions_from_opening_pull_requests_is_named(world: World) -> None:
    world.github.commit_to("branch", {"a.txt": "x\n"})
    result = world.aft(
        *("pull-request", "--branch", "branch", "--title", "T"),
        *("--body-file", world.file("B")),
        permissions=OPENING,
    )
    assert result.code == 1
    assert "Settings > Actions > General" in result.err


def test_branch_without_commits_says_so(world: World) -> None:
    world.github.git.set_ref("refs/heads/empty", world.base)
    world.github.state.settings.actions_may_open_pulls = True
    result = world.aft(
        *("pull-request", "--branch", "empty", "--title", "T"),
        *("--body-file", world.file("B")),
        permissions=OPENING,
    )
    assert result.code == 1
    assert "No commits between main and empty" in result.err


def test_opening_whose_answer_is_lost_is_unknown(world: World) -> None:
    world.github.commit_to("branch", {"a.txt": "x\n"})
    world.github.state.settings.actions_may_open_pulls = True
    world.github.faults.append(Fault("lose", "/pulls", "POST"))
    arguments = ("pull-request", "--branch", "branch", "--title", "T", "--body-file")
    lost = world.aft(*arguments, world.file("B"), permissions=OPENING)
    again = world.aft(*arguments, world.file("B"), permissions=OPENING)
    assert "run again" in lost.err
    assert "is open" in again.out
    assert len(world.github.state.pulls) == 1
