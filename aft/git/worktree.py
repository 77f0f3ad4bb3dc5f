"""The desired state on disk, as git would store it.

Blob ids are those that git would compute (line endings converted), taken from the index for files
that git calls unchanged, also those that a sparse checkout left off the disk. Ignored files are
left out unless tracked; symlinks and repositories within are named but never followed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import pygit2

from aft.errors import NotFound, UserError
from aft.files import EntryKind, TreeEntry
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.git.trees import KINDS, display_path
from aft.git.worktree_status import Tracked, worktree_status
from aft.values.ids import WORKING_TREE, Revision

_KEPT_BYTES = 1 << 20
"""Larger files are not held in memory between listing and reading."""


class WorkingTreeFiles:
    """``aft.files.RevisionFiles`` of the files on disk, without what git ignores: one look at them,
    at the first use. Raises ``UserError`` for a bare repository, which has none. What was hashed is
    what ``read`` returns, also when an editor saves in between: a blob id always belongs to the
    bytes it is handed out with. A file that may not be opened is listed with an empty blob id, and
    reading it raises ``NotFound``."""

    def __init__(self, repository: Repository) -> None:
        if repository.is_bare:
            raise UserError(
                f"{repository.path} is bare and has no working tree",
                hint="name a revision, such as --revision HEAD",
            )
        self._repository = repository.handle
        self._source = repository
        self._top = os.path.join(repository.path, "")  # noqa: PTH118 - a prefix
        self._kept: dict[str, bytes] = {}
        self._names: dict[str, str] = {}

    @property
    def revision(self) -> Revision:
        return WORKING_TREE

    def entries(self, prefix: str) -> Sequence[TreeEntry]:
        paths, entries = self._listing
        wanted = prefix.strip("/")
        if not wanted:
            return list(entries)
        itself = bisect_left(paths, wanted)
        found = entries[itself : itself + (wanted in paths[itself : itself + 1])]
        # "0" follows "/": between them lies all that is below.
        below = slice(bisect_left(paths, wanted + "/"), bisect_left(paths, wanted + "0"))
        return [*found, *entries[below]]

    def read(self, entry: TreeEntry) -> bytes:
        if entry.kind is not EntryKind.FILE:
            raise NotFound(f"{entry.path} is a {entry.kind.value}, not a file")
        kept = self._kept.get(entry.blob_id)
        if kept is None and entry.blob_id:
            kept = self._stored(entry.blob_id)
        return self._read_again(entry) if kept is None else kept

    @cached_property
    def _listing(self) -> tuple[list[str], list[TreeEntry]]:
        """Every path, sorted, and its entry."""
        with disk_errors("reading the working tree"):
            entries = sorted(self._look(), key=lambda entry: entry.path)
        return [entry.path for entry in entries], entries

    def _stored(self, blob_id: str) -> bytes | None:
        """What was added to the index is in the object database, whatever the disk holds now."""
        try:
            return self._repository.odb.read(blob_id)[1]
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def _read_again(self, entry: TreeEntry) -> bytes:
        path = self._names.get(entry.path)
        if path is None:
            raise NotFound(f"{entry.path} is not in the working tree")
        try:
            content = Path(self._top + path).read_bytes()
        except OSError as error:
            raise NotFound(f"cannot read {entry.path}: {error.strerror}") from error
        if str(pygit2.hash(content)) != entry.blob_id:
            raise NotFound(f"{entry.path} changed while it was read", hint="run again")
        return content

    # --- looking ----------------------------------------------------------------------------

    def _look(self) -> Iterator[TreeEntry]:
        status = worktree_status(self._source)
        for path, tracked in status.tracked.items():
            if path not in status.changed and path not in status.deleted:
                yield self._unchanged(path, tracked)
        for path in status.changed:
            entry = self._looked_into(path.rstrip("/"), status.tracked.get(path))
            if entry is not None:
                yield entry

    def _unchanged(self, path: str, tracked: Tracked) -> TreeEntry:
        kind = KINDS.get(b"%o" % tracked.mode, EntryKind.FILE)
        size = 0
        if kind is not EntryKind.SUBMODULE:
            try:
                size = os.lstat(self._top + path).st_size
            except OSError:  # not checked out
                size = self._repository.odb.read_header(pygit2.Oid(hex=tracked.blob_id))[1]
        return self._entry(path, kind, tracked.blob_id, size)

    def _looked_into(self, path: str, tracked: Tracked | None) -> TreeEntry | None:
        """``None`` for what is gone since, and for pipes, sockets and devices, which are not
        git's."""
        try:
            status = os.lstat(self._top + path)
        except OSError:
            return None
        if stat.S_ISREG(status.st_mode):
            try:
                blob_id, size = self._hash(path, status.st_size)
            except (OSError, pygit2.GitError):
                blob_id, size = "", status.st_size
            return self._entry(path, EntryKind.FILE, blob_id, size)
        if stat.S_ISDIR(status.st_mode):
            return self._entry(path, EntryKind.SUBMODULE, tracked.blob_id if tracked else "", 0)
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(Path(self._top + path).readlink())
            return self._entry(path, EntryKind.SYMLINK, str(pygit2.hash(target)), len(target))
        return None

    def _hash(self, path: str, size: int) -> tuple[str, int]:
        file = Path(self._top + path)
        if size > _KEPT_BYTES:  # nobody wants it in memory; it will be a finding
            return str(pygit2.hashfile(str(file))), size
        content = file.read_bytes()
        if b"\r" in content or b"$Id" in content:
            content = self._stored_form(path, content)
        blob_id = str(pygit2.hash(content))
        self._kept[blob_id] = content
        return blob_id, len(content)

    def _stored_form(self, path: str, content: bytes) -> bytes:
        """Line endings converted where attributes ask for it."""
        # pygit2 asks about UTF-8 paths only; patterns rarely name the odd bytes themselves.
        asked = os.fsencode(path).decode(errors="replace")
        filters = self._attributes.load_filter_list(asked)
        return bytes(filters.apply_to_buffer(content)) if filters else content

    @cached_property
    def _attributes(self) -> pygit2.Repository:
        """What to ask for attributes. libgit2 also looks for them in the index; for one that it
        cannot read, this is a repository with our settings and files, and without an index."""
        with contextlib.suppress(pygit2.GitError):
            self._repository.index.read()
            return self._repository
        with tempfile.TemporaryDirectory() as folder:
            alike = pygit2.init_repository(folder, bare=True)
            for item in self._repository.config:
                if item.name in ("core.autocrlf", "core.eol", "core.attributesfile"):
                    alike.config[item.name] = item.value or ""
            alike.workdir = self._top
            return alike

    def _entry(self, path: str, kind: EntryKind, blob_id: str, size: int) -> TreeEntry:
        shown, is_utf8 = display_path(os.fsencode(path))
        self._names[shown] = path
        return TreeEntry(path=shown, blob_id=blob_id, kind=kind, size=size, path_is_utf8=is_utf8)
