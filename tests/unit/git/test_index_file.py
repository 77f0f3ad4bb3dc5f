"""The index file: whatever it says, the listing is the one that hashing gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from builders_git import Clone

from aft.files import RevisionFiles, TreeEntry
from aft.git.index_file import IndexFile, read_index
from aft.git.revision import working_tree_files

A, B, LINK = "account-requests/a.yaml", "account-requests/deep/b.yaml", "account-requests/link"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "repo")
    (made.path / "account-requests").mkdir()
    (made.path / LINK).symlink_to("a.yaml")
    made.commit(files={A: "name: a\n", B: "name: b\n", "aft.yaml": "version: 1\n"})
    settle(made)
    return made


def settle(clone: Clone) -> None:
    """Let the files be older than the index, as they are a moment after any git command."""
    for path in (A, B, "aft.yaml"):
        file = clone.path / path
        older = file.stat().st_mtime_ns - 60 * 10**9  # git itself looks at whole seconds only
        os.utime(file, ns=(older, older))
    clone.git("status")


def index_of(clone: Clone) -> IndexFile:
    index = read_index(clone.path / ".git" / "index")
    assert index is not None
    return index


def vouched_for(clone: Clone) -> dict[str, str | None]:
    index = index_of(clone)
    return {path: index.blob_id(path.encode(), (clone.path / path).lstat()) for path in (A, B)}


def listed(clone: Clone) -> dict[str, TreeEntry]:
    files: RevisionFiles = working_tree_files(clone.repository)
    return {entry.path: entry for entry in files.entries("")}


def hashed(clone: Clone) -> dict[str, TreeEntry]:
    """The listing without an index, so that everything is looked into."""
    index = clone.path / ".git" / "index"
    aside = index.rename(index.with_name("index-aside"))
    try:
        return listed(clone)
    finally:
        aside.rename(index)


def version_4(clone: Clone) -> None:
    clone.write("account-requests/a-longer-name.yaml", "1\n")
    clone.write("account-requests/a-longer-name-than-that.yaml", "2\n")
    clone.git("add", "-A")
    clone.git("update-index", "--index-version", "4")


def extended_flags(clone: Clone) -> None:
    clone.write("account-requests/meant.yaml", "not added yet\n")
    clone.git("add", "-N", "account-requests/meant.yaml")


def no_checksum(clone: Clone) -> None:
    clone.git("-c", "index.skipHash=true", "update-index", "--force-write-index")


@pytest.mark.parametrize("form", [lambda _: None, version_4, extended_flags, no_checksum])
def test_unchanged_files_need_no_hashing(clone: Clone, form: Callable[[Clone], None]) -> None:
    form(clone)
    settle(clone)
    assert vouched_for(clone) == {path: clone.git("rev-parse", f":{path}") for path in (A, B)}
    assert set(index_of(clone).entries) == {
        os.fsencode(path) for path in clone.git("ls-files").splitlines()
    }
    assert listed(clone) == hashed(clone)


def saved(clone: Clone) -> None:
    clone.write(A, "name: another\n")


def saved_with_its_old_times(clone: Clone) -> None:
    before = (clone.path / A).stat()
    clone.write(A, "name: z\n")
    os.utime(clone.path / A, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_by_a_file_of_the_same_figures(clone: Clone) -> None:
    before = (clone.path / A).stat()
    other = clone.write("account-requests/.new", "name: z\n")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(clone.path / A)


def assumed_unchanged(clone: Clone) -> None:
    clone.git("update-index", "--assume-unchanged", A)
    clone.git("update-index", "--skip-worktree", B)
    clone.write(A, "name: z\n")
    clone.write(B, "name: z\n")


def deleted_and_untracked(clone: Clone) -> None:
    (clone.path / A).unlink()
    clone.write("account-requests/new.yaml", "name: new\n")
    clone.git("rm", "-q", "--cached", B)


def link_instead_of_file(clone: Clone) -> None:
    (clone.path / A).unlink()
    (clone.path / A).symlink_to("deep/b.yaml")
    (clone.path / LINK).unlink()
    clone.write(LINK, "a.yaml")


def emptied(clone: Clone) -> None:
    clone.write(A, "")


@pytest.mark.parametrize(
    "change",
    [
        saved,
        saved_with_its_old_times,
        replaced_by_a_file_of_the_same_figures,
        assumed_unchanged,
        deleted_and_untracked,
        link_instead_of_file,
        emptied,
    ],
)
def test_what_changed_on_disk_is_seen(clone: Clone, change: Callable[[Clone], None]) -> None:
    before = listed(clone)
    change(clone)
    assert listed(clone) == hashed(clone)
    assert listed(clone) != before or change is link_instead_of_file


def test_a_file_as_young_as_the_index_is_not_vouched_for(clone: Clone) -> None:
    index = clone.path / ".git" / "index"
    modified = (clone.path / A).stat().st_mtime_ns
    for written in (modified - 1, modified):
        os.utime(index, ns=(written, written))
        assert vouched_for(clone)[A] is None
    os.utime(index, ns=(modified + 1, modified + 1))
    assert vouched_for(clone)[A] is not None


def test_saving_right_after_adding_is_seen(clone: Clone) -> None:
    """The race that git calls racily clean: the same size within the same tick."""
    for number in range(10):
        clone.write(A, f"name: {number}\n")
        clone.git("add", A)
        clone.write(A, f"name: {9 - number}\n")
        assert listed(clone)[A].blob_id == clone.git("hash-object", A)


def test_paths_in_conflict_are_tracked_and_looked_into(clone: Clone) -> None:
    clone.git("checkout", "-q", "-b", "side")
    clone.commit(files={A: "name: side\n"})
    clone.git("checkout", "-q", "main")
    clone.commit(files={A: "name: main\n"})
    with pytest.raises(AssertionError):
        clone.merge("side")
    assert vouched_for(clone)[A] is None
    assert listed(clone) == hashed(clone)
    assert b"<<<<<<<" in (clone.path / A).read_bytes()


def test_a_split_index_is_left_to_libgit2(clone: Clone) -> None:
    clone.write(".gitignore", "*.yaml\n")
    clone.git("update-index", "--split-index")
    clone.git("add", "-f", A)
    assert read_index(clone.path / ".git" / "index") is None


def test_a_linked_worktree_has_an_index_of_its_own(clone: Clone, tmp_path: Path) -> None:
    clone.git("worktree", "add", "-q", tmp_path / "linked")
    linked = Clone(tmp_path / "linked")
    linked.write(A, "name: elsewhere\n")
    assert listed(linked)[A].blob_id == linked.git("hash-object", A)
    assert listed(linked)[B] == listed(clone)[B]


def test_content_is_that_of_the_blob_id_also_when_saved_in_between(clone: Clone) -> None:
    files = working_tree_files(clone.repository)
    (entry,) = files.entries(A)
    clone.write(A, "name: z\n")
    assert files.read(entry) == b"name: a\n"


def test_content_comes_from_the_disk_where_the_object_is_missing(clone: Clone) -> None:
    (entry,) = working_tree_files(clone.repository).entries(A)
    (clone.path / ".git" / "objects" / entry.blob_id[:2] / entry.blob_id[2:]).unlink()
    files = working_tree_files(clone.repository)
    (again,) = files.entries(A)
    assert again == entry
    assert files.read(again) == b"name: a\n"


@pytest.mark.parametrize("cut", [0, 3, 11, 12, 40, 100, -1, -21])
def test_a_damaged_index_is_not_believed(clone: Clone, cut: int) -> None:
    index = clone.path / ".git" / "index"
    index.write_bytes(index.read_bytes()[:cut])
    assert read_index(index) is None


def test_another_version_is_not_believed(clone: Clone) -> None:
    index = clone.path / ".git" / "index"
    content = index.read_bytes()
    index.write_bytes(content[:7] + b"\x09" + content[8:-20] + bytes(20))
    assert read_index(index) is None


def test_no_index_tracks_nothing(tmp_path: Path) -> None:
    index = read_index(tmp_path / "index")
    assert index is not None
    assert not index.entries
