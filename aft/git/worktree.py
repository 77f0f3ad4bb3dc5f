"""The desired state on disk, as git would store it.

Blob ids are those that git would compute (line endings converted), taken from the index for files
that git calls unchanged, also those that a sparse checkout left off the disk. Ignored files are
left out unless tracked; symlinks and repositories within are named but never followed.

libgit2 says which paths are tracked and which differ from the index, where it can. It does not read
split and sparse indexes and takes what a sparse checkout leaves out for deleted; then the ``git``
command is asked. Writes nothing.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pygit2
from pygit2.enums import FileStatus

from aft.errors import NotFound, UserError
from aft.files import EntryKind, TreeEntry
from aft.git.command import GitCommand
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.git.trees import KINDS, display_path
from aft.values.ids import WORKING_TREE, Revision

DESIRED_STATE_PATHS = ("account-requests", "aft.yaml", "customizations")
"""Everything that makes up the desired state; nothing else of a repository is read."""

_BELOW = tuple(f"{path}/" for path in DESIRED_STATE_PATHS)
_CHANGED = (
    FileStatus.WT_NEW
    | FileStatus.WT_MODIFIED
    | FileStatus.WT_TYPECHANGE
    | FileStatus.WT_RENAMED
    | FileStatus.WT_UNREADABLE
    | FileStatus.CONFLICTED
)
_IN_CONFLICT = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})  # git-status(1)
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
        # "0" follows "/": between them is all that is below.
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
        """What was added to the index is in the object database, also when the file has changed."""
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
        if size > _KEPT_BYTES:  # too large for memory; it will be a finding
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


# --- what git knows of the working tree ------------------------------------------------------


class Tracked(NamedTuple):
    """An entry of the index; ``mode`` as in a tree object."""

    mode: int
    blob_id: str


@dataclass(frozen=True, slots=True)
class WorktreeStatus:
    """Paths are those of ``os.fsdecode``. What is tracked and in neither set is unchanged: the
    index has its blob id, whether or not a sparse checkout put it on the disk. ``changed`` is to be
    read from the disk: modified, untracked, in conflict. A repository within ends with ``/``. What
    git ignores is in neither."""

    tracked: Mapping[str, Tracked]
    changed: frozenset[str]
    deleted: frozenset[str]


def worktree_status(
    repository: Repository, environ: Mapping[str, str] = os.environ
) -> WorktreeStatus:
    """The status of the desired state. Raises ``UserError`` when it takes a git command and there
    is none, ``GitCommandError`` or ``Transient``."""
    git = GitCommand(repository.git_dir, environ)
    try:
        found = _by_libgit2(repository.open())
        # Deleted, or left out by a sparse checkout: libgit2 does not say which.
        if not found.deleted or not git.is_installed:
            return found
    except pygit2.GitError as error:
        if not git.is_installed:
            raise UserError(
                f"reading the index of {repository.path} needs the git command",
                hint="install git, or run `git update-index --no-split-index` and "
                "`git sparse-checkout reapply --no-sparse-index`",
            ) from error
    return _by_command(git, repository.path)


def _by_libgit2(handle: pygit2.Repository) -> WorktreeStatus:
    status = {path: flag for path, flag in handle.status().items() if _is_desired(path)}
    return WorktreeStatus(
        {
            item.path: Tracked(item.mode, str(item.id))
            for item in handle.index
            if _is_desired(item.path)
        },
        frozenset(path for path, flag in status.items() if flag & _CHANGED),
        frozenset(path for path, flag in status.items() if flag & FileStatus.WT_DELETED),
    )


def _by_command(git: GitCommand, top: Path) -> WorktreeStatus:
    def ask(*arguments: str) -> Iterator[str]:
        return filter(None, map(os.fsdecode, git.ask(top, *arguments).split(b"\0")))

    tracked: dict[str, Tracked] = {}
    for line in ask("ls-files", "--stage", "-z", "--", *DESIRED_STATE_PATHS):
        about, _, path = line.partition("\t")
        mode, blob_id, _ = about.split(" ")
        tracked[path] = Tracked(int(mode, 8), blob_id)
    # A submodule has its own configuration, and what it has checked out does not matter.
    options = ("-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all", "--")
    said = ask("status", "--porcelain", *options, *DESIRED_STATE_PATHS)
    status = [(line[:2], line[3:]) for line in said]
    return WorktreeStatus(
        tracked,
        frozenset(path for flags, path in status if flags in _IN_CONFLICT or flags[1] not in " D"),
        frozenset(path for flags, path in status if flags not in _IN_CONFLICT and flags[1] == "D"),
    )


def _is_desired(path: str) -> bool:
    return path.startswith(_BELOW) or path in DESIRED_STATE_PATHS
