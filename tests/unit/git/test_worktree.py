from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from builders_git import Clone, bare

from aft.errors import NotFound, UserError
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.git.repository import open_repository
from aft.git.revision import CommitFiles
from aft.git.worktree import WorkingTreeFiles
from aft.values.ids import WORKING_TREE

REQUEST = "account-requests/a.yaml"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "repo")
    made.commit("first", files={REQUEST: "name: a\n", "aft.yaml": "version: 1\n"})
    return made


def look(clone: Clone) -> RevisionFiles:
    return WorkingTreeFiles(clone.repository)


def by_path(clone: Clone) -> dict[str, TreeEntry]:
    return {entry.path: entry for entry in look(clone).entries("")}


def test_committed_files_look_as_they_do_at_head(clone: Clone) -> None:
    clone.commit(files={"customizations/global/step.py": "pass\n", "docs/x.md": "x"})
    head = CommitFiles(clone.repository, "HEAD")
    expected = [entry for entry in head.entries("") if not entry.path.startswith("docs/")]
    assert list(look(clone).entries("")) == expected
    assert look(clone).revision == WORKING_TREE


def test_only_the_desired_state_is_looked_at(clone: Clone) -> None:
    clone.write("node_modules/x/aft.yaml")
    clone.write("other.yaml")
    assert set(by_path(clone)) == {REQUEST, "aft.yaml"}


def test_what_is_not_committed_yet_is_seen(clone: Clone) -> None:
    clone.write("account-requests/new.yaml", "name: new\n")
    files = look(clone)
    (entry,) = files.entries("account-requests/new.yaml")
    assert files.read(entry) == b"name: new\n"
    assert entry.blob_id == clone.git("hash-object", "account-requests/new.yaml")


def test_prefixes_work_as_they_do_in_a_commit(clone: Clone) -> None:
    clone.write("account-requests/team/b.yaml")
    files = look(clone)
    assert [entry.path for entry in files.entries("account-requests/team")] == [
        "account-requests/team/b.yaml"
    ]
    assert [entry.path for entry in files.entries("aft.yaml")] == ["aft.yaml"]
    assert list(files.entries("account-requests/te")) == []


def test_ignored_files_are_left_out_unless_tracked(clone: Clone) -> None:
    clone.write("account-requests/tracked.tmp")
    clone.commit("a tracked one")
    clone.write(".gitignore", "*.tmp\n__pycache__/\n/customizations/build/\n")
    clone.write("account-requests/untracked.tmp")
    clone.write("customizations/global/__pycache__/x.pyc")
    clone.write("customizations/build/out.yaml")
    clone.write("customizations/global/x.py")
    assert set(by_path(clone)) == {
        REQUEST,
        "account-requests/tracked.tmp",
        "aft.yaml",
        "customizations/global/x.py",
    }


