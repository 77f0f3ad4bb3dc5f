"""``aft github start``: a workflow, by its file, as it is on a branch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_git import bare
from builders_repo import Repo, Result
from github_server import GitHubServer


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    with GitHubServer(git=bare(tmp_path / "github.git")) as server:
        files = {
            ".github/workflows/plan.yml": "on: {workflow_dispatch: {}}\n",
            ".github/workflows/ci.yml": "on: push\n",
        }
        server.commit_to("main", files)
        yield server


def start(tmp_path: Path, github: GitHubServer, *arguments: str, level: str = "write") -> Result:
    repo = Repo.create(tmp_path / "repo")
    repo.environ.update(
        GITHUB_API_URL=github.url,
        GITHUB_REPOSITORY=github.state.repository,
        GITHUB_TOKEN=github.token({"actions": level}),
    )
    return repo.aft("github", "start", *arguments, sandbox=False)


def test_it_is_asked_for_with_its_inputs(tmp_path: Path, github: GitHubServer) -> None:
    done = start(tmp_path, github, "plan.yml", "--input", "pull=7", "--input", "head=a=b")
    assert done.code == 0, done.err
    (asked,) = github.state.dispatches
    assert (asked.workflow, asked.branch) == ("plan.yml", "main")
    assert asked.inputs == {"pull": "7", "head": "a=b"}


@pytest.mark.parametrize(
    ("arguments", "level", "said"),
    [
        (("../../user",), "write", "name a file"),
        (("plan.yml", "--input", "=x"), "write", "NAME=VALUE"),
        (("none.yml",), "write", "Not Found"),
        (("ci.yml",), "write", "workflow_dispatch"),
        (("plan.yml",), "read", "actions: write"),
    ],
)
def test_what_cannot_be_started(
    tmp_path: Path, github: GitHubServer, arguments: tuple[str, ...], level: str, said: str
) -> None:
    done = start(tmp_path, github, *arguments, level=level)
    assert done.code == 1
    assert said in done.err
    assert github.state.dispatches == []
