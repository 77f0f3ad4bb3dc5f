"""Whatever shape the repository has, the listing is what ``git add --all`` would stage."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

import pytest
from builders_git import CommandClone as Clone
from builders_git import git

from aft.errors import UserError
from aft.files import EntryKind, TreeEntry
from aft.git.revision import uncommitted_paths
from aft.git.worktree import DESIRED_STATE_PATHS, WorkingTreeFiles, worktree_status

A, B, LINK = "account-requests/a.yaml", "account-requests/deep/b.yaml", "account-requests/link"
STEP = "customizations/global/step.py"
KINDS = {"120000": EntryKind.SYMLINK, "160000": EntryKind.SUBMODULE}
Shape = Callable[[Clone], object]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "repo")
    (made.path / "account-requests").mkdir()
    (made.path / LINK).symlink_to("a.yaml")
    made.commit(files={A: "name: a\n", B: "name: b\n", STEP: "1\n", "aft.yaml": "version: 1\n"})
    settle(made)
    return made


def settle(clone: Clone) -> None:
    """Let the files be older than the index, as they are a moment after any git command."""
    for path in (A, B, STEP, "aft.yaml"):
        file = clone.path / path
        older = file.stat().st_mtime_ns - 60 * 10**9  # git itself looks at whole seconds only
        os.utime(file, ns=(older, older))
    clone.git("status")


def listed(clone: Clone) -> dict[str, TreeEntry]:
    return {entry.path: entry for entry in WorkingTreeFiles(clone.repository).entries("")}


def staged(clone: Clone, into: Path) -> dict[str, tuple[EntryKind, str]]:
    """What git would stage, in an index and an object store of its own; paths as aft shows them."""
    index = Path(clone.git("rev-parse", "--absolute-git-dir")) / "index"
    own = {"GIT_INDEX_FILE": str(into / "index")}
    if index.exists():
        shutil.copy2(index, into / "index")
        objects = index.parent / "objects"
        own |= {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)} if objects.exists() else {}
    for file in clone.path.rglob("*"):  # git compares whole seconds only: let it look again
        if ".git" not in file.parts and not file.is_symlink():
            os.utime(file, ns=(0, 0))
    git(clone.path, "add", "--all", **own)
    output = git(clone.path, "ls-files", "--stage", "-z", "--", *DESIRED_STATE_PATHS, **own)
    found = {}
    for line in filter(None, output.split("\0")):
        (mode, blob_id, _), path = line.partition("\t")[0].split(), line.partition("\t")[2]
        shown = os.fsencode(path).decode(errors="backslashreplace")
        found[shown] = (KINDS.get(mode, EntryKind.FILE), blob_id)
    return found


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


def emptied(clone: Clone) -> None:
    clone.write(A, "")


def touched(clone: Clone) -> None:
    (clone.path / A).touch()


def executable(clone: Clone) -> None:
    (clone.path / STEP).chmod(0o755)


def staged_and_saved_again(clone: Clone) -> None:
    clone.write(A, "name: staged\n")
    clone.write(B, "name: staged\n")
    clone.git("add", "-A")
    clone.write(A, "name: later\n")


def staged_removal_of_a_file_that_stays(clone: Clone) -> None:
    clone.git("rm", "-q", "--cached", B)


def deleted_and_untracked(clone: Clone) -> None:
    (clone.path / A).unlink()
    clone.write("account-requests/new.yaml", "name: new\n")
    clone.write("account-requests/team/new.yaml", "name: new\n")
    clone.write("elsewhere/new.yaml", "name: new\n")


def renamed(clone: Clone) -> None:
    (clone.path / A).rename(clone.path / "account-requests/z.yaml")


def renamed_in_case_only(clone: Clone) -> None:
    (clone.path / A).rename(clone.path / "account-requests/A.yaml")


def two_that_differ_in_case(clone: Clone) -> None:
    clone.write("account-requests/A.yaml", "name: upper\n")


def ignored(clone: Clone) -> None:
    clone.write(".gitignore", "*.tmp\n/account-requests/deep/\n__pycache__/\n")
    clone.write("account-requests/untracked.tmp")
    clone.write("account-requests/deep/new.yaml")
    clone.write("customizations/global/__pycache__/x.pyc")
    clone.write("account-requests/tracked.tmp")
    clone.git("add", "-f", "account-requests/tracked.tmp")
    clone.write(B, "name: saved though ignored\n")


def ignored_by_the_clone_alone(clone: Clone) -> None:
    clone.write(".git/info/exclude", "new.yaml\n")
    clone.write("account-requests/new.yaml")
    clone.write("account-requests/.gitignore", "other.yaml\n")
    clone.write("customizations/new.yaml")
    clone.write("account-requests/other.yaml")


def link_instead_of_file(clone: Clone) -> None:
    (clone.path / A).unlink()
    (clone.path / A).symlink_to("deep/b.yaml")
    (clone.path / LINK).unlink()
    clone.write(LINK, "a.yaml")


def link_instead_of_folder(clone: Clone) -> None:
    shutil.move(clone.path / "customizations/global", clone.path / "moved")
    (clone.path / "customizations/global").symlink_to("../moved")


def links_to_nowhere_and_outside(clone: Clone) -> None:
    (clone.path / "account-requests/gone.yaml").symlink_to("nowhere")
    (clone.path / "account-requests/out").symlink_to("/")
    (clone.path / LINK).unlink()
    (clone.path / LINK).symlink_to("deep")


def folder_instead_of_file(clone: Clone) -> None:
    (clone.path / A).unlink()
    clone.write(f"{A}/inner.yaml")


def file_instead_of_folder(clone: Clone) -> None:
    shutil.rmtree(clone.path / "account-requests/deep")
    clone.write("account-requests/deep", "a file\n")


def assumed_unchanged(clone: Clone) -> None:
    clone.git("update-index", "--assume-unchanged", A)
    clone.git("update-index", "--skip-worktree", B)
    clone.write(A, "name: z\n")
    clone.write(B, "name: z\n")


def meant_to_be_added(clone: Clone) -> None:
    clone.write("account-requests/meant.yaml", "not added yet\n")
    clone.git("add", "-N", "account-requests/meant.yaml")


def in_conflict(clone: Clone) -> None:
    clone.git("checkout", "-q", "-b", "side")
    clone.commit(files={A: "name: side\n"})
    clone.git("checkout", "-q", "main")
    clone.commit(files={A: "name: main\n"})
    with pytest.raises(AssertionError):
        clone.merge("side")
    assert b"<<<<<<<" in (clone.path / A).read_bytes()


def in_conflict_with_a_removal(clone: Clone) -> None:
    clone.git("checkout", "-q", "-b", "side")
    clone.git("rm", "-q", A)
    clone.commit(files={B: "name: side\n"})
    clone.git("checkout", "-q", "main")
    clone.git("rm", "-q", B)
    clone.commit(files={A: "name: main\n"})
    with pytest.raises(AssertionError):
        clone.merge("side")
    assert (clone.path / A).exists()
    assert (clone.path / B).exists()


def line_endings(clone: Clone) -> None:
    clone.write(".gitattributes", "*.yaml text eol=lf\n*.bin -text\n")
    clone.write("account-requests/dos.yaml", "name: a\r\nemail: b\r\n")
    clone.write("account-requests/dos.bin", "name: a\r\nemail: b\r\n")
    clone.write("account-requests/own/.gitattributes", "*.bin text\n")
    clone.write("account-requests/own/dos.bin", "a: 1\r\n")
    clone.git("add", "-A")
    clone.write("account-requests/new.yaml", "a: 1\r\n")


def line_endings_checked_out(clone: Clone) -> None:
    clone.git("config", "core.autocrlf", "true")
    clone.git("rm", "-q", "--cached", "-r", ".")
    clone.git("reset", "-q", "--hard")
    assert b"\r\n" in (clone.path / A).read_bytes()
    clone.write(B, "name: saved\r\n")


def keywords(clone: Clone) -> None:
    clone.write(".gitattributes", "*.py ident\n")
    clone.write("customizations/global/new.py", "# $Id: 1234 $\n")


def odd_bytes(clone: Clone) -> None:
    clone.write(os.fsdecode(b"account-requests/caf\xe9.yaml"), "x")
    clone.git("add", "-A")
    clone.write(os.fsdecode(b"account-requests/gro\xdf.yaml"), "a: 1\r\n")
    clone.write(os.fsdecode(b"customizations/\xe9/x.py"), "y" * (2 << 20))


def submodule(clone: Clone) -> None:
    other = Clone(clone.path.parent / "other")
    other.commit(files={"x.py": "pass\n"})
    allow = ("-c", "protocol.file.allow=always")
    clone.git(*allow, "submodule", "add", "-q", other.path, "customizations/sub")
    clone.commit("a submodule")
    clone.write("customizations/sub/untracked.py")


def submodule_not_brought(clone: Clone) -> None:
    commit = clone.git("rev-parse", "HEAD")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{commit},customizations/sub")
    (clone.path / "customizations/sub").mkdir(parents=True)


def version_4(clone: Clone) -> None:
    clone.write("account-requests/a-longer-name.yaml", "1\n")
    clone.write("account-requests/a-longer-name-than-that.yaml", "2\n")
    clone.git("add", "-A")
    clone.git("update-index", "--index-version", "4")


def no_checksum(clone: Clone) -> None:
    clone.git("-c", "index.skipHash=true", "update-index", "--force-write-index")


def nothing_committed(clone: Clone) -> None:
    shutil.rmtree(clone.path / ".git")
    clone.git("init", "-q")


def everything_deleted(clone: Clone) -> None:
    for path in DESIRED_STATE_PATHS:
        shutil.rmtree(clone.path / path, ignore_errors=True)
    (clone.path / "aft.yaml").unlink()


SHAPES: tuple[Shape, ...] = (
    saved,
    saved_with_its_old_times,
    replaced_by_a_file_of_the_same_figures,
    emptied,
    touched,
    executable,
    staged_and_saved_again,
    staged_removal_of_a_file_that_stays,
    deleted_and_untracked,
    renamed,
    renamed_in_case_only,
    two_that_differ_in_case,
    ignored,
    ignored_by_the_clone_alone,
    link_instead_of_file,
    link_instead_of_folder,
    links_to_nowhere_and_outside,
    folder_instead_of_file,
    file_instead_of_folder,
    assumed_unchanged,
    meant_to_be_added,
    in_conflict,
    in_conflict_with_a_removal,
    line_endings,
    line_endings_checked_out,
    keywords,
    odd_bytes,
    submodule,
    submodule_not_brought,
    version_4,
    no_checksum,
    nothing_committed,
    everything_deleted,
)


def as_it_is(_: Clone) -> None:
    """The index that git writes by itself."""


def split(clone: Clone) -> None:
    clone.git("config", "core.splitIndex", "true")
    clone.git("config", "splitIndex.maxPercentChange", "100")
    clone.git("update-index", "--split-index")


FORMS = (as_it_is, split)


def sparse_index(clone: Clone) -> None:
    """The customizations are one entry of the index, and not on the disk."""
    clone.git("sparse-checkout", "set", "--sparse-index", "account-requests")
    assert not (clone.path / "customizations").exists()


def of_another_second(shape: Shape, form: Shape) -> bool:
    """The git command compares whole seconds, so only libgit2 sees what was saved within one."""
    return (shape, form) != (saved_with_its_old_times, split)


@pytest.mark.parametrize(
    ("shape", "form"), [case for case in product(SHAPES, FORMS) if of_another_second(*case)]
)
def test_the_listing_is_what_git_would_stage(
    clone: Clone, tmp_path: Path, shape: Shape, form: Shape
) -> None:
    form(clone)
    shape(clone)
    entries = listed(clone)
    found = {path: (entry.kind, entry.blob_id) for path, entry in entries.items()}
    assert found == staged(clone, tmp_path)
    files = WorkingTreeFiles(clone.repository)
    for entry in entries.values():
        if entry.kind is EntryKind.FILE:
            assert entry.blob_id == git_hash(clone, files.read(entry))


def git_hash(clone: Clone, content: bytes) -> str:
    file = clone.path.parent / "content"
    file.write_bytes(content)
    return clone.git("hash-object", "--no-filters", file)


@pytest.mark.parametrize("form", [as_it_is, split, version_4, meant_to_be_added, no_checksum])
def test_unchanged_files_are_not_read(clone: Clone, form: Shape) -> None:
    form(clone)
    settle(clone)
    status = worktree_status(clone.repository)
    assert not status.changed & {A, B, STEP, LINK, "aft.yaml"}
    assert not status.deleted


def left_out(clone: Clone) -> None:
    clone.git("sparse-checkout", "set", "account-requests")


@pytest.mark.parametrize("form", [left_out, sparse_index])
def test_what_a_sparse_checkout_leaves_out_is_there(clone: Clone, form: Shape) -> None:
    before = listed(clone)
    form(clone)
    assert not (clone.path / STEP).exists()
    assert listed(clone) == before
    files = WorkingTreeFiles(clone.repository)
    (step,) = files.entries(STEP)
    assert files.read(step) == b"1\n"
    clone.write(A, "name: saved\r\n")
    (clone.path / B).unlink()
    clone.write("account-requests/new.yaml")
    assert uncommitted_paths(clone.repository) == (A, B, "account-requests/new.yaml")


def test_nothing_but_the_top_is_checked_out(clone: Clone, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--sparse", clone.path, "sparse")
    sparse = Clone(tmp_path / "sparse")
    assert not (sparse.path / "account-requests").exists()
    assert listed(sparse) == listed(clone)


@pytest.mark.parametrize("form", [split, sparse_index])
def test_an_index_that_takes_git_is_refused_without_it(clone: Clone, form: Shape) -> None:
    form(clone)
    with pytest.raises(UserError, match="needs the git command") as refusal:
        worktree_status(clone.repository, environ={"PATH": ""})
    assert "--no-split-index" in (refusal.value.hint or "")


def test_the_index_a_hook_is_given_is_not_ours(clone: Clone, tmp_path: Path) -> None:
    split(clone)
    environ: Mapping[str, str] = {**os.environ, "GIT_INDEX_FILE": str(tmp_path / "none")}
    assert set(worktree_status(clone.repository, environ=environ).tracked) == set(listed(clone))


def test_saving_right_after_adding_is_seen(clone: Clone) -> None:
    """The race that git calls racily clean: the same size within the same tick."""
    for number in range(10):
        clone.write(A, f"name: {number}\n")
        clone.git("add", A)
        clone.write(A, f"name: {9 - number}\n")
        assert listed(clone)[A].blob_id == clone.git("hash-object", A)


def test_a_linked_worktree_has_an_index_of_its_own(clone: Clone, tmp_path: Path) -> None:
    for name, form in (("linked", as_it_is), ("split", split)):
        clone.git("worktree", "add", "-q", tmp_path / name)
        linked = Clone(tmp_path / name)
        form(linked)
        linked.write(A, "name: elsewhere\n")
        assert listed(linked)[A].blob_id == linked.git("hash-object", A)
        assert listed(linked)[B] == listed(clone)[B]


def test_content_is_that_of_the_blob_id_also_when_saved_in_between(clone: Clone) -> None:
    files = WorkingTreeFiles(clone.repository)
    (entry,) = files.entries(A)
    clone.write(A, "name: z\n")
    assert files.read(entry) == b"name: a\n"


def test_content_comes_from_the_disk_where_the_object_is_missing(clone: Clone) -> None:
    (entry,) = WorkingTreeFiles(clone.repository).entries(A)
    (clone.path / ".git" / "objects" / entry.blob_id[:2] / entry.blob_id[2:]).unlink()
    files = WorkingTreeFiles(clone.repository)
    (again,) = files.entries(A)
    assert again == entry
    assert files.read(again) == b"name: a\n"