def test_links_are_named_never_followed(clone: Clone, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("x")
    (clone.path / "account-requests" / "out").symlink_to(outside)
    (clone.path / "account-requests" / "gone.yaml").symlink_to("nowhere")
    (clone.path / "customizations").symlink_to(outside)
    entries = by_path(clone)
    for path in ("account-requests/out", "account-requests/gone.yaml", "customizations"):
        assert entries[path].kind is EntryKind.SYMLINK
        with pytest.raises(NotFound):
            look(clone).read(entries[path])
    assert not any("secret" in path for path in entries)
    clone.git("add", "-A")
    staged = clone.git("rev-parse", ":account-requests/gone.yaml")
    assert entries["account-requests/gone.yaml"].blob_id == staged


def test_a_repository_within_is_one_entry(clone: Clone) -> None:
    Clone(clone.path / "customizations" / "nested").commit(files={"global/x.py": "pass"})
    entries = by_path(clone)
    assert entries["customizations/nested"].kind is EntryKind.SUBMODULE
    assert not any(path.startswith("customizations/nested/") for path in entries)


def test_an_empty_submodule_folder_is_still_a_submodule(clone: Clone) -> None:
    commit = clone.git("rev-parse", "HEAD")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{commit},customizations/sub")
    (clone.path / "customizations" / "sub").mkdir(parents=True)
    entry = by_path(clone)["customizations/sub"]
    assert (entry.kind, entry.blob_id) == (EntryKind.SUBMODULE, commit)


def test_line_endings_are_stored_as_git_would(clone: Clone) -> None:
    clone.write(".gitattributes", "*.yaml text eol=lf\n")
    clone.write("account-requests/dos.yaml", "name: a\r\nemail: b\r\n")
    files = look(clone)
    (entry,) = files.entries("account-requests/dos.yaml")
    assert files.read(entry) == b"name: a\nemail: b\n"
    clone.git("add", "-A")
    assert entry.blob_id == clone.git("rev-parse", ":account-requests/dos.yaml")


def test_attributes_in_a_folder_count_too(clone: Clone) -> None:
    clone.write("account-requests/team/.gitattributes", "*.yaml text\n")
    clone.write("account-requests/team/dos.yaml", "a: 1\r\n")
    clone.git("add", "-A")
    entry = by_path(clone)["account-requests/team/dos.yaml"]
    assert entry.blob_id == clone.git("rev-parse", ":account-requests/team/dos.yaml")


def test_autocrlf_counts_too(clone: Clone) -> None:
    clone.git("config", "core.autocrlf", "input")
    clone.write("account-requests/dos.yaml", "a: 1\r\n")
    clone.git("add", "-A")
    entry = by_path(clone)["account-requests/dos.yaml"]
    assert entry.blob_id == clone.git("rev-parse", ":account-requests/dos.yaml")


def test_a_path_that_is_not_utf8_is_flagged(clone: Clone) -> None:
    clone.write(os.fsdecode(b"account-requests/caf\xe9.yaml"), "x")
    clone.write(os.fsdecode(b"account-requests/gro\xdf.yaml"), "y" * (2 << 20))
    clone.write(os.fsdecode(b"customizations/\xe9/x.py"), "x")
    clone.write(".gitattributes", "*.yaml text\n")
    files = look(clone)
    flagged = {entry.path for entry in files.entries("") if not entry.path_is_utf8}
    assert flagged == {
        "account-requests/caf\\xe9.yaml",
        "account-requests/gro\\xdf.yaml",
        "customizations/\\xe9/x.py",
    }
    clone.commit("all of it")
    files = look(clone)
    (odd,) = [
        entry for entry in files.entries("") if entry.path == "account-requests/caf\\xe9.yaml"
    ]
    assert not odd.path_is_utf8
    assert files.read(odd) == b"x"


def test_content_always_belongs_to_the_blob_id(clone: Clone) -> None:
    files = look(clone)
    (entry,) = files.entries(REQUEST)
    clone.write(REQUEST, "saved in between")
    assert files.read(entry) == b"name: a\n"


def test_a_huge_file_is_listed_and_read_only_on_demand(clone: Clone) -> None:
    big = b"x" * (3 << 20)
    clone.write("account-requests/big.yaml", big)
    files = look(clone)
    (entry,) = files.entries("account-requests/big.yaml")
    assert entry.size == len(big)
    assert entry.blob_id == clone.git("hash-object", "account-requests/big.yaml")
    assert files.read(entry) == big
    clone.write("account-requests/big.yaml", big + b"y")
    with pytest.raises(NotFound, match="changed while"):
        files.read(entry)
    (clone.path / "account-requests/big.yaml").unlink()
    with pytest.raises(NotFound, match="cannot read"):
        files.read(entry)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_listed_and_cannot_be_read(clone: Clone) -> None:
    (clone.path / REQUEST).chmod(0)
    files = look(clone)
    (entry,) = files.entries(REQUEST)
    with pytest.raises(NotFound, match="Permission denied"):
        files.read(entry)


def test_pipes_and_sockets_are_not_gits(clone: Clone) -> None:
    os.mkfifo(clone.path / "account-requests" / "pipe.yaml")
    here = Path.cwd()
    os.chdir(clone.path / "account-requests")  # socket paths are short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket.yaml")
    finally:
        os.chdir(here)
    assert set(by_path(clone)) == {REQUEST, "aft.yaml"}


def test_a_bare_repository_has_no_working_tree(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="bare"):
        WorkingTreeFiles(open_repository(bare(tmp_path / "server.git")))


def test_no_desired_state_at_all(tmp_path: Path) -> None:
    empty = Clone(tmp_path / "empty")
    assert list(look(empty).entries("")) == []
