"""A repository's files in memory, for tests of everything that reads a revision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from aft.errors import NotFound
from aft.files import EntryKind, TreeEntry
from aft.ids import WORKING_TREE, Revision


class MemoryFiles:
    """``RevisionFiles`` over a mapping of path to text or bytes. Counts what is read."""

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        *,
        kinds: Mapping[str, EntryKind] | None = None,
        odd_paths: Iterable[str] = (),
    ) -> None:
        self._files = {
            path: content.encode() if isinstance(content, str) else content
            for path, content in files.items()
        }
        self._kinds = dict(kinds or {})
        self._odd = frozenset(odd_paths)
        self.reads = 0
        self._entries = tuple(self._entry(path) for path in sorted(self._files))

    @property
    def revision(self) -> Revision:
        return WORKING_TREE

    def entries(self, prefix: str) -> Iterable[TreeEntry]:
        inside = prefix.rstrip("/") + "/"
        for entry in self._entries:
            if not prefix or entry.path == prefix or entry.path.startswith(inside):
                yield entry

    def read(self, entry: TreeEntry) -> bytes:
        self.reads += 1
        try:
            return self._files[entry.path]
        except KeyError as error:
            raise NotFound(entry.path) from error

    def _entry(self, path: str) -> TreeEntry:
        content = self._files[path]
        return TreeEntry(
            path=path,
            blob_id=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            kind=self._kinds.get(path, EntryKind.FILE),
            size=len(content),
            path_is_utf8=path not in self._odd,
        )
