"""The files of a revision, as everything that reads the desired state sees them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from aft.values.ids import Revision


class EntryKind(enum.StrEnum):
    """What a tree entry is; only files are ever read."""

    FILE = "file"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A file of a tree. ``path`` uses ``/``; ``size`` is in bytes; an undecodable path has its
    odd bytes shown as ``\\xNN`` and ``path_is_utf8`` false."""

    path: str
    blob_id: str
    kind: EntryKind
    size: int
    path_is_utf8: bool = True


class RevisionFiles(Protocol):
    """The files of one revision, or of the working tree. Never executes anything from it."""

    @property
    def revision(self) -> Revision:
        """The full commit id, or ``WORKING_TREE``."""
        ...

    def entries(self, prefix: str) -> Iterable[TreeEntry]:
        """Every entry at or below ``prefix`` ("" for all), sorted by path; symlinks are not
        followed. An absent prefix gives nothing."""
        ...

    def read(self, entry: TreeEntry) -> bytes:
        """The content of a FILE entry. Raises ``NotFound``."""
        ...
