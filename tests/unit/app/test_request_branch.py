"""Whether the branch of a request from an issue may be overwritten with other answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of, git
from fakes.forge import MemoryForge, MemoryHub

from aft.app.forge.pulls import ACTIONS_EMAIL, RequestBranch, is_writer, look_at_branch
from aft.forge.port import Permission, PullReview, ReviewVerdict, User
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
