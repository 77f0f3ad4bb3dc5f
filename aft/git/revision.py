"""The files of a revision, and of the working tree: where the desired state is read from.

Reads objects only; never checks anything out, follows no symlink, executes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import pygit2

from aft.errors import NotFound
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.git import trees
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.git.worktree import DESIRED_STATE_PATHS, WorkingTreeFiles
from aft.values.ids import Revision


class CommitFiles:
    """``aft.files.RevisionFiles`` of one commit, straight from the object database. ``revision`` is
    a branch, a tag, an id or its beginning. Raises ``UserError`` when there is no such commit."""

    def __init__(self, repository: Repository, revision: str) -> None:
        self._commit = repository.commit(revision)
        self._odb = repository.handle.odb

    @property
    def revision(self) -> Revision:
        return Revision(str(self._commit.id))

    def entries(self, prefix: str) -> Sequence[TreeEntry]:
        with disk_errors(f"listing {prefix or 'the tree'} at {self.revision[:10]}"):
            path = prefix.strip("/").encode(errors="surrogateescape")
            found = trees.find(self._odb, self._commit.tree_id.raw, path)
            if found is None:
                return ()
            listed = [self._entry(raw, item) for raw, item in trees.walk(self._odb, found, path)]
            return sorted(listed, key=lambda entry: entry.path)

    def read(self, entry: TreeEntry) -> bytes:
        if entry.kind is not EntryKind.FILE:
            raise NotFound(f"{entry.path} is a {entry.kind.value}, not a file")
        try:
            return self._odb.read(entry.blob_id)[1]
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise NotFound(
                f"the content of {entry.path} is not in this clone",
                hint="aft needs a clone with all files: no `--filter`; fetch again without it",
            ) from error

    def _entry(self, raw: bytes, item: trees.RawEntry) -> TreeEntry:
        path, is_utf8 = trees.display_path(raw)
        kind = trees.KINDS.get(item.mode, EntryKind.FILE)
        oid = pygit2.Oid(raw=item.id)
        # A submodule's commit lives in another repository: it has no size here.
        size = 0 if kind is EntryKind.SUBMODULE else self._odb.read_header(oid)[1]
        return TreeEntry(path=path, blob_id=str(oid), kind=kind, size=size, path_is_utf8=is_utf8)


def uncommitted_paths(repository: Repository) -> tuple[str, ...]:
    """Paths of the desired state that differ from ``HEAD``, sorted; none in a bare repository."""
    if repository.is_bare:
        return ()
    on_disk = _contents(WorkingTreeFiles(repository))
    head = repository.head()
    committed = _contents(CommitFiles(repository, str(head.id))) if head else set()
    return tuple(sorted({path for path, _, _ in on_disk ^ committed}))


def _contents(files: RevisionFiles) -> set[tuple[str, EntryKind, str]]:
    return {
        (entry.path, entry.kind, entry.blob_id)
        for prefix in DESIRED_STATE_PATHS
        for entry in files.entries(prefix)
    }
