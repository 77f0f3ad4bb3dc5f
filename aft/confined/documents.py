"""YAML of a revision, parsed in the process apart, and taken from there as plain data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from aft.confined.child import Confinement, Ended, Work
from aft.documents import Parsed
from aft.files import RevisionFiles, TreeEntry
from aft.findings.bounds import unreadable
from aft.findings.model import Finding
from aft.values.ids import Revision
from aft.yamldoc import Loc, Place, YamlDocument, parse_yaml, too_large
from aft.yamldoc.sections import section_in

MOST_ENDED = 10
"""Files of one revision that may hit a limit; those behind them are not read."""
_BATCH_BYTES = 32 * 1024
_BATCH_FILES = 64
"""Small files go together: one job for many. A batch that is not done is done file by file."""


_Batch = list[tuple[TreeEntry, bytes]]
_Row = tuple[list[str | int], tuple[int, int], tuple[int, int]]
"""A value: its place in the document, and where its key and itself begin."""


@cache
def _findings() -> TypeAdapter[tuple[Finding, ...]]:
    return TypeAdapter(tuple[Finding, ...])


@cache
def _rows() -> TypeAdapter[list[_Row]]:
    return TypeAdapter(list[_Row])


class ConfinedFiles:
    """``aft.files.RevisionFiles`` that reads documents (``aft.documents``) in ``confinement``."""

    def __init__(self, files: RevisionFiles, confinement: Confinement) -> None:
        self._files = files
        self._confinement = confinement
        self._ended = 0

    @property
    def revision(self) -> Revision:
        return self._files.revision

    def entries(self, prefix: str) -> Iterable[TreeEntry]:
        return self._files.entries(prefix)

    def read(self, entry: TreeEntry) -> bytes:
        return self._files.read(entry)

    def documents(self, entries: Iterable[TreeEntry]) -> Iterator[Parsed]:
        """See ``ReadsDocuments``."""
        ahead: deque[tuple[_Batch, int]] = deque()
        for batch in self._batches(entries):
            ahead.append((batch, self._asked(batch)))
            if len(ahead) > 1:
                yield from self._answered(*ahead.popleft())
        while ahead:
            yield from self._answered(*ahead.popleft())

    def section(self, entry: TreeEntry, name: str) -> tuple[Any, ...]:
        """See ``ReadsDocuments``."""
        found = self._confinement.call("section", name, self._files.read(entry))
        return tuple(found) if isinstance(found, list) else ()

    def _batches(self, entries: Iterable[TreeEntry]) -> Iterator[_Batch]:
        batch: _Batch = []
        size = 0
        for entry in entries:
            content = b"" if too_large(entry.path, entry.size) else self._files.read(entry)
            if batch and (size + len(content) > _BATCH_BYTES or len(batch) == _BATCH_FILES):
                yield batch
                batch, size = [], 0
            batch.append((entry, content))
            size += len(content)
        if batch:
            yield batch

    def _asked(self, batch: _Batch) -> int:
        argument = [(entry.path, len(content)) for entry, content in batch]
        content = b"".join(content for _, content in batch)
        return self._confinement.submit("documents", argument, content)

    def _answered(self, batch: _Batch, asked: int) -> Iterator[Parsed]:
        found = self._sound(batch, self._confinement.result(asked))
        if found is not None:
            yield from found
            return
        for entry, content in batch:
            alone = [(entry, content)]
            if self._ended >= MOST_ENDED:
                why = "too many other files of this revision hit a limit"
                yield None, (unreadable(entry.path, why),)
                continue
            answer = self._confinement.result(self._asked(alone))
            found = self._sound(alone, answer)
            if found is not None:
                yield from found
                continue
            self._ended += 1
            why = answer.why if isinstance(answer, Ended) else "it is not what it seemed"
            yield None, (unreadable(entry.path, why),)

    def _sound(self, batch: _Batch, answer: Any) -> list[Parsed] | None:
        """The documents of a batch; ``None`` where the process says anything but that."""
        if not isinstance(answer, list) or len(answer) != len(batch):
            return None
        found: list[Parsed] = []
        for (entry, _), said in zip(batch, answer, strict=True):
            match said:
                case {"data": dict() | None as data, "findings": list() as rows}:
                    pass
                case _:
                    return None
            try:
                findings = _findings().validate_python(rows) if rows else ()
            except ValidationError:
                return None
            if any(item.path != entry.path for item in findings):
                return None
            if large := too_large(entry.path, entry.size):
                found.append((None, (large,)))
            elif data is not None:
                places = partial(self._places, entry)
                document = YamlDocument(data=data, path=entry.path, places=places)
                found.append((document, findings))
            elif findings:
                found.append((None, findings))
            else:
                return None
        return found

    def _places(self, entry: TreeEntry) -> Mapping[Loc, Place]:
        """Asked for when there is a finding; none where they cannot be known."""
        answer = self._confinement.call("places", entry.path, self._files.read(entry))
        try:
            rows = _rows().validate_python(None if isinstance(answer, Ended) else answer)
        except ValidationError:
            return {}
        return {tuple(loc): Place(key, value) for loc, key, value in rows}


def _documents(files: Any, content: bytes) -> Any:
    found, at = [], 0
    for path, size in files:
        found.append(document_work(path, content[at : at + size]))
        at += size
    return found


def document_work(path: str, content: bytes) -> Any:
    """One document as plain JSON."""
    document, findings = parse_yaml(content, path)
    return {
        "data": None if document is None else document.data,
        "findings": _findings().dump_python(findings, mode="json") if findings else [],
    }


def _places(path: Any, content: bytes) -> Any:
    document, _ = parse_yaml(content, path)
    found = {} if document is None else document.places
    return [[loc, place.key, place.value] for loc, place in found.items()]


def _section(name: Any, content: bytes) -> Any:
    return section_in(content, name)


WORKS: Mapping[str, Work] = {"documents": _documents, "places": _places, "section": _section}
