"""The desired state as it lies on disk, as git would store it.

Blob ids are those that git would compute (line endings converted), taken from the index where it
vouches for an unchanged file. Ignored files are left out unless tracked, symlinks and
repositories within are named but never followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pygit2

from aft.errors import NotFound, UserError
from aft.files import EntryKind, TreeEntry
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.git.rules import DESIRED_STATE_PATHS, GitRules
from aft.git.trees import display_path
from aft.values.ids import WORKING_TREE, Revision

_ROOTS = frozenset(os.fsencode(path) for path in DESIRED_STATE_PATHS)
_KEPT_BYTES = 1 << 20
"""Larger files are not held in memory between listing and reading."""


class WorkingTreeFiles:
    """``aft.files.RevisionFiles`` of the files on disk: one look at them, at the first use.

    What was hashed is what ``read`` returns, also when an editor saves in between: a blob id
    always belongs to the bytes it is handed out with. A file that may not be opened is listed
    with an empty blob id, and reading it raises ``NotFound``.
    """

    def __init__(self, repository: Repository) -> None:
        if repository.is_bare:
            raise UserError(
                f"{repository.path} is bare and has no working tree",
                hint="name a revision, such as --revision HEAD",
            )
        self._repository = repository.handle
        self._top = os.fsencode(repository.path)
        self._kept: dict[str, bytes] = {}
        self._names: dict[str, bytes] = {}

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
        raw = self._names.get(entry.path)
        if raw is None:
            raise NotFound(f"{entry.path} is not in the working tree")
        try:
            content = Path(os.fsdecode(os.path.join(self._top, raw))).read_bytes()  # noqa: PTH118
        except OSError as error:
            raise NotFound(f"cannot read {entry.path}: {error.strerror}") from error
        if str(pygit2.hash(content)) != entry.blob_id:
            raise NotFound(f"{entry.path} changed while it was read", hint="run again")
        return content

    # --- looking ----------------------------------------------------------------------------

    def _look(self) -> Iterator[TreeEntry]:
        rules = GitRules(self._repository)
        pending = [b""]
        while pending:
            for path, status in self._below(pending.pop()):
                entry = self._unchanged(path, status, rules)
                if entry is None:
                    is_folder = stat.S_ISDIR(status.st_mode)
                    if rules.ignores(path, is_folder=is_folder):
                        continue
                    if is_folder and not rules.is_submodule(path) and not self._is_repository(path):
                        pending.append(path)
                        continue
                    entry = self._looked_into(path, status, rules)
                if entry is not None:
                    self._names[entry.path] = path
                    yield entry

    @staticmethod
    def _unchanged(path: bytes, status: os.stat_result, rules: GitRules) -> TreeEntry | None:
        """The entry of nearly every file: tracked, and untouched since."""
        known = rules.unchanged(path, status)
        if known is None or not stat.S_ISREG(status.st_mode):
            return None
        return _tree_entry(path, EntryKind.FILE, known, status.st_size)

    def _below(self, folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
        """What lies in ``folder``, its full path and its own status; at the top, only what is
        part of the desired state. Paths stay bytes: names need not be UTF-8."""
        try:
            with os.scandir(os.path.join(self._top, folder)) as found:  # noqa: PTH118
                items = list(found)
        except OSError:
            return
        for item in items:
            if not folder and item.name not in _ROOTS:
                continue
            try:
                status = item.stat(follow_symlinks=False)
            except OSError:
                continue  # gone since
            yield (folder + b"/" + item.name if folder else item.name), status

    def _is_repository(self, path: bytes) -> bool:
        return os.path.lexists(os.path.join(self._top, path, b".git"))  # noqa: PTH118 - bytes

    def _looked_into(
        self, path: bytes, status: os.stat_result, rules: GitRules
    ) -> TreeEntry | None:
        """``None`` for pipes, sockets and devices, which are not git's."""
        if stat.S_ISREG(status.st_mode):
            try:
                oid, size = self._hash(path, status.st_size, rules)
            except OSError:
                oid, size = "", status.st_size
            return _tree_entry(path, EntryKind.FILE, oid, size)
        if stat.S_ISDIR(status.st_mode):
            return _tree_entry(path, EntryKind.SUBMODULE, rules.submodule_commit(path), 0)
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(os.path.join(self._top, path))  # noqa: PTH115, PTH118 - bytes
            return _tree_entry(path, EntryKind.SYMLINK, str(pygit2.hash(target)), len(target))
        return None

    def _hash(self, path: bytes, size: int, rules: GitRules) -> tuple[str, int]:
        if size > _KEPT_BYTES:  # nobody wants it in memory; it will be a finding
            with open(os.path.join(self._top, path), "rb") as file:  # noqa: PTH118, PTH123 - bytes
                return _hash_of(file, size), size
        content = self._content(path, rules)
        oid = str(pygit2.hash(content))
        self._kept[oid] = content
        return oid, len(content)

    def _content(self, path: bytes, rules: GitRules) -> bytes:
        with open(os.path.join(self._top, path), "rb") as file:  # noqa: PTH118, PTH123 - bytes
            content = file.read()
        return rules.stored_form(path, content)


def _hash_of(file: BinaryIO, size: int) -> str:
    """The blob id of a large file, without holding it in memory."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    while chunk := file.read(_KEPT_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _tree_entry(raw: bytes, kind: EntryKind, blob_id: str, size: int) -> TreeEntry:
    path, is_utf8 = display_path(raw)
    return TreeEntry(path=path, blob_id=blob_id, kind=kind, size=size, path_is_utf8=is_utf8)
