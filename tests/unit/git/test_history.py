from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from builders_git import START, Clone, git

from aft.errors import UserError
from aft.git.history import GitHistory
from aft.git.repository import open_repository
from aft.ledger.timeline import CommitInfo
from aft.values.ids import WORKING_TREE, Revision

A = "account-requests/a.yaml"
B = "account-requests/team/b.yaml"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "repo")


def tip(clone: Clone) -> Revision:
    return Revision(clone.git("rev-parse", "HEAD"))


def ids(found: object) -> list[str]:
    assert isinstance(found, tuple)
    return [item.id for item in found]


def git_log(clone: Clone, path: str, revision: str = "HEAD") -> list[str]:
    return clone.git("log", "--format=%H", revision, "--", path).split()


def test_the_last_change_says_who_when_and_why(clone: Clone) -> None:
    wanted = clone.commit(
        "Add a\n\nBecause of PLAT-1.",
        files={A: "1"},
        author="Ada Lovelace <ada@example.com>",
        committer="GitHub <noreply@github.com>",
    )
    clone.commit("unrelated", files={B: "1"})
    history = GitHistory(clone.repository)
    at = START + timedelta(minutes=1)
    assert history.last_change(A, tip(clone)) == CommitInfo(
        id=wanted,
        author="Ada Lovelace",
        author_email="ada@example.com",
        authored_at=at,
        committer="GitHub",
        committed_at=at,
        subject="Add a",
    )


def test_all_changes_newest_first_including_removal(clone: Clone) -> None:
    first = clone.commit(files={A: "1"})
    clone.commit(files={B: "1"})
    second = clone.commit(files={A: "2"})
    (clone.path / A).unlink()
    removed = clone.commit("remove")
    again = clone.commit(files={A: "2"})
    history = GitHistory(clone.repository)
    assert ids(history.changes(A, tip(clone))) == [again, removed, second, first]
    assert ids(history.changes(A, Revision(second))) == [second, first]


def test_a_path_that_never_was(clone: Clone) -> None:
    clone.commit(files={A: "1"})
    history = GitHistory(clone.repository)
    assert history.last_change("account-requests/none.yaml", tip(clone)) is None
    assert history.changes("account-requests/none.yaml", tip(clone)) == ()
    assert history.last_change(A + "/below", tip(clone)) is None


def test_a_folder_has_a_history_too(clone: Clone) -> None:
    clone.commit(files={A: "1"})
    second = clone.commit(files={B: "1"})
    clone.commit(files={"docs/x.md": "x"})
    history = GitHistory(clone.repository)
    found = history.last_change("account-requests", tip(clone))
    assert found is not None
    assert found.id == second


def test_the_working_tree_has_the_history_of_head(clone: Clone) -> None:
    history_of_nothing = GitHistory(clone.repository)
    assert history_of_nothing.last_change(A, WORKING_TREE) is None
    assert history_of_nothing.changes(A, WORKING_TREE) == ()
    made = clone.commit(files={A: "1"})
    clone.write(A, "not committed")
    found = GitHistory(clone.repository).last_change(A, WORKING_TREE)
    assert found is not None
    assert found.id == made


def test_a_merge_that_took_one_side_is_not_a_change(clone: Clone) -> None:
    clone.commit(files={A: "1", B: "1"})
    clone.git("checkout", "-qb", "feature")
    on_feature = clone.commit("on feature", files={A: "2"})
    clone.git("checkout", "-q", "main")
    clone.commit("on main", files={B: "2"})
    clone.merge("feature")
    history = GitHistory(clone.repository)
    found = history.last_change(A, tip(clone))
    assert found is not None
    assert found.id == on_feature
    assert ids(history.changes(A, tip(clone))) == git_log(clone, A)


def test_a_merge_that_made_something_new_is_a_change(clone: Clone) -> None:
    clone.commit(files={A: "1\n2\n3\n4\n5\n6\n7\n"})
    clone.git("checkout", "-qb", "feature")
    clone.commit("on feature", files={A: "one\n2\n3\n4\n5\n6\n7\n"})
    clone.git("checkout", "-q", "main")
    clone.commit("on main", files={A: "1\n2\n3\n4\n5\n6\nseven\n"})
    merged = clone.merge("feature")
    found = GitHistory(clone.repository).last_change(A, tip(clone))
    assert found is not None
    assert found.id == merged
    assert ids(GitHistory(clone.repository).changes(A, tip(clone))) == git_log(clone, A)


