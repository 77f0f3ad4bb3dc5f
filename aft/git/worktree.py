"""The desired state as it lies on disk, as git would store it.

Blob ids are computed as git does (line endings converted), ignored files are left out unless
tracked, symlinks and repositories within are named but never followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pygit2

from aft.errors import NotFound, UserError
from aft.files import EntryKind, TreeEntry
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.git.trees import display_path
from aft.ids import WORKING_TREE, Revision

DESIRED_STATE_PATHS = ("account-requests", "aft.yaml", "customizations")
"""Everything that makes up the desired state; nothing else of a repository is read."""

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
        self._listed: list[tuple[bytes, TreeEntry]] | None = None

    @property
    def revision(self) -> Revision:
        return WORKING_TREE

    def entries(self, prefix: str) -> Sequence[TreeEntry]:
        if self._listed is None:
            with disk_errors("reading the working tree"):
                self._listed = sorted(self._look(), key=lambda item: item[1].path)
        wanted = prefix.strip("/").encode(errors="surrogateescape")
        return [
            entry
            for raw, entry in self._listed
            if not wanted or raw == wanted or raw.startswith(wanted + b"/")
        ]

    def read(self, entry: TreeEntry) -> bytes:
        if entry.kind is not EntryKind.FILE:
            raise NotFound(f"{entry.path} is a {entry.kind.value}, not a file")
        kept = self._kept.get(entry.blob_id)
        if kept is not None:
            return kept
        raw = next((raw for raw, listed in self._listed or () if listed == entry), None)
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

    def _look(self) -> Iterator[tuple[bytes, TreeEntry]]:
        rules = _GitRules(self._repository)
        pending = [root.encode() for root in DESIRED_STATE_PATHS]
        while pending:
            path = pending.pop()
            try:
                status = os.lstat(os.path.join(self._top, path))  # noqa: PTH118 - bytes paths
            except OSError:
                continue
            if rules.ignores(path, is_folder=stat.S_ISDIR(status.st_mode)):
                continue
            if not stat.S_ISDIR(status.st_mode):
                yield from self._leaf(path, status, rules)
            elif self._is_repository(path) or path in rules.submodules:
                yield path, _entry(path, EntryKind.SUBMODULE, rules.submodules.get(path, ""), 0)
            else:
                pending.extend(self._children(path))

    def _children(self, path: bytes) -> list[bytes]:
        try:
            names = os.listdir(os.path.join(self._top, path))  # noqa: PTH118, PTH208 - bytes
        except OSError:
            return []
        return [path + b"/" + name for name in names]

    def _is_repository(self, path: bytes) -> bool:
        return os.path.lexists(os.path.join(self._top, path, b".git"))  # noqa: PTH118 - bytes

    def _leaf(
        self, path: bytes, status: os.stat_result, rules: _GitRules
    ) -> Iterator[tuple[bytes, TreeEntry]]:
        full = os.path.join(self._top, path)  # noqa: PTH118 - bytes paths
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(full)  # noqa: PTH115 - bytes paths
            oid = str(pygit2.hash(target))
            yield path, _entry(path, EntryKind.SYMLINK, oid, len(target))
        elif stat.S_ISREG(status.st_mode):
            try:
                oid, size = self._hash(path, status.st_size, rules)
            except OSError:
                oid, size = "", status.st_size
            yield path, _entry(path, EntryKind.FILE, oid, size)
        # Pipes, sockets and devices are not git's.

    def _hash(self, path: bytes, size: int, rules: _GitRules) -> tuple[str, int]:
        if size > _KEPT_BYTES:  # nobody wants it in memory; it will be a finding
            with open(os.path.join(self._top, path), "rb") as file:  # noqa: PTH118, PTH123 - bytes
                return _hash_of(file, size), size
        content = self._content(path, rules)
        oid = str(pygit2.hash(content))
        self._kept[oid] = content
        return oid, len(content)

    def _content(self, path: bytes, rules: _GitRules) -> bytes:
        with open(os.path.join(self._top, path), "rb") as file:  # noqa: PTH118, PTH123 - bytes
            content = file.read()
        return rules.stored_form(path, content)


class _GitRules:
    """What the index, the ignore files and the attributes say about a path."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        index = repository.index
        index.read(False)
        self.submodules: dict[bytes, str] = {}
        self._tracked: set[bytes] = set()
        for item in index:
            raw = os.fsencode(item.path)
            if item.mode == pygit2.enums.FileMode.COMMIT:
                self.submodules[raw] = str(item.id)
            while raw and raw not in self._tracked:
                self._tracked.add(raw)
                raw = raw.rpartition(b"/")[0]
        self._converts = _may_convert(repository)

    def ignores(self, path: bytes, *, is_folder: bool) -> bool:
        """True when git would not add it; tracked files, and folders holding some, always are."""
        if path in self._tracked:
            return False
        if path.rpartition(b"/")[2] == b".git":
            return True
        return self._repository.path_is_ignored(_asked_as(path) + "/" * is_folder)

    def stored_form(self, path: bytes, content: bytes) -> bytes:
        """``content`` as git would store it: line endings converted where attributes say so."""
        if not self._converts:
            return content
        filters = self._repository.load_filter_list(_asked_as(path))
        return bytes(filters.apply_to_buffer(content)) if filters else content


def _asked_as(path: bytes) -> str:
    """pygit2 asks about UTF-8 paths only; patterns rarely name the odd bytes themselves."""
    return path.decode(errors="replace")


def _hash_of(file: BinaryIO, size: int) -> str:
    """The blob id of a large file, without holding it in memory."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    while chunk := file.read(_KEPT_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _may_convert(repository: pygit2.Repository) -> bool:
    """False when no setting and no attribute can ask for a conversion, which is usual.

    Asking libgit2 for each file costs three times as much as reading and hashing it.
    """
    config = repository.config
    asking = ("core.autocrlf", "core.eol", "core.attributesfile")
    values = [str(config[key]).lower() for key in asking if key in config]
    if any(value not in ("", "false", "lf", "native") for value in values):
        return True
    top = Path(repository.workdir)
    if (Path(repository.path) / "info" / "attributes").exists():
        return True
    if (top / ".gitattributes").exists():
        return True
    return any(
        next((top / root).rglob(".gitattributes"), None) is not None
        for root in DESIRED_STATE_PATHS
        if not (top / root).is_symlink()
    )


def _entry(raw: bytes, kind: EntryKind, blob_id: str, size: int) -> TreeEntry:
    path, is_utf8 = display_path(raw)
    return TreeEntry(path=path, blob_id=blob_id, kind=kind, size=size, path_is_utf8=is_utf8)
