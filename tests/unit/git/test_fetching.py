"""Refs that are no branches, fetched over http, ssh and from a path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of, git
from git_server import GitServer, serving

from aft.errors import Denied, Transient, UserError
from aft.git.wire import RefFetch

TOKEN = "ghp_verySecret"
WANTED = {f"refs/pull/{number}/head": f"refs/aft/pulls/{number}" for number in (1, 2, 3)}


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "served" / "repo.git")


@pytest.fixture
def server(hosted: Path) -> Iterator[GitServer]:
    with serving(hosted.parent) as served:
        yield served


@pytest.fixture
def pulls(tmp_path: Path, hosted: Path) -> dict[str, str]:
    """Two heads of pull requests on the server, of which no branch knows; the third is missing."""
    author = clone_of(hosted, tmp_path / "author")
    author.commit()
    author.git("push", "-q", "origin", "HEAD:main")
    heads = {}
    for number in (1, 2):
        heads[f"refs/aft/pulls/{number}"] = author.commit(f"c{number}")
        author.git("push", "-q", "origin", f"HEAD:refs/pull/{number}/head")
    return heads


def refs(clone: Clone) -> dict[str, str]:
    text = clone.git("for-each-ref", "refs/aft", "--format=%(refname) %(objectname)")
    return dict(line.split() for line in text.splitlines())


def test_over_http_with_the_token_of_the_environment(
    server: GitServer, pulls: dict[str, str], tmp_path: Path
) -> None:
    server.password = TOKEN
    clone = clone_of(f"{server.url}/repo.git", tmp_path / "clone")
    environ = {"AFT_GIT_TOKEN": TOKEN}
    assert RefFetch(clone.repository, remote="origin", environ=environ).fetch(WANTED) == pulls
    assert refs(clone) == pulls
    with pytest.raises(Denied) as caught:
        RefFetch(clone.repository, remote="origin", environ={}).fetch(WANTED)
    assert TOKEN not in str(caught.value)


def test_ref_that_is_gone_is_removed_here_too(
    hosted: Path, pulls: dict[str, str], tmp_path: Path
) -> None:
    clone = clone_of(hosted, tmp_path / "clone")
    fetching = RefFetch(clone.repository, remote="origin")
    fetching.fetch(WANTED)
    git(hosted, "update-ref", "-d", "refs/pull/1/head")
    assert fetching.fetch(WANTED).keys() == {"refs/aft/pulls/2"}
    assert refs(clone).keys() == {"refs/aft/pulls/2"}


def test_ref_that_was_rewritten_is_taken_by_force(
    hosted: Path, pulls: dict[str, str], tmp_path: Path
) -> None:
    clone = clone_of(hosted, tmp_path / "clone")
    fetching = RefFetch(clone.repository, remote="origin")
    fetching.fetch(WANTED)
    git(hosted, "update-ref", "refs/pull/2/head", "refs/heads/main")
    assert fetching.fetch(WANTED)["refs/aft/pulls/2"] == git(hosted, "rev-parse", "main")


def test_over_ssh_each_is_asked_for_on_its_own(
    hosted: Path, pulls: dict[str, str], tmp_path: Path
) -> None:
    """git refuses all of them when one is missing."""
    script = tmp_path / "ssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    clone = clone_of(f"ssh://git@host.example{hosted}", tmp_path / "clone")
    fetching = RefFetch(clone.repository, remote="origin", environ={"GIT_SSH_COMMAND": str(script)})
    assert fetching.fetch(WANTED) == pulls
    assert refs(clone) == pulls


def test_refs_here_are_listed_and_forgotten(
    hosted: Path, pulls: dict[str, str], tmp_path: Path
) -> None:
    clone = clone_of(hosted, tmp_path / "clone")
    fetching = RefFetch(clone.repository, remote="origin")
    fetching.fetch({**WANTED, "refs/pull/1/head": "refs/aft/other"})
    assert fetching.below("refs/aft/pulls/") == {"refs/aft/pulls/2"}
    fetching.forget(["refs/aft/pulls/2", "refs/aft/pulls/9"])
    assert refs(clone).keys() == {"refs/aft/other"}
    assert len(fetching.parents(pulls["refs/aft/pulls/1"])) == 1


def test_remotes_that_cannot_be_fetched_from(server: GitServer, tmp_path: Path) -> None:
    clone = clone_of(f"{server.url}/repo.git", tmp_path / "clone")
    with pytest.raises(UserError, match="no remote 'elsewhere'"):
        RefFetch(clone.repository, remote="elsewhere")
    server.status = 503
    with pytest.raises(Transient):
        RefFetch(clone.repository, remote="origin").fetch(WANTED)


def test_into_a_shallow_clone(server: GitServer, pulls: dict[str, str], tmp_path: Path) -> None:
    """What GitHub's checkout makes when nobody says otherwise."""
    git(tmp_path, "clone", "-q", "--depth=1", f"{server.url}/repo.git", "shallow")
    clone = Clone(tmp_path / "shallow")
    assert RefFetch(clone.repository, remote="origin").fetch(WANTED) == pulls
