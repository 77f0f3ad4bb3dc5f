"""A branch that was deleted, pushed back or replaced is refused before anything is put on top."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from builders_git import BRANCH, Clone, bare, bound, clone_of, git, step
from builders_ledger import Head, ledger, tip
from builders_plan import snapshot

from aft.clock import SystemClock
from aft.errors import LedgerRewritten, Transient, UserError
from aft.git.ledger.snapshots import GitSnapshots


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "served" / "repo.git")


def written(hosted: Path, clone: Clone, head: Head | None) -> str:
    """A ledger of three pushes; the id of its last commit."""
    store = ledger(clone, head)
    store.append([bound("shop")], durable=True)
    store.append([step("network", subject="shop", second=1)], durable=True)
    store.append([step("alias", subject="shop", second=2)])
    store.publish()
    return tip(hosted)


def deleted(hosted: Path) -> None:
    git(hosted, "update-ref", "-d", f"refs/heads/{BRANCH}")


def pushed_back(hosted: Path) -> None:
    git(hosted, "update-ref", f"refs/heads/{BRANCH}", f"{BRANCH}~2")


def replaced(hosted: Path) -> None:
    tree = git(hosted, "rev-parse", f"{BRANCH}^{{tree}}")
    who = ("-c", "user.name=e", "-c", "user.email=e@example.com")
    made = git(hosted, *who, "commit-tree", tree, "-m", "x")
    git(hosted, "update-ref", f"refs/heads/{BRANCH}", made)


REWRITES = (deleted, pushed_back, replaced)


def test_every_push_is_noted(hosted: Path, tmp_path: Path) -> None:
    head = Head()
    assert written(hosted, clone_of(hosted, tmp_path / "a"), head) == head.commit
    assert len(head.noted) == 3
    fresh = ledger(clone_of(hosted, tmp_path / "b"), head)
    assert fresh.read().record("shop").account_id
    fresh.publish()
    assert len(head.noted) == 3, "nothing new was pushed"


@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_fresh_clone_knows_by_the_head(
    hosted: Path, tmp_path: Path, rewrite: Callable[[Path], None]
) -> None:
    head = Head()
    before = written(hosted, clone_of(hosted, tmp_path / "a"), head)
    rewrite(hosted)
    fresh = clone_of(hosted, tmp_path / "b")
    for _ in range(2):
        with pytest.raises(LedgerRewritten, match=before[:10]) as refused:
            ledger(fresh, head).read()
        assert "--adopt-ledger" in refused.value.hint
    with pytest.raises(LedgerRewritten):
        ledger(fresh, head).append([bound("lab", account_id="3" * 12)], durable=True)
    assert head.commit == before


@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_clone_knows_what_it_has_seen(
    hosted: Path, tmp_path: Path, rewrite: Callable[[Path], None]
) -> None:
    """Also without a head, again and again, and without changing anything."""
    clone = clone_of(hosted, tmp_path / "a")
    before = written(hosted, clone, None)
    rewrite(hosted)
    after = git(hosted, "for-each-ref", "--format=%(refname) %(objectname)")
    for _ in range(2):
        with pytest.raises(LedgerRewritten, match=before[:10]):
            ledger(clone, None).read()
        assert tip(clone.path) == before
    assert git(hosted, "for-each-ref", "--format=%(refname) %(objectname)") == after
    assert [item.kind for item in ledger(clone, None).events("shop")], "what is here is shown"


@pytest.mark.parametrize("rewrite", REWRITES)
def test_it_may_be_accepted_and_is_known_from_then_on(
    hosted: Path, tmp_path: Path, rewrite: Callable[[Path], None]
) -> None:
    head = Head()
    before = written(hosted, clone_of(hosted, tmp_path / "a"), head)
    rewrite(hosted)
    fresh = clone_of(hosted, tmp_path / "b")
    store = ledger(fresh, head, adopts=True)
    assert store.read().instead_of == before
    store.append([step("more", subject="shop", second=5)], durable=True)
    assert head.commit == tip(hosted) != before
    assert ledger(clone_of(hosted, tmp_path / "c"), head).read().instead_of == ""


@pytest.mark.parametrize("rewrite", REWRITES)
def test_no_snapshot_is_published_on_top_of_it_or_read_from_it(
    hosted: Path, tmp_path: Path, rewrite: Callable[[Path], None]
) -> None:
    """Nor does asking for one let the clone forget what it has seen."""
    clone = clone_of(hosted, tmp_path / "a")
    before = written(hosted, clone, None)
    rewrite(hosted)
    after = git(hosted, "for-each-ref", "--format=%(refname) %(objectname)")
    snapshots = GitSnapshots(
        clone.repository, branch=BRANCH, remote="origin", clock=SystemClock(), environ={}
    )
    with pytest.raises(LedgerRewritten, match=before[:10]):
        snapshots.publish(snapshot())
    with pytest.raises(LedgerRewritten, match=before[:10]):
        snapshots.published()
    assert git(hosted, "for-each-ref", "--format=%(refname) %(objectname)") == after
    with pytest.raises(LedgerRewritten, match=before[:10]):
        ledger(clone, None).read()


def test_rewritten_while_a_run_goes_on(hosted: Path, tmp_path: Path) -> None:
    head = Head()
    clone = clone_of(hosted, tmp_path / "a")
    store = ledger(clone, head)
    store.append([bound("shop")], durable=True)
    store.append([step("network", subject="shop", second=1)], durable=True)
    git(hosted, "update-ref", f"refs/heads/{BRANCH}", f"{BRANCH}~1")
    store.append([step("alias", subject="shop", second=2)])
    with pytest.raises((LedgerRewritten, Transient)):
        store.publish()
    assert tip(hosted) == git(clone.path, "rev-parse", f"{head.commit}~1")


def test_what_others_push_is_no_rewriting(hosted: Path, tmp_path: Path) -> None:
    head = Head()
    one, two = (ledger(clone_of(hosted, tmp_path / name), head) for name in "ab")
    one.append([bound("shop")], durable=True)
    two.read()
    for number in range(1, 4):
        one.append([step("network", str(number), subject="shop", second=number)], durable=True)
        two.append([step("alias", str(number), subject="shop", second=number)], durable=True)
    assert one.read() == two.read()
    assert head.commit == tip(hosted)


def test_a_note_that_is_older_than_the_branch_is_fine(hosted: Path, tmp_path: Path) -> None:
    """A run was killed between its push and the note."""
    head = Head()
    written(hosted, clone_of(hosted, tmp_path / "a"), head)
    head.commit = head.noted[0]
    store = ledger(clone_of(hosted, tmp_path / "b"), head)
    assert store.read().record("shop").steps.keys() == {"setting/network", "setting/alias"}
    store.publish()
    assert head.commit == tip(hosted)


def test_what_cannot_be_noted_stops_nothing(hosted: Path, tmp_path: Path) -> None:
    head = Head(fails=True)
    assert written(hosted, clone_of(hosted, tmp_path / "a"), head)
    assert head.commit == ""
    assert head.asked == 1, "and is not tried again by the same process"


def test_without_a_remote_the_branch_here_counts(tmp_path: Path) -> None:
    head = Head()
    clone = Clone(tmp_path / "clone")
    store = ledger(clone, head, remote=None)
    store.append([bound("shop")])
    store.publish()
    assert head.commit == tip(clone.path)
    clone.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    with pytest.raises(LedgerRewritten, match=BRANCH):
        ledger(clone, head, remote=None).read()
    assert ledger(clone, head, remote=None, adopts=True).read().instead_of == head.commit


def test_a_clone_without_the_history_is_explained(hosted: Path, tmp_path: Path) -> None:
    head = Head()
    written(hosted, clone_of(hosted, tmp_path / "a"), head)
    head.commit = "f" * 40
    with pytest.raises(UserError, match="ffffffffff"):
        ledger(clone_of(hosted, tmp_path / "b"), head).read()


def test_a_forged_copy_below_the_head_is_what_aft_wrote(hosted: Path, tmp_path: Path) -> None:
    """What is below the head is not folded again: who can write the head could write anything."""
    head = Head()
    clone = clone_of(hosted, tmp_path / "a")
    written(hosted, clone, head)
    clone.git("fetch", "-q", "origin")
    clone.git("checkout", "-q", BRANCH)
    (state,) = clone.path.glob("accounts/*/shop/state.json")
    state.write_text(state.read_text().replace("setting/alias", "setting/alien"))
    clone.commit("by hand")
    clone.git("push", "-q", "origin", BRANCH)
    clone.git("checkout", "-q", "--detach")
    assert ledger(clone_of(hosted, tmp_path / "b"), head).read().faults
    head.commit = tip(hosted)
    assert not ledger(clone_of(hosted, tmp_path / "c"), head).read().faults
