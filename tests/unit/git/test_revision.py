from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of, git

from aft.errors import NotFound, UserError
from aft.files import EntryKind, TreeEntry
from aft.git.repository import open_repository
from aft.git.revision import CommitFiles, uncommitted_paths

REQUEST = "account-requests/a.yaml"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "repo")
    made.commit("first", files={REQUEST: "name: a\n", "account-requests/team/b.yaml": "b: 1\n"})
    return made


def paths(clone: Clone, revision: str = "HEAD", prefix: str = "") -> list[str]:
    return [entry.path for entry in CommitFiles(clone.repository, revision).entries(prefix)]


# --- the repository ---------------------------------------------------------------------------


def test_a_repository_is_found_upwards(clone: Clone) -> None:
    found = open_repository(clone.path / "account-requests" / "team")
    assert found.path == clone.path
    assert not found.is_bare
    assert found.remotes == ()


def test_a_bare_repository_is_read_too(clone: Clone, tmp_path: Path) -> None:
    server = tmp_path / "server.git"
    git(tmp_path, "clone", "-q", "--bare", clone.path, server)
    found = open_repository(server)
    assert found.is_bare
    assert found.path == server
    assert REQUEST in [entry.path for entry in CommitFiles(found, "main").entries("")]


def test_a_linked_work_tree_is_a_repository(clone: Clone, tmp_path: Path) -> None:
    clone.git("worktree", "add", "-q", "--detach", tmp_path / "other")
    found = open_repository(tmp_path / "other")
    assert found.path == tmp_path / "other"
    assert CommitFiles(found, "HEAD").entries(REQUEST)


def test_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not in a git repository") as caught:
        open_repository(tmp_path)
    assert "git init" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_somebody_elses_repository_is_refused_as_git_does(clone: Clone) -> None:
    for path in (clone.path, clone.path / ".git"):
        os.chown(path, 65534, 65534)
    with pytest.raises(UserError, match="belongs to another user") as caught:
        open_repository(clone.path)
    assert f"safe.directory {clone.path}" in caught.value.hint


def test_an_unreadable_format_is_explained(clone: Clone) -> None:
    clone.git("config", "core.repositoryformatversion", "1")
    clone.git("config", "extensions.objectformat", "sha256")
    with pytest.raises(UserError) as caught:
        open_repository(clone.path)
    assert "SHA-1" in caught.value.hint or "cannot open" in caught.value.message


# --- revisions --------------------------------------------------------------------------------


def test_every_way_to_name_a_revision_gives_the_full_id(clone: Clone) -> None:
    commit = clone.git("rev-parse", "HEAD")
    clone.git("tag", "v1")
    clone.git("-c", "user.name=A", "-c", "user.email=a@b.c", "tag", "-a", "v2", "-m", "annotated")
    for name in ("main", "HEAD", "v1", "v2", commit, commit[:8], "refs/heads/main"):
        assert CommitFiles(clone.repository, name).revision == commit


def test_an_older_revision_shows_the_older_files(clone: Clone) -> None:
    clone.commit("second", files={"account-requests/c.yaml": "c"})
    assert "account-requests/c.yaml" in paths(clone)
    assert "account-requests/c.yaml" not in paths(clone, "HEAD~1")


def test_a_misspelt_branch_is_answered_with_the_near_one(clone: Clone) -> None:
    clone.git("branch", "production")
    with pytest.raises(UserError, match="'prodution' is not known") as caught:
        CommitFiles(clone.repository, "prodution")
    assert "production" in caught.value.hint


def test_a_branch_only_on_the_remote_is_pointed_at(clone: Clone, tmp_path: Path) -> None:
    server = bare(tmp_path / "server.git")
    clone.git("push", "-q", str(server), "main:feature")
    clone.git("remote", "add", "origin", str(server))
    clone.git("fetch", "-q", "origin")
    with pytest.raises(UserError) as caught:
        CommitFiles(clone.repository, "feature")
    assert "origin/feature" in caught.value.hint


@pytest.mark.parametrize("name", ["a..b", "", "x^{", "--help", "f" * 40, "HEAD:aft.yaml"])
def test_what_is_no_revision_is_a_user_error(clone: Clone, name: str) -> None:
    with pytest.raises(UserError) as caught:
        CommitFiles(clone.repository, name)
    assert caught.value.hint


def test_a_file_is_no_revision(clone: Clone) -> None:
    with pytest.raises(UserError):
        CommitFiles(clone.repository, f"HEAD:{REQUEST}")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    empty = Clone(tmp_path / "empty")
    with pytest.raises(UserError, match="no commit yet"):
        CommitFiles(empty.repository, "HEAD")
    assert uncommitted_paths(empty.repository) == ()


# --- entries ----------------------------------------------------------------------------------


