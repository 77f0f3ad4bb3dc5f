"""Whether the branch of a request from an issue may be overwritten with other answers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of, git
from fakes.forge import MemoryForge, MemoryHub

from aft.app.forge.pulls import (
    ACTIONS_EMAIL,
    RequestBranch,
    is_writer,
    look_at_branch,
    replace_older,
)
from aft.forge.port import Permission, PullReview, ReviewVerdict, User, pull_thread
from aft.git.wire import RefFetch

BRANCH = "aft/request-7"
BOT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "github-actions[bot]"), ("EMAIL", ACTIONS_EMAIL))
}
APPROVED = PullReview(
    author=User("grace", is_bot=False), verdict=ReviewVerdict.APPROVED, head_sha="a" * 40
)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    hosted = bare(tmp_path / "repo.git")
    clone = clone_of(hosted, tmp_path / "clone")
    clone.commit()
    clone.git("push", "-q", "origin", "HEAD:main")
    return clone


def commit(clone: Clone, **environ: str) -> str:
    git(clone.path, "commit", "--allow-empty", "-qm", "x", **{**BOT, **environ})
    clone.git("push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
    return clone.git("rev-parse", "HEAD")


def looked(clone: Clone, hub: MemoryHub) -> RequestBranch:
    fetching = RefFetch(clone.repository, remote="origin", environ={})
    return look_at_branch(MemoryForge(hub), fetching, branch=BRANCH, base="main")


def test_a_branch_of_the_workflow_alone_may_be_overwritten(clone: Clone) -> None:
    hub = MemoryHub()
    assert looked(clone, hub) == RequestBranch(), "there is none"
    tip = commit(clone)
    assert looked(clone, hub) == RequestBranch(tip=tip)
    hub.commit(BRANCH, {"a": "b"})
    number = hub.open_pull(BRANCH)
    found = looked(clone, hub)
    assert (found.tip, found.kept_because) == (tip, "")
    for verdict in set(ReviewVerdict) - {ReviewVerdict.APPROVED}:
        other = PullReview(author=APPROVED.author, verdict=verdict, head_sha="a" * 40)
        hub.reviews[number] = [other]
        assert looked(clone, hub).kept_because == "its pull request was reviewed"
    hub.reviews[number] = [APPROVED]
    assert looked(clone, hub).kept_because == "its pull request was approved"


@pytest.mark.parametrize("who", ["AUTHOR", "COMMITTER"])
def test_a_commit_of_a_person_is_kept(clone: Clone, who: str) -> None:
    commit(clone)
    tip = commit(clone, **{f"GIT_{who}_EMAIL": "ada@example.com"})
    found = looked(clone, MemoryHub())
    assert (found.tip, found.kept_because) == (tip, "it has commits of people")
    commit(clone)
    assert looked(clone, MemoryHub()).kept_because, "also below another one"


@pytest.mark.parametrize("permission", list(Permission))
def test_who_may_push_a_branch_is_planned_live(permission: Permission) -> None:
    hub = MemoryHub()
    hub.permissions["ada"] = permission
    assert is_writer(MemoryForge(hub), "Ada") == (permission >= Permission.WRITE)
    assert not is_writer(MemoryForge(hub), "mallory")
    assert not is_writer(MemoryForge(hub), "")


def test_other_answers_to_one_issue_replace_the_older_pull_request(clone: Clone) -> None:
    hub = MemoryHub()
    forge = MemoryForge(hub)
    for branch in ("request/7-pay", "request/77-pay", "request/7-shop", "topic", "request/8-x"):
        hub.commit(branch, {f"{branch}.yaml": "x\n"})
        hub.open_pull(branch)
    hub.open_pull("request/7-evil", fork="b" * 40)
    newest = forge.pull_request(3)
    assert replace_older(forge, newest, base="main") == (1,)
    assert [pull.number for pull in forge.open_pull_requests()] == [2, 3, 4, 5, 6]
    (comment,) = forge.comments(pull_thread(1))
    assert "see #3" in comment.body
    assert replace_older(forge, newest, base="main") == ()
    assert replace_older(forge, forge.pull_request(4), base="main") == ()


def test_a_reviewed_request_gets_no_second_one_next_to_it(clone: Clone) -> None:
    hub = MemoryHub()
    for branch in ("request/7-pay", "request/8-pay"):
        hub.commit(branch, {"a": "b"})
        clone.git("push", "-q", "origin", f"HEAD:refs/heads/{branch}")
    older = hub.open_pull("request/7-pay")
    hub.open_pull("request/8-pay")
    hub.reviews[older] = [APPROVED]
    fetching = RefFetch(clone.repository, remote="origin", environ={})
    look = partial(look_at_branch, MemoryForge(hub), fetching, base="main")
    found = look(branch="request/7-shop")
    assert (found.tip, found.kept_because) == ("", "its pull request was approved")
    assert found.url == hub.pulls[older].url
    assert look(branch="request/9-shop").kept_because == ""
