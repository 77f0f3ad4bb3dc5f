"""Commits whose signature GitHub has not verified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_github_api import World, on_github
from builders_repo import CONFIG

READ = {"contents": "read"}
REQUIRED = f"{CONFIG}github:\n  require_signatures: true\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


def test_does_nothing_unless_asked_for(world: World) -> None:
    pull = world.pull()
    result = world.aft("signatures", "--from", world.base, "--to", pull.head_sha, token="")
    assert result.code == 0
    assert not world.github.seen


def test_every_commit_is_asked_for(world: World) -> None:
    base = world.github.commit_to("main", {"aft.yaml": REQUIRED})
    first = world.github.commit_to("topic", {"a.txt": "x\n"})
    second = world.github.commit_to("topic", {"b.txt": "x\n"})
    third = world.github.commit_to("topic", {"c.txt": "x\n"})
    for sha in (first, third):
        world.github.verify(sha)
    arguments = ("signatures", "--from", base, "--to", third)

    result = world.aft(*arguments, "--format", "json", permissions=READ)
    assert result.code == 3
    (finding,) = json.loads(result.out)["findings"]
    assert (finding["code"], finding["path"], finding["line"]) == ("AFT740", "aft.yaml", 5)
    assert second[:10] in finding["message"]
    annotated = world.aft(*arguments, "--format", "github", permissions=READ)
    assert annotated.out.startswith("::error file=aft.yaml,line=5,")

    world.clone().git("fetch", "-q")
    world.clone().git("checkout", "-q", "--detach", base)
    named = world.aft("signatures", "--from", "HEAD", "--to", third, permissions=READ)
    assert named.code == 3
    assert f"GET /repos/example/accounts/compare/{base}...{third}" in world.github.seen

    world.github.verify(second)
    assert world.aft(*arguments, permissions=READ).out == "every commit is signed\n"


@pytest.mark.parametrize("reason", ["unknown_key", "expired_key", "a new reason"])
def test_signature_that_is_not_verified_is_none(world: World, reason: str) -> None:
    base = world.github.commit_to("main", {"aft.yaml": REQUIRED})
    tip = world.github.commit_to("topic", {"a.txt": "x\n"})
    world.github.verify(tip, reason)
    result = world.aft("signatures", "--from", base, "--to", tip, permissions=READ)
    assert result.code == 3
    assert reason in result.out


def test_change_cannot_switch_it_off(world: World) -> None:
    base = world.github.commit_to("main", {"aft.yaml": REQUIRED})
    tip = world.github.commit_to("topic", {"aft.yaml": CONFIG})
    result = world.aft("signatures", "--from", base, "--to", tip, permissions=READ)
    assert result.code == 3


def test_more_commits_than_one_page(world: World) -> None:
    base = world.github.commit_to("main", {"aft.yaml": REQUIRED})
    tip = base
    tree = world.github.git.git("rev-parse", f"{base}^{{tree}}")
    made = []
    for number in range(120):
        tip = world.github.git.commit(tree, [tip], f"c{number}", at=world.github.tick())
        made.append(tip)
    for sha in made[:-1]:
        world.github.verify(sha)
    result = world.aft("signatures", "--from", base, "--to", tip, permissions=READ)
    assert result.code == 3
    assert result.out.count("AFT740") == 1
    assert tip[:10] in result.out
