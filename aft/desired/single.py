"""Single requests of a revision, each with the defaults above it: for looking at other revisions.
Reads only the files asked for, and takes what is sound in them: what is broken in another
revision is for that revision's own validation to say. Never raises for bad content."""

from __future__ import annotations

from aft.config.model import REQUESTS_PATH
from aft.desired.defaults import MergedDocument, defaults_in, entry_at, read_document
from aft.desired.model import AccountRequest
from aft.desired.parse import build_sound, check
from aft.desired.tree import read_request_tree
from aft.files import RevisionFiles, TreeEntry
from aft.findings.model import SourceRef
from aft.findings.validation import Loc

_MOST_FOLDERS = 32
"""Deeper than any repository of requests; a hostile tree may be deeper."""


class SingleRequests:
    """Requests of one revision, by the path of their file."""

    def __init__(self, files: RevisionFiles) -> None:
        self._files = files
        self._defaults_of = defaults_in(files)

    def at(self, path: str) -> AccountRequest | None:
        """The request in this file; ``None`` when there is none that can be read."""
        entry = self._entry(path)
        found = read_request_tree((entry,) if entry is not None else ()).requests
        document = read_document(self._files, path) if found else None
        if document is None or path.count("/") >= _MOST_FOLDERS:
            return None
        (item,) = found
        try:
            values, _ = check(item.id, document, self._defaults_of(item.folder))
            return build_sound(item.id, item.entry, values)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            return None  # too broken to tell; its own validation says why

    def size(self, path: str) -> int:
        """The size of this file in bytes; 0 when there is none."""
        entry = self._entry(path)
        return 0 if entry is None else entry.size

    def where(self, request: AccountRequest, loc: Loc) -> SourceRef:
        """Where a request of this revision says something, be it in its defaults."""
        path = request.source.path
        document = read_document(self._files, path)
        if document is None:
            return SourceRef(path)
        defaults = self._defaults_of(path.rpartition("/")[0])
        return MergedDocument(document, defaults, data=document.data).at(loc)

    def _entry(self, path: str) -> TreeEntry | None:
        return entry_at(self._files, path) if path.startswith(f"{REQUESTS_PATH}/") else None
