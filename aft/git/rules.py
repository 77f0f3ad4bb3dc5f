"""What git's index, ignore files and attributes say about a path of the working tree."""

from __future__ import annotations

import os
from pathlib import Path

import pygit2

from aft.git.index_file import SUBMODULE, IndexEntry, IndexFile, read_index

DESIRED_STATE_PATHS = ("account-requests", "aft.yaml", "customizations")
"""Everything that makes up the desired state; nothing else of a repository is read."""


class GitRules:
    """One look at them. Paths are bytes, from the top of the working tree."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._index = read_index(Path(repository.path) / "index") or _index_by_libgit2(repository)
        tracked = self._index.entries
        self._submodules = {
            path: entry.id.hex() for path, entry in tracked.items() if entry.mode == SUBMODULE
        }
        self._tracked_folders: set[bytes] = set()
        for folder in {path.rpartition(b"/")[0] for path in tracked}:
            above = folder
            while above and above not in self._tracked_folders:
                self._tracked_folders.add(above)
                above = above.rpartition(b"/")[0]
        self._converts = _may_convert(repository)

    def is_submodule(self, path: bytes) -> bool:
        return path in self._submodules

    def submodule_commit(self, path: bytes) -> str:
        """The commit that the index has for it; empty for a repository that is none of git's."""
        return self._submodules.get(path, "")

    def unchanged(self, path: bytes, status: os.stat_result) -> str | None:
        """The blob id that the index vouches for. Nothing where git converts what it stores:
        attributes may have changed since the file was added."""
        return None if self._converts else self._index.blob_id(path, status)

    def ignores(self, path: bytes, *, is_folder: bool) -> bool:
        """True when git would not add it; tracked files, and folders holding some, always are."""
        if path in self._index.entries or path in self._tracked_folders:
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


def _index_by_libgit2(repository: pygit2.Repository) -> IndexFile:
    """What is tracked, for an index in a form that only libgit2 reads; it vouches for nothing."""
    index = repository.index
    index.read(False)
    entries = {os.fsencode(item.path): IndexEntry(item.mode, item.id.raw, None) for item in index}
    return IndexFile(entries, written_ns=0)


def _asked_as(path: bytes) -> str:
    """pygit2 asks about UTF-8 paths only; patterns rarely name the odd bytes themselves."""
    return path.decode(errors="replace")


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
