"""GitHub as a forge, beyond the contract: races with others, and what only GitHub does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from builders_github_api import World, client_of, on_github
from github_server import Fault

from aft.errors import Conflict, Terminal, UnknownOutcome
from aft.github.forge import GitHubForge
from aft.github.wire import HttpWire, Request, Response

WRITE = {"contents": "write"}
FILES = {"a.txt": "ours\n"}


@dataclass
class Meanwhile:
    """Something happens before the first request that begins so."""

    starts: str
    happens: Callable[[], object]
    wire: HttpWire = field(default_factory=HttpWire)
    has_happened: bool = False

    def send(self, request: Request) -> Response:
        if request.where.startswith(self.starts) and not self.has_happened:
            self.has_happened = True
            self.happens()
        return self.wire.send(request)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


@pytest.mark.parametrize(
    ("starts", "is_there"), [("PATCH ", True), ("POST /repos/example/accounts/git/refs", False)]
)
def test_what_is_pushed_after_we_looked_stays(world: World, starts: str, is_there: bool) -> None:
    if is_there:
        world.github.commit_to("topic", {"b.txt": "x\n"})
    parent = world.github.git.branch("topic" if is_there else "main")
    wire = Meanwhile(starts, lambda: world.github.commit_to("topic", {"a.txt": "theirs\n"}))
    forge = GitHubForge(client_of(world.github, permissions=WRITE, wire=wire))
    with pytest.raises(Conflict):
        forge.commit_files("topic", parent=parent, message="m", files=FILES)
    assert wire.has_happened
    assert world.github.git.git("show", "topic:a.txt") == "theirs"


def test_a_name_that_no_branch_can_have_is_no_conflict(world: World) -> None:
    forge = GitHubForge(client_of(world.github, permissions=WRITE))
    with pytest.raises(Terminal, match="not a valid ref name"):
        forge.commit_files("a..b", parent=world.base, message="m", files=FILES)


def test_a_branch_whose_making_was_not_answered_is_there(world: World) -> None:
    world.github.faults.append(Fault("lose", "/git/refs", "POST"))
    forge = GitHubForge(client_of(world.github, permissions=WRITE))
    with pytest.raises(UnknownOutcome):
        forge.commit_files("topic", parent=world.base, message="m", files=FILES)
    assert world.github.git.git("show", "topic:a.txt") == "ours"


def test_what_an_app_commits_is_signed(world: World) -> None:
    forge = GitHubForge(client_of(world.github, permissions=WRITE))
    tip = forge.commit_files("topic", parent=world.base, message="m", files=FILES)
    assert [item.is_verified for item in forge.commits_between(world.base, tip)] == [True]


def test_a_review_of_ours_that_is_not_submitted_is_none_yet(world: World) -> None:
    number = world.pull().number
    world.github.review(number, "PENDING", by="github-actions[bot]")
    world.github.review(number, "APPROVED", by="grace")
    forge = GitHubForge(client_of(world.github, permissions={"pull-requests": "read"}))
    assert [item.author.login for item in forge.reviews(number)] == ["grace"]