def test_entries_below_a_prefix_sorted_with_sizes(clone: Clone) -> None:
    clone.commit(files={"account-requests/a/z.yaml": "zz", "account-requests-old/x": "x"})
    files = CommitFiles(clone.repository, "HEAD")
    listed = list(files.entries("account-requests"))
    assert [entry.path for entry in listed] == sorted(
        ["account-requests/a.yaml", "account-requests/a/z.yaml", "account-requests/team/b.yaml"]
    )
    assert {entry.path: entry.size for entry in listed}["account-requests/a/z.yaml"] == 2
    assert [entry.path for entry in files.entries(REQUEST)] == [REQUEST]
    assert [entry.path for entry in files.entries("account-requests/")] == [
        entry.path for entry in listed
    ]
    assert list(files.entries("absent")) == []
    assert list(files.entries(REQUEST + "/below-a-file")) == []


def test_reading_gives_the_bytes_of_that_revision(clone: Clone) -> None:
    clone.write(REQUEST, "changed on disk")
    files = CommitFiles(clone.repository, "HEAD")
    (entry,) = files.entries(REQUEST)
    assert files.read(entry) == b"name: a\n"
    assert clone.git("rev-parse", f"HEAD:{REQUEST}") == entry.blob_id


def test_symlinks_and_submodules_are_named_never_followed(clone: Clone, tmp_path: Path) -> None:
    (clone.path / "account-requests" / "link.yaml").symlink_to("/etc/passwd")
    (clone.path / "account-requests" / "folder").symlink_to("team")
    commit = clone.git("rev-parse", "HEAD")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{commit},account-requests/sub")
    clone.git("add", "-A", "account-requests/link.yaml", "account-requests/folder")
    clone.git("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "odd things")
    files = CommitFiles(clone.repository, "HEAD")
    kinds = {entry.path: entry.kind for entry in files.entries("account-requests")}
    assert kinds["account-requests/link.yaml"] is EntryKind.SYMLINK
    assert kinds["account-requests/folder"] is EntryKind.SYMLINK
    assert kinds["account-requests/sub"] is EntryKind.SUBMODULE
    assert not any(path.startswith("account-requests/folder/") for path in kinds)
    for entry in files.entries("account-requests"):
        if entry.kind is not EntryKind.FILE:
            with pytest.raises(NotFound):
                files.read(entry)


def test_a_path_that_is_not_utf8_is_flagged(clone: Clone) -> None:
    clone.write(os.fsdecode(b"account-requests/caf\xe9.yaml"), "x")
    clone.commit("odd name")
    (entry,) = [
        entry
        for entry in CommitFiles(clone.repository, "HEAD").entries("")
        if not entry.path_is_utf8
    ]
    assert entry.path == "account-requests/caf\\xe9.yaml"
    assert CommitFiles(clone.repository, "HEAD").read(entry) == b"x"


def test_content_that_the_clone_lacks_is_said_to_be_missing(clone: Clone) -> None:
    files = CommitFiles(clone.repository, "HEAD")
    absent = TreeEntry(path="a.yaml", blob_id="1" * 40, kind=EntryKind.FILE, size=1)
    with pytest.raises(NotFound, match="not in this clone"):
        files.read(absent)


def test_a_shallow_clone_reads_its_tip(clone: Clone, tmp_path: Path) -> None:
    clone.commit("second", files={"account-requests/c.yaml": "c"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{clone.path}", tmp_path / "shallow")
    shallow = open_repository(tmp_path / "shallow")
    assert CommitFiles(shallow, "main").entries("account-requests/c.yaml")
    with pytest.raises(UserError) as caught:
        CommitFiles(shallow, "HEAD~1")
    assert "unshallow" in caught.value.hint


# --- uncommitted ------------------------------------------------------------------------------


def test_a_clean_tree_has_nothing_uncommitted(clone: Clone) -> None:
    clone.write("README.md", "not desired state")
    assert uncommitted_paths(clone.repository) == ()


def test_changed_new_and_removed_paths_are_uncommitted(clone: Clone) -> None:
    clone.write(REQUEST, "changed")
    clone.write("aft.yaml", "new: true")
    (clone.path / "account-requests/team/b.yaml").unlink()
    clone.write("customizations/global/x.py", "pass")
    assert uncommitted_paths(clone.repository) == (
        REQUEST,
        "account-requests/team/b.yaml",
        "aft.yaml",
        "customizations/global/x.py",
    )


def test_staged_but_not_committed_is_uncommitted(clone: Clone) -> None:
    clone.write(REQUEST, "changed")
    clone.git("add", "-A")
    assert uncommitted_paths(clone.repository) == (REQUEST,)


def test_a_file_swapped_for_a_link_is_uncommitted(clone: Clone) -> None:
    file = clone.path / REQUEST
    file.unlink()
    file.symlink_to("name: a\n")
    assert uncommitted_paths(clone.repository) == (REQUEST,)


def test_a_bare_repository_has_nothing_uncommitted(clone: Clone, tmp_path: Path) -> None:
    server = bare(tmp_path / "server.git")
    clone.git("push", "-q", str(server), "main")
    assert uncommitted_paths(open_repository(server)) == ()


def test_remotes_are_listed(tmp_path: Path) -> None:
    clone = clone_of("https://example.com/x.git", tmp_path / "repo")
    assert clone.repository.remotes == ("origin",)
    shutil.rmtree(clone.path)
