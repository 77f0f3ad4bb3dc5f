"""The published organization beside the ledger: neither gets in the other's way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders_git import Clone, bare, bound, clone_of, step
from builders_plan import account, snapshot

from aft.clock import SystemClock
from aft.errors import UserError
from aft.git.ledger.snapshots import GitSnapshots
from aft.git.ledger.store import GitLedger
from aft.organization.model import OrganizationSnapshot


def ledger(clone: Clone, remote: str | None = None) -> GitLedger:
    return GitLedger(clone.repository, remote=remote, clock=SystemClock(), environ={})


def snapshots(clone: Clone, remote: str | None = None) -> GitSnapshots:
    return GitSnapshots(clone.repository, remote=remote, clock=SystemClock(), environ={})


def world(minute: int = 0, *names: str) -> OrganizationSnapshot:
    accounts = [account(number, name) for number, name in enumerate(names or ("shop",), start=1)]
    read = snapshot(accounts=accounts)
    return replace(read, read_at=read.read_at + timedelta(minutes=minute))


def test_publishing_does_not_move_the_ledger(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    writer = ledger(clone)
    snapshots(clone).publish(world())
    assert writer.read().commit == ""
    commit = writer.append([bound()])
    snapshots(clone).publish(world(1, "shop", "lab"))
    snapshots(clone).publish(world(2, "shop", "lab", "third"))
    assert writer.read().commit == commit != clone.git("rev-parse", "aft/ledger")
    assert set(writer.read().records) == {"payments-prod"}
    again = writer.append([step("network", second=1)])
    assert writer.read().commit == again
    assert snapshots(clone).published() == world(2, "shop", "lab", "third")


def test_what_is_gone_is_gone_from_the_branch(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    snapshots(clone).publish(world(0, "shop", "lab"))
    snapshots(clone).publish(world(1, "lab-only"))
    files = clone.git("ls-tree", "-r", "--name-only", "aft/ledger").splitlines()
    assert files == [
        "README.md",
        "snapshot/accounts/01.json",
        "snapshot/index.json",
        "snapshot/policies.json",
        "snapshot/units.json",
    ]


def test_events_not_pushed_yet_stay_and_are_pushed_later(tmp_path: Path) -> None:
    server = bare(tmp_path / "repo.git")
    clone = clone_of(server, tmp_path / "clone")
    writer = ledger(clone, "origin")
    writer.append([bound()])  # committed here, not pushed
    assert snapshots(clone, "origin").publish(world())
    writer.publish()
    other = clone_of(server, tmp_path / "other")
    assert set(ledger(other, "origin").read().records) == {"payments-prod"}
    assert snapshots(other, "origin").published() == world()


def test_many_at_the_same_time(tmp_path: Path) -> None:
    server = bare(tmp_path / "repo.git")
    clones = [clone_of(server, tmp_path / f"clone-{number}") for number in range(4)]
    start = threading.Barrier(len(clones))

    def work(number: int) -> None:
        start.wait()
        if number % 2:
            ledger(clones[number], "origin").append([bound(f"r{number}")], durable=True)
        else:
            snapshots(clones[number], "origin").publish(world(number, f"shop-{number}"))

    with ThreadPoolExecutor(len(clones)) as pool:
        list(pool.map(work, range(len(clones))))
    reader = clone_of(server, tmp_path / "reader")
    assert set(ledger(reader, "origin").read().records) == {"r1", "r3"}
    assert snapshots(reader, "origin").published() == world(2, "shop-2")


def test_a_damaged_one_says_how_to_fix_it(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    snapshots(clone).publish(world())
    clone.git("checkout", "-q", "aft/ledger")
    clone.commit("Break it", files={"snapshot/index.json": '{"format": 9}'})
    with pytest.raises(UserError, match=r"json\.format: Input should be 1, found 9") as caught:
        snapshots(clone).published()
    assert "--publish" in caught.value.hint
    assert snapshots(clone).publish(world())
    assert snapshots(clone).published() == world()