@pytest.mark.parametrize("seed", range(3))
def test_random_histories_read_as_git_log_reads_them(clone: Clone, seed: int) -> None:
    """Also asks for more files than are walked for one by one, so that the index answers."""
    rng = random.Random(seed)
    files = [f"account-requests/t{n % 3}/f{n}.yaml" for n in range(8)]
    clone.commit(files=dict.fromkeys(files, "0"))
    for number in range(18):
        if rng.random() < 0.3:
            clone.git("checkout", "-qB", "side", f"HEAD~{min(2, number)}" if number else "HEAD")
            clone.commit(f"side {number}", files={rng.choice(files): f"s{rng.randrange(3)}"})
            clone.git("checkout", "-q", "main")
            clone.merge("side", favour="-Xours")
        elif rng.random() < 0.15 and (gone := clone.path / rng.choice(files)).exists():
            gone.unlink()
            clone.commit(f"remove {number}")
        else:
            clone.commit(f"main {number}", files={rng.choice(files): f"m{rng.randrange(3)}"})
    history = GitHistory(clone.repository)
    for path in files:
        expected = git_log(clone, path)
        found = history.last_change(path, tip(clone))
        assert found is not None
        assert found.id == expected[0], path
        assert set(ids(history.changes(path, tip(clone)))) == set(expected), path


def test_a_shallow_clone_ends_somewhere(clone: Clone, tmp_path: Path) -> None:
    clone.commit(files={A: "1"})
    last = clone.commit(files={B: "1"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{clone.path}", tmp_path / "shallow")
    history = GitHistory(open_repository(tmp_path / "shallow"))
    found = history.last_change(A, Revision(last))
    assert found is not None
    assert found.id == last  # the oldest commit that is here


def test_odd_names_and_dates_do_not_stop_it(clone: Clone) -> None:
    clone.commit(files={A: "1"})
    tree = clone.git("rev-parse", "HEAD^{tree}")
    author = "author J\udce9r <j> 99999999999999999 +9999"
    raw = f"tree {tree}\n{author}\ncommitter C <c> 1 +0000\n\n\udcff x\n"
    clone.write("raw", raw.encode(errors="surrogateescape"))
    made = clone.git("hash-object", "-t", "commit", "--literally", "-w", "raw")
    (found,) = GitHistory(clone.repository).changes(A, Revision(made))
    assert found.author.startswith("J")
    assert found.authored_at.tzinfo is not None


# --- what differs -----------------------------------------------------------------------------


def test_changed_paths_are_added_removed_and_changed_ones(clone: Clone) -> None:
    old = Revision(clone.commit(files={A: "1", B: "1", "account-requests/same.yaml": "s"}))
    (clone.path / B).unlink()
    new = Revision(
        clone.commit(files={A: "2", "account-requests/deep/er/c.yaml": "c", "docs/x.md": "x"})
    )
    history = GitHistory(clone.repository)
    expected = frozenset({A, B, "account-requests/deep/er/c.yaml"})
    assert history.changed_paths(old, new, "account-requests") == expected
    assert history.changed_paths(new, old, "account-requests/") == expected
    assert history.changed_paths(old, new, "") == expected | {"docs/x.md"}
    assert history.changed_paths(old, new, "docs/x.md") == {"docs/x.md"}
    assert history.changed_paths(old, new, "absent") == frozenset()
    assert history.changed_paths(old, old, "") == frozenset()


def test_a_file_that_became_a_folder_changes_both(clone: Clone) -> None:
    old = Revision(clone.commit(files={"customizations/x": "1"}))
    (clone.path / "customizations/x").unlink()
    new = Revision(clone.commit(files={"customizations/x/y": "1"}))
    changed = GitHistory(clone.repository).changed_paths(old, new, "customizations")
    assert changed == {"customizations/x", "customizations/x/y"}


def test_a_mode_alone_is_a_change(clone: Clone) -> None:
    old = Revision(clone.commit(files={A: "target"}))
    (clone.path / A).unlink()
    (clone.path / A).symlink_to("target")
    new = Revision(clone.commit("a link with the same content"))
    assert GitHistory(clone.repository).changed_paths(old, new, "") == {A}


def test_changed_paths_agree_with_git(clone: Clone) -> None:
    rng = random.Random(7)
    names = [f"account-requests/{n % 5}/{n % 3}/{n}.yaml" for n in range(60)]
    old = clone.commit(files={name: str(rng.randrange(3)) for name in names})
    for name in rng.sample(names, 20):
        (clone.path / name).unlink()
    new = clone.commit(files={name: str(rng.randrange(3)) for name in rng.sample(names, 30)})
    expected = clone.git("diff", "--name-only", "--no-renames", old, new).split("\n")
    found = GitHistory(clone.repository).changed_paths(Revision(old), Revision(new), "")
    assert sorted(found) == sorted(expected)


def test_comparing_what_is_no_commit(clone: Clone) -> None:
    new = Revision(clone.commit(files={A: "1"}))
    history = GitHistory(clone.repository)
    with pytest.raises(UserError, match="not known"):
        history.changed_paths(Revision("f" * 40), new, "")
    with pytest.raises(UserError, match="working tree"):
        history.changed_paths(WORKING_TREE, new, "")
