"""The YAML documents of a revision: where they are read is the choice of those who give its files.

Most of what a repository holds was proposed by someone. Files that read documents themselves have
them parsed elsewhere (``aft.confined``); those of any other kind are parsed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

from aft.files import RevisionFiles, TreeEntry
from aft.findings.model import Finding
from aft.yamldoc import YamlDocument, parse_yaml, too_large
from aft.yamldoc.sections import section_in

Parsed = tuple[YamlDocument | None, tuple[Finding, ...]]
"""As ``parse_yaml`` gives it."""


@runtime_checkable
class ReadsDocuments(Protocol):
    """Files of a revision that parse what is in them. Nothing raises for bad content."""

    def document(self, entry: TreeEntry) -> Parsed:
        """One file's document, which may be kept from an earlier run."""
        ...

    def documents(self, entries: Iterable[TreeEntry]) -> Iterator[Parsed]:
        """Each file's document, in this order. What of them is kept, the caller keeps."""
        ...

    def section(self, entry: TreeEntry, name: str) -> tuple[Any, ...]:
        """As ``section_in``."""
        ...


def documents_of(files: RevisionFiles, entries: Iterable[TreeEntry]) -> Iterator[Parsed]:
    """Many files' documents, in this order."""
    if isinstance(files, ReadsDocuments):
        return files.documents(entries)
    return (_parsed(files, entry) for entry in entries)


def document_of(files: RevisionFiles, entry: TreeEntry) -> Parsed:
    """One file's document."""
    return files.document(entry) if isinstance(files, ReadsDocuments) else _parsed(files, entry)


def section_of(files: RevisionFiles, entry: TreeEntry, name: str) -> tuple[Any, ...]:
    """What a file with errors has at its key ``name``, as ``section_in`` says it."""
    if isinstance(files, ReadsDocuments):
        return files.section(entry, name)
    return section_in(files.read(entry), name)


def _parsed(files: RevisionFiles, entry: TreeEntry) -> Parsed:
    large = too_large(entry.path, entry.size)
    return (None, (large,)) if large is not None else parse_yaml(files.read(entry), entry.path)
