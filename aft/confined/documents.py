"""YAML of a revision, parsed in the process apart, and taken from there as plain data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from aft.confined.answers import MOST_ENDED, TOO_MANY, Answers
from aft.confined.confinement import Ended
from aft.documents import Parsed
from aft.files import RevisionFiles, TreeEntry
from aft.findings.bounds import unreadable
from aft.findings.model import Finding
from aft.values.ids import Revision
from aft.yamldoc import Loc, Place, YamlDocument, too_large

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
    """``aft.files.RevisionFiles`` that reads documents (``aft.documents``) in the process apart."""

    def __init__(
        self, files: RevisionFiles, answers: Answers, *, most_ended: int = MOST_ENDED
    ) -> None:
        self._files = files
        self._answers = answers
        self._confinement = answers.confinement
        self._most_ended = most_ended
        self.ended = 0
        """Files that hit a limit; after ``most_ended`` no further ones are read."""

    @property
    def revision(self) -> Revision:
        return self._files.revision

    def entries(self, prefix: str) -> Iterable[TreeEntry]:
        return self._files.entries(prefix)

    def read(self, entry: TreeEntry) -> bytes:
        return self._files.read(entry)

    def document(self, entry: TreeEntry) -> Parsed:
        """See ``ReadsDocuments``."""
        content = self._content(entry)
        if self.ended >= self._most_ended:
            return _not_read(entry)
        answer = self._answers.call("documents", [(entry.path, len(content))], content)
        return self._alone(entry, content, answer)

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
        found = self._answers.call("section", name, self._files.read(entry))
        return tuple(found) if isinstance(found, list) else ()

    def _content(self, entry: TreeEntry) -> bytes:
        return b"" if too_large(entry.path, entry.size) else self._files.read(entry)

    def _batches(self, entries: Iterable[TreeEntry]) -> Iterator[_Batch]:
        batch: _Batch = []
        size = 0
        for entry in entries:
            content = self._content(entry)
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
        answer = self._confinement.result(asked)
        found = self._sound(batch, answer)
        if found is not None:
            yield from found
            return
        for entry, content in batch:
            if self.ended >= self._most_ended:
                yield _not_read(entry)
                continue
            if len(batch) > 1:
                answer = self._confinement.result(self._asked([(entry, content)]))
            yield self._alone(entry, content, answer)

    def _alone(self, entry: TreeEntry, content: bytes, answer: Any | Ended) -> Parsed:
        """The document, or the finding that there is none."""
        found = self._sound([(entry, content)], answer)
        if found is not None:
            return found[0]
        self.ended += 1
        return None, (unreadable(entry.path, _why(answer)),)

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
        answer = self._answers.call("places", entry.path, self._files.read(entry))
        try:
            rows = _rows().validate_python(None if isinstance(answer, Ended) else answer)
        except ValidationError:
            return {}
        return {tuple(loc): Place(key, value) for loc, key, value in rows}


def _not_read(entry: TreeEntry) -> Parsed:
    return None, (unreadable(entry.path, TOO_MANY.why),)


def _why(answer: Any | Ended) -> str:
    return answer.why if isinstance(answer, Ended) else "it is not what it seemed"
