"""Every shape of clone talks to its remotes, through libgit2 and through the git command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of, git
from git_server import GitServer, serving

from aft.git.conversation import conversation
from aft.git.repository import open_repository
from aft.git.wire import RemoteBranchRef


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """Has the branches main, of three commits, and ledger."""
    author = Clone(tmp_path / "author")
    for number in range(3):
        author.commit(str(number))
    hosted = bare(tmp_path / "served" / "repo.git")
    author.git("push", "-q", hosted, "HEAD:refs/heads/main", "HEAD:refs/heads/ledger")
    with serving(hosted.parent) as served:
        yield served


def plain(url: str, place: Path) -> Path:
    return clone_of(url, place / "clone").path


def packed(url: str, place: Path) -> Path:
    made = clone_of(url, place / "clone")
    made.git("fetch", "-q", "origin")
    made.git("pack-refs", "--all")
    made.git("repack", "-qad")
    return made.path


def shallow(url: str, place: Path) -> Path:
    git(place, "clone", "-q", "--depth=1", "--branch=main", url, place / "clone")
    return place / "clone"


def bare_clone(url: str, place: Path) -> Path:
    git(place, "clone", "-q", "--bare", url, place / "clone.git")
    return place / "clone.git"


def worktree(url: str, place: Path) -> Path:
    git(place, "clone", "-q", "--branch=main", url, place / "clone")
    git(place / "clone", "worktree", "add", "-q", "--detach", place / "tree")
    return place / "tree"


def borrowing(url: str, place: Path) -> Path:
    git(place, "clone", "-q", "--bare", url, place / "store.git")
    git(place, "clone", "-q", "--shared", "--branch=main", place / "store.git", place / "clone")
    git(place / "clone", "remote", "set-url", "origin", url)
    return place / "clone"


SHAPES = (plain, packed, shallow, bare_clone, worktree, borrowing)


@pytest.mark.parametrize("over", ["http", "path"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_clone_of_any_shape_fetches_and_pushes(
    tmp_path: Path, server: GitServer, shape: Callable[[str, Path], Path], over: str
) -> None:
    hosted = server.root / "repo.git"
    address = f"{server.url}/repo.git" if over == "http" else f"file://{hosted}"
    repository = open_repository(shape(address, tmp_path))
    remote = RemoteBranchRef(repository, remote="origin", branch="ledger", environ={})
    tip = str(remote.fetch())
    assert tip == git(hosted, "rev-parse", "ledger")
    assert remote.last_seen() == tip

    ada = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    made = git(repository.git_dir, *ada, "commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "more")
    remote.push(made, expected=tip)
    assert git(hosted, "rev-parse", "ledger") == made
    assert remote.fetch() == remote.last_seen() == made
    git(repository.git_dir, "fsck", "--no-dangling")


def test_a_conversation_leaves_nothing_behind_and_keeps_what_is_shared(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    clone.git("config", "core.sharedRepository", "group")
    clone.git("config", "core.hooksPath", "evil")
    clone.git("remote", "add", 'or.ig"in', "https://git.example.com/x")
    with conversation(clone.repository) as handle:
        place = Path(handle.path)
        assert handle.config["core.sharedrepository"] == "group"
        assert "core.hookspath" not in handle.config
        assert handle.remotes['or.ig"in'].url == "https://git.example.com/x"
    assert not place.exists()
    assert (clone.path / ".git" / "objects").is_dir()
