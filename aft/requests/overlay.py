"""The files of a revision with one more, as they would be: to check it before it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.ids import WORKING_TREE, Revision


class OverlayFiles:
    """``aft.files.RevisionFiles`` of ``below``, with a file at ``path`` that holds ``content``.

    The file's blob id is the one git would give it, so that what is remembered by content stays
    true.
    """

    def __init__(self, below: RevisionFiles, path: str, content: bytes) -> None:
        self._below = below
        self._content = content
        header = b"blob %d\0" % len(content)
        self._entry = TreeEntry(
            path=path,
            blob_id=hashlib.sha1(header + content, usedforsecurity=False).hexdigest(),
            kind=EntryKind.FILE,
            size=len(content),
        )

    @property
    def revision(self) -> Revision:
        return WORKING_TREE

    def entries(self, prefix: str) -> Iterator[TreeEntry]:
        wanted = prefix.strip("/")
        path = self._entry.path
        is_inside = not wanted or path == wanted or path.startswith(f"{wanted}/")
        found = [entry for entry in self._below.entries(prefix) if entry.path != path]
        yield from sorted([*found, *([self._entry] if is_inside else [])], key=lambda e: e.path)

    def read(self, entry: TreeEntry) -> bytes:
        if entry.path == self._entry.path:
            return self._content
        return self._below.read(entry)
