"""A commit on top that removes, changes or reorders events is a rewritten ledger as well.

All of it is pushed without force, by somebody who knows aft's own form: chains and copies are
right, and only what was there before says that something is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders_git import BRANCH, Clone, bare, bound, clone_of, git, step
from builders_ledger import Head, ledger, tip
from builders_plan import snapshot

from aft.clock import SystemClock
from aft.errors import LedgerRewritten
from aft.git.ledger import layout
from aft.git.ledger.snapshots import GitSnapshots
from aft.ledger.codec import encode_event, encode_record
from aft.ledger.events import LedgerDamage, LedgerEvent
from aft.ledger.replay import replay

SHOP = "shop"
STORY = (
    bound(SHOP),
    step("network", subject=SHOP, second=1),
    step("alias", subject=SHOP, second=2),
)


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "served" / "repo.git")


@pytest.fixture
def head(hosted: Path, tmp_path: Path) -> Head:
    """What is noted of a ledger of several accounts."""
    head = Head()
    store = ledger(clone_of(hosted, tmp_path / "a"), head)
    store.append(STORY)
    store.append([bound("other", account_id="2" * 12)], durable=True)
    assert head.commit == tip(hosted)
    return head


def folder(clone: Clone, subject: str = SHOP) -> Path:
    return clone.path / layout.subject_path(subject).decode()


def told(clone: Clone, events: list[LedgerEvent], subject: str = SHOP) -> None:
    """Write a story with all digests and a copy that fits."""
    lines: list[bytes] = []
    for event in events:
        lines.append(encode_event(event, previous=lines[-1] if lines else b""))
    where = folder(clone, subject)
    where.mkdir(parents=True, exist_ok=True)
    (where / "events.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (where / "state.json").write_bytes(encode_record(subject, replay(events)))


def last_dropped(clone: Clone) -> None:
    told(clone, list(STORY[:-1]))


def last_changed(clone: Clone) -> None:
    told(clone, [*STORY[:-1], step("alias", "evil", subject=SHOP, second=2)])


def another_story(clone: Clone) -> None:
    told(clone, [bound(SHOP, account_id="9" * 12), *STORY[1:]])


def folder_dropped(clone: Clone) -> None:
    shutil.rmtree(folder(clone))


def everything_dropped(clone: Clone) -> None:
    shutil.rmtree(clone.path / "accounts")


def reordered(clone: Clone) -> None:
    file = folder(clone) / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], lines[2], lines[1]]))
    events = [STORY[0], STORY[2], STORY[1]]
    (folder(clone) / "state.json").write_bytes(encode_record(SHOP, replay(events)))


def swapped_for_longer(clone: Clone) -> None:
    told(clone, [STORY[0], *(step("x", subject=SHOP, second=n) for n in range(1, 30))])


def a_file_in_its_place(clone: Clone) -> None:
    shutil.rmtree(folder(clone))
    folder(clone).write_text("x\n")


LOSSES = (
    last_dropped,
    last_changed,
    another_story,
    folder_dropped,
    everything_dropped,
    reordered,
    swapped_for_longer,
    a_file_in_its_place,
)
Attack = Callable[[Clone], None]


def attack(hosted: Path, where: Path, change: Attack) -> str:
    """Push a change of the branch on top of what is there, as who may push it can."""
    clone = clone_of(hosted, where)
    clone.git("fetch", "-q", "origin")
    clone.git("checkout", "-q", BRANCH)
    change(clone)
    clone.commit("Apply setting alias in shop")
    clone.git("push", "-q", "origin", BRANCH)
    return tip(hosted)


@pytest.mark.parametrize("change", LOSSES)
def test_it_is_refused_again_and_again(
    hosted: Path, head: Head, tmp_path: Path, change: Attack
) -> None:
    before = head.commit
    after = attack(hosted, tmp_path / "evil", change)
    fresh, old = clone_of(hosted, tmp_path / "b"), Clone(tmp_path / "a")
    for clone, known in ((fresh, head), (fresh, head), (old, head), (old, None), (old, None)):
        with pytest.raises(LedgerRewritten, match=after[:10]) as refused:
            ledger(clone, known).read()
        assert SHOP in refused.value.message
        assert "--adopt-ledger" in refused.value.hint
        with pytest.raises(LedgerRewritten):
            ledger(clone, known).append([bound("lab", account_id="3" * 12)], durable=True)
    assert (head.commit, tip(hosted)) == (before, after)


@pytest.mark.parametrize("change", LOSSES)
def test_it_is_found_by_anyone_who_looks(
    hosted: Path, head: Head, tmp_path: Path, change: Attack
) -> None:
    """Without a head and in a fresh clone, which every CI job has: by all commits."""
    after = attack(hosted, tmp_path / "evil", change)
    found = ledger(clone_of(hosted, tmp_path / "b"), None).examine().faults
    lost = [item for item in found if item.damage is LedgerDamage.LOST]
    assert SHOP in {item.subject for item in lost}
    assert {item.commit for item in lost} == {after}


def test_it_is_found_below_later_commits(hosted: Path, head: Head, tmp_path: Path) -> None:
    """Also where the lost event is there again, or was never noted."""
    noted = head.commit
    ledger(Clone(tmp_path / "a"), Head(fails=True)).append(
        [step("late", subject=SHOP, second=9)], durable=True
    )
    first = attack(hosted, tmp_path / "evil", lambda clone: told(clone, list(STORY)))
    attack(hosted, tmp_path / "more", lambda clone: told(clone, [bound("lab")], "lab"))
    assert head.commit == noted
    with pytest.raises(LedgerRewritten, match=first[:10]):
        ledger(clone_of(hosted, tmp_path / "b"), head).read()


def test_it_may_be_accepted_and_is_known_from_then_on(
    hosted: Path, head: Head, tmp_path: Path
) -> None:
    before = head.commit
    attack(hosted, tmp_path / "evil", last_dropped)
    store = ledger(clone_of(hosted, tmp_path / "b"), head, adopts=True)
    assert store.read().instead_of == before
    store.append([step("more", subject=SHOP, second=5)], durable=True)
    assert head.commit == tip(hosted)
    state = ledger(clone_of(hosted, tmp_path / "c"), head).read()
    assert (state.instead_of, state.faults) == ("", ())


def test_no_snapshot_is_published_on_top_of_it(hosted: Path, head: Head, tmp_path: Path) -> None:
    after = attack(hosted, tmp_path / "evil", last_dropped)
    snapshots = GitSnapshots(
        Clone(tmp_path / "a").repository,
        branch=BRANCH,
        remote="origin",
        clock=SystemClock(),
        environ={},
    )
    with pytest.raises(LedgerRewritten):
        snapshots.publish(snapshot())
    assert tip(hosted) == after


def test_a_run_that_is_already_going_builds_nothing_on_it(
    hosted: Path, head: Head, tmp_path: Path
) -> None:
    store = ledger(clone_of(hosted, tmp_path / "b"), head)
    store.read()
    after = attack(hosted, tmp_path / "evil", last_dropped)
    with pytest.raises(LedgerRewritten):
        store.append([bound("lab", account_id="3" * 12)], durable=True)
    assert tip(hosted) == after


def test_a_merge_that_takes_one_side_loses_the_other(
    hosted: Path, head: Head, tmp_path: Path
) -> None:
    def merged(clone: Clone) -> None:
        root = git(clone.path, "rev-list", "--max-parents=0", "HEAD")
        git(clone.path, "merge", "-q", "-s", "ours", "--no-commit", "HEAD~1")
        assert root
        last_dropped(clone)

    attack(hosted, tmp_path / "evil", merged)
    with pytest.raises(LedgerRewritten):
        ledger(clone_of(hosted, tmp_path / "b"), head).read()


def test_a_story_in_another_folder_counts_for_nothing(
    hosted: Path, head: Head, tmp_path: Path
) -> None:
    """Two folders of one account: the second would win."""

    def copied(clone: Clone) -> None:
        told(clone, [bound(SHOP, account_id="9" * 12)])
        folder(clone).rename(clone.path / "evil")
        clone.git("checkout", "-q", ".")
        (clone.path / "accounts/ff").mkdir(exist_ok=True)
        (clone.path / "evil").rename(clone.path / "accounts/ff" / SHOP)

    attack(hosted, tmp_path / "evil", copied)
    state = ledger(clone_of(hosted, tmp_path / "b"), head).read()
    assert state.record(SHOP).account_id == "111122223333"
    assert [(item.subject, item.damage) for item in state.faults] == [(SHOP, LedgerDamage.PLACE)]


def test_two_writers_and_a_story_that_is_set_aside_lose_nothing(
    hosted: Path, head: Head, tmp_path: Path
) -> None:
    one, two = (ledger(clone_of(hosted, tmp_path / name), head) for name in "xy")
    one.read()
    two.read()
    text = "x" * (layout.ROTATE_AT // 4)
    for number in range(3, 12):
        one.append([step("one", text, subject=SHOP, second=number)], durable=True)
        two.append([step("two", subject=SHOP, second=number)])
    two.publish()
    assert any(path.startswith("events.0001") for path in names(hosted))
    assert ledger(clone_of(hosted, tmp_path / "z"), head).read() == one.read()
    assert ledger(clone_of(hosted, tmp_path / "v"), None).examine().faults == ()


def names(hosted: Path) -> list[str]:
    path = layout.subject_path(SHOP).decode()
    return git(hosted, "ls-tree", "--name-only", f"{BRANCH}:{path}").splitlines()
