"""What every place for the published organization promises: in git here, on a remote, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of
from builders_plan import account, snapshot
from fakes.snapshots import MemorySnapshots, SharedSnapshots
from git_server import serving

from aft.clock import SystemClock
from aft.git.ledger.snapshots import GitSnapshots
from aft.organization.model import OrganizationSnapshot, Policy
from aft.ports import SnapshotStore

NewStore = Callable[[], SnapshotStore]
"""A store of its own onto the same place, as another runner has it."""


def in_git(clone: Clone, remote: str | None) -> GitSnapshots:
    return GitSnapshots(clone.repository, remote=remote, clock=SystemClock(), environ={})


@pytest.fixture(params=["local", "remote", "http", "memory"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewStore]:
    if request.param == "memory":
        shared = SharedSnapshots()
        yield lambda: MemorySnapshots(shared)
        return
    if request.param == "local":
        clone = Clone(tmp_path / "clone")
        yield lambda: in_git(clone, None)
        return
    server = bare(tmp_path / "served" / "repo.git")
    numbers = iter(range(100))

    def store(url: str) -> SnapshotStore:
        return in_git(clone_of(url, tmp_path / f"clone-{next(numbers)}"), "origin")

    if request.param == "remote":
        yield lambda: store(str(server))
        return
    with serving(server.parent) as served:
        yield lambda: store(f"{served.url}/repo.git")


def world(*names: str) -> OrganizationSnapshot:
    return snapshot(
        ["Workloads", "Workloads/Prod"],
        [account(number, name, "Workloads/Prod") for number, name in enumerate(names, start=1)],
        policies=(Policy(id="p-1", name="no-exit", type="SERVICE_CONTROL_POLICY", targets=("r",)),),
    )


def later(read: OrganizationSnapshot, **after: int) -> OrganizationSnapshot:
    return replace(read, read_at=read.read_at + timedelta(**after))


def test_nothing_is_published_at_first(new: NewStore) -> None:
    assert new().published() is None


def test_what_is_published_is_read_by_everybody(new: NewStore) -> None:
    read = world("shop", "lab")
    assert new().publish(replace(read, calls=7))
    found = new().published()
    assert found == read
    assert found is not None
    assert found.digest == read.digest


def test_a_change_replaces_what_was_there(new: NewStore) -> None:
    store = new()
    assert store.publish(world("shop", "lab", "old"))
    changed = later(world("shop", "new"), minutes=5)
    assert new().publish(changed)
    assert store.published() == changed


def test_the_same_is_not_written_again_before_a_day(new: NewStore) -> None:
    read = world("shop")
    assert new().publish(read)
    assert not new().publish(later(read, hours=23))
    assert new().published() == read
    assert new().publish(later(read, hours=24))
    assert new().published() == later(read, hours=24)


def test_an_older_one_never_replaces_a_newer_one(new: NewStore) -> None:
    newer = later(world("shop"), hours=1)
    assert new().publish(newer)
    assert not new().publish(world("shop", "lab"))
    assert new().published() == newer


def test_a_part_of_the_organization_is_refused(new: NewStore) -> None:
    store = new()
    with pytest.raises(ValueError, match="whole organization"):
        store.publish(replace(world("shop"), scope=("account/1",)))
    assert store.published() is None
