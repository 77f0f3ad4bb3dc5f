"""Single requests of a revision, each with the defaults above it: for looking at other revisions.

Reads no more than the files asked for, and takes what is sound in them: what is broken in another
revision is for that revision's own validation to say. Never raises for bad content.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from aft.config.model import DEFAULTS_NAME, REQUESTS_PATH
from aft.desired.defaults import FolderDefaults, MergedDocument
from aft.desired.model import AccountRequest
from aft.desired.parse import build, check, sound_fields
from aft.desired.raw import REQUIRED
from aft.errors import AftError
from aft.files import EntryKind, RevisionFiles, TreeEntry
from aft.findings.model import SourceRef
from aft.findings.validation import Loc
from aft.values.ids import RequestId
from aft.yamldoc import YamlDocument, parse_yaml, too_large

_MOST_FOLDERS = 32
"""Deeper than any repository of requests; a hostile tree may be deeper."""


class SingleRequests:
    """Requests of one revision, by the path of their file."""

    def __init__(self, files: RevisionFiles) -> None:
        self._files = files
        self._defaults: dict[str, FolderDefaults] = {}

    def at(self, path: str) -> AccountRequest | None:
        """The request in this file; ``None`` when there is none that can be told."""
        file = PurePosixPath(path)
        entry = self._entry(path)
        is_deep = len(file.parts) > _MOST_FOLDERS
        if entry is None or is_deep or file.suffix != ".yaml" or file.name == DEFAULTS_NAME:
            return None
        try:
            request_id = RequestId.parse(file.stem)
        except ValueError:
            return None
        document = self._document(entry)
        if document is None:
            return None
        try:
            values, findings = check(request_id, document, self._defaults_of(str(file.parent)))
            if findings:
                values = sound_fields(values)
            return build(request_id, entry, values) if REQUIRED.keys() <= values.keys() else None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            return None  # too broken to tell; its own validation says why

    def size(self, path: str) -> int:
        """The size of this file in bytes; 0 when there is none."""
        entry = self._entry(path)
        return 0 if entry is None else entry.size

    def where(self, request: AccountRequest, loc: Loc) -> SourceRef:
        """Where a request of this revision says something, be it in its defaults."""
        path = request.source.path
        entry = self._entry(path)
        document = None if entry is None else self._document(entry)
        if document is None:
            return SourceRef(path)
        defaults = self._defaults_of(path.rpartition("/")[0])
        return MergedDocument(document, defaults, data=document.data).at(loc)

    def _defaults_of(self, folder: str) -> FolderDefaults:
        known = self._defaults.get(folder)
        if known is None:
            above, _, _ = folder.rpartition("/")
            outer = self._defaults_of(above) if above else FolderDefaults("")
            entry = self._entry(f"{folder}/{DEFAULTS_NAME}")
            document = None if entry is None else self._document(entry)
            is_readable = entry is None or document is not None
            known = outer.below(folder, document, is_readable=is_readable)
            self._defaults[folder] = known
        return known

    def _entry(self, path: str) -> TreeEntry | None:
        if not path.startswith(f"{REQUESTS_PATH}/"):
            return None
        found = (entry for entry in self._files.entries(path) if entry.path == path)
        entry = next(found, None)
        return entry if entry is not None and entry.kind is EntryKind.FILE else None

    def _document(self, entry: TreeEntry) -> YamlDocument | None:
        if too_large(entry.path, entry.size) is not None:
            return None
        try:
            return parse_yaml(self._files.read(entry), entry.path)[0]
        except AftError:
            return None
