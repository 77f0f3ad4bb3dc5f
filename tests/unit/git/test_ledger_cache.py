"""Records kept between processes are those of git, whatever lies in the cache's file."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from builders_git import Clone, bound, event, step

from aft.clock import SystemClock
from aft.git.ledger.store import GitLedger
from aft.ledger.events import EventKind, LedgerState


def read(clone: Clone, cache: Path | None) -> LedgerState:
    """What a process of its own reads."""
    return ledger(clone, cache).read()


def ledger(clone: Clone, cache: Path | None) -> GitLedger:
    return GitLedger(clone.repository, clock=SystemClock(), environ={}, cache=cache)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "clone")
    writer = ledger(clone, None)
    writer.append(
        [bound("a"), step("network", subject="a", second=1), bound("b", account_id="2" * 12)]
    )
    writer.append([bound("gone"), event("gone", EventKind.FORGOTTEN, second=1)])
    return clone


def test_the_same_with_and_without(clone: Clone, tmp_path: Path) -> None:
    cache = tmp_path / "kept" / "ledger"
    plain = read(clone, None)
    assert set(plain.records) == {"a", "b"}
    assert read(clone, cache) == plain
    assert cache.exists()
    assert read(clone, cache) == plain


def test_what_is_kept_is_used_for_the_same_content_alone(clone: Clone, tmp_path: Path) -> None:
    """A cache with another story shows whether it is read, and where it no longer is."""
    cache = tmp_path / "ledger"
    read(clone, cache)
    header, _, body = cache.read_bytes().partition(b"\n")
    forged = body.replace(b"2" * 12, b"3" * 12)
    cache.write_bytes(header[:-8] + b"%08x" % zlib.crc32(forged) + b"\n" + forged)
    assert read(clone, cache).record("b").account_id == "3" * 12
    ledger(clone, None).append([step("network", subject="b", second=2)])
    assert read(clone, cache).record("b").account_id == "2" * 12
    assert read(clone, cache) == read(clone, None)


@pytest.mark.parametrize("damage", [b"", b"nothing", b"aft-ledger-1", None])
def test_a_damaged_one_is_none(clone: Clone, tmp_path: Path, damage: bytes | None) -> None:
    cache = tmp_path / "ledger"
    read(clone, cache)
    cache.write_bytes(cache.read_bytes()[:-3] if damage is None else damage)
    assert read(clone, cache) == read(clone, None)


def test_a_record_that_had_to_be_rebuilt_is_not_kept(clone: Clone, tmp_path: Path) -> None:
    clone.git("checkout", "-q", "aft/ledger")
    (state,) = clone.path.glob("accounts/*/a/state.json")
    state.write_text("{")
    clone.commit("Damage it")
    cache = tmp_path / "ledger"
    plain = read(clone, None)
    assert plain.record("a").steps.keys() == {"setting/network"}
    assert read(clone, cache) == plain
    assert read(clone, cache) == plain


def test_a_place_that_cannot_be_written_does_not_matter(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert read(clone, tmp_path / "file" / "ledger") == read(clone, None)
