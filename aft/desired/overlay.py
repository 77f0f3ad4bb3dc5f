"""Files as they would be: those of a revision with others on top, to check them before they are
written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from aft.errors import NotFound
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.values.ids import WORKING_TREE, Revision


class OverlayFiles:
    """``aft.files.RevisionFiles`` of ``below`` (``None``: nothing), with ``files`` by path on top.
    A file's blob id is the one git would give it, so that what is remembered by content stays
    true."""

    def __init__(self, below: RevisionFiles | None, files: Mapping[str, bytes]) -> None:
        self._below = below
        self._contents = dict(files)
        self._entries = {path: _entry(path, content) for path, content in files.items()}

    @property
    def revision(self) -> Revision:
        return WORKING_TREE

    def entries(self, prefix: str) -> Iterator[TreeEntry]:
        wanted = prefix.strip("/")
        below = self._below.entries(prefix) if self._below is not None else ()
        found = [entry for entry in below if entry.path not in self._entries]
        found += [
            entry
            for path, entry in self._entries.items()
            if not wanted or path == wanted or path.startswith(f"{wanted}/")
        ]
        yield from sorted(found, key=lambda entry: entry.path)

    def read(self, entry: TreeEntry) -> bytes:
        if entry.path in self._contents:
            return self._contents[entry.path]
        if self._below is None:
            raise NotFound(f"{entry.path} is not here")
        return self._below.read(entry)


def _entry(path: str, content: bytes) -> TreeEntry:
    header = b"blob %d\0" % len(content)
    return TreeEntry(
        path=path,
        blob_id=hashlib.sha1(header + content, usedforsecurity=False).hexdigest(),
        kind=EntryKind.FILE,
        size=len(content),
    )
