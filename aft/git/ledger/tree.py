"""One commit of the ledger as a tree: read a subject, write a subject, read all records.

Makes objects only. Touches no ref, no index and no work tree, so it works in bare repositories,
and whoever is killed half-way leaves nothing but unreferenced objects.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from aft.git import trees
from aft.git.ledger import layout
from aft.git.ledger.cache import ShardCache
from aft.ledger.codec import decode_event, decode_record, encode_event, encode_record
from aft.ledger.events import ORGANIZATION, AccountRecord, LedgerEvent
from aft.ledger.replay import apply_event, replay

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A subject's files. ``aside`` are the parts set aside, oldest first; ``current`` is
    ``events.jsonl``; ``state`` is ``None`` when the file is missing."""

    subject: str
    aside: tuple[tuple[bytes, bytes], ...] = ()
    current: bytes = b""
    state: bytes | None = None

    def lines(self) -> list[bytes]:
        """Every line ever written, oldest first, as it was written."""
        parts = [text for _, text in self.aside] + [self.current]
        return [line for part in parts for line in part.split(b"\n") if line]

    def last_line(self) -> bytes:
        """The youngest line, without its line end; empty when there is none."""
        for text in (self.current, *(text for _, text in reversed(self.aside))):
            if line := text.rstrip(b"\n").rpartition(b"\n")[2]:
                return line
        return b""

    def events(self) -> list[LedgerEvent]:
        """The events this version understands, oldest first."""
        return [event for event in map(read_line, self.lines()) if event is not None]

    def record(self) -> AccountRecord | None:
        """The record; ``None`` when the subject was forgotten. Rebuilt if the file is damaged."""
        if self.state is not None:
            try:
                return decode_record(self.state)
            except ValueError as error:
                _log.warning("the record of %s is rebuilt from its events: %s", self.subject, error)
        return replay(self.events())


def read_line(line: bytes) -> LedgerEvent | None:
    """The event of a line; ``None`` for a damaged one, which is kept but counts for nothing."""
    try:
        return decode_event(line)
    except ValueError:
        return None


class LedgerTree:
    """The objects of one ledger. Not safe to share between threads."""

    def __init__(self, handle: pygit2.Repository, cache: ShardCache | None = None) -> None:
        self._handle = handle
        self._odb = handle.odb
        self._cache = cache or ShardCache(None)
        self._shards: dict[bytes, Mapping[str, AccountRecord]] = {}

    # --- reading ----------------------------------------------------------------------------

    def folder(self, tree: bytes | None, subject: str) -> bytes | None:
        """The id of the subject's folder: equal ids are equal stories."""
        if tree is None:
            return None
        found = trees.find(self._odb, tree, layout.subject_path(subject))
        return found.id if found is not None and found.is_tree else None

    def story(self, tree: bytes | None, subject: str) -> Story:
        """All files of ``subject``; an empty story when there are none."""
        folder = self.folder(tree, subject)
        return Story(subject=subject) if folder is None else self._story(folder, subject)

    def records(self, tree: bytes) -> Mapping[str, AccountRecord]:
        """All records but the forgotten ones. Shards that are as they were at the last call, by
        their tree id, are not read again."""
        shards: dict[bytes, Mapping[str, AccountRecord]] = {}
        found: dict[str, AccountRecord] = {}
        organization = self.folder(tree, ORGANIZATION)
        record = None if organization is None else self._record(organization, ORGANIZATION)[0]
        if record is not None:
            found[ORGANIZATION] = record
        for folder, kind in self._folders(tree):
            for shard in trees.entries(self._odb, folder):
                if shard.is_tree:
                    known = self._shards.get(shard.id) or self._cache.get(shard.id)
                    shards[shard.id] = known if known is not None else self._shard(shard.id, kind)
                    found.update(shards[shard.id])
        self._shards = shards
        self._cache.save(list(shards))
        return found

    def _folders(self, tree: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """The folders that hold shards: of the accounts, and of each kind of other things."""
        accounts = trees.find(self._odb, tree, layout.ACCOUNTS)
        if accounts is not None and accounts.is_tree:
            yield accounts.id, None
        things = trees.find(self._odb, tree, layout.THINGS)
        for kind in trees.entries(self._odb, things.id) if things is not None else ():
            if kind.is_tree:
                yield kind.id, kind.name

    def _shard(self, shard: bytes, kind: bytes | None) -> Mapping[str, AccountRecord]:
        """All records of one shard; kept for the next process if none had to be rebuilt."""
        found: dict[str, AccountRecord | None] = {}
        states: list[bytes] = []
        for entry in trees.entries(self._odb, shard):
            if entry.is_tree:
                subject = (
                    entry.name.decode(errors="backslashreplace")
                    if kind is None
                    else layout.thing_of(kind, entry.name)
                )
                found[subject], state = self._record(entry.id, subject)
                states.extend([state] if state is not None else [])
        if len(states) == len(found):
            self._cache.put(shard, states)
        return {subject: record for subject, record in found.items() if record is not None}

    def _record(self, folder: bytes, subject: str) -> tuple[AccountRecord | None, bytes | None]:
        """The record, and the file it was read from unless it had to be rebuilt."""
        for entry in trees.entries(self._odb, folder):
            if entry.name == layout.STATE and not entry.is_tree:
                state = self._blob(entry.id)
                with contextlib.suppress(ValueError):
                    return decode_record(state), state
        return self._story(folder, subject).record(), None

    def _story(self, folder: bytes, subject: str) -> Story:
        files = {
            entry.name: entry.id for entry in trees.entries(self._odb, folder) if not entry.is_tree
        }
        aside = sorted(name for name in files if layout.is_story(name) and name != layout.EVENTS)
        current = files.get(layout.EVENTS)
        state = files.get(layout.STATE)
        return Story(
            subject=subject,
            aside=tuple((name, self._blob(files[name])) for name in aside),
            current=b"" if current is None else self._blob(current),
            state=None if state is None else self._blob(state),
        )

    def _blob(self, blob: bytes) -> bytes:
        return self._odb.read(pygit2.Oid(raw=blob))[1]

    # --- writing ----------------------------------------------------------------------------

    def append(self, tree: bytes | None, subject: str, events: Sequence[LedgerEvent]) -> bytes:
        """A tree with ``events`` at the end of the subject's story; the record follows."""
        story = self.story(tree, subject)
        is_new = story.state is None and not story.current and not story.aside
        record = AccountRecord(subject=subject) if is_new else story.record()
        for event in events:
            record = apply_event(record, event)
        lines = b"".join(_chained(events, after=story.last_line()))
        files: dict[bytes, bytes] = {}
        current = _ended(story.current)
        if current and len(current) + len(lines) > layout.ROTATE_AT:
            files[layout.set_aside_name(len(story.aside) + 1)] = current
            current = b""
        files[layout.EVENTS] = current + lines
        files[layout.STATE] = encode_record(subject, record)
        return self._write(tree, subject, files)

    def replace_current(self, tree: bytes | None, story: Story, lines: Sequence[bytes]) -> bytes:
        """A tree where ``lines`` are the subject's ``events.jsonl``; the record follows."""
        current = b"".join(line + b"\n" for line in lines)
        merged = Story(subject=story.subject, aside=story.aside, current=current)
        state = encode_record(story.subject, merged.record())
        return self._write(tree, story.subject, {layout.EVENTS: current, layout.STATE: state})

    def without_snapshot(self, tree: bytes | None) -> tuple[trees.RawEntry, ...]:
        """What the ledger's events are in: all at the top but the published snapshot and the
        text that explains the branch."""
        aside = (layout.SNAPSHOT, layout.README_NAME)
        below = () if tree is None else trees.entries(self._odb, tree)
        return tuple(entry for entry in below if entry.name not in aside)

    def with_snapshot(self, tree: bytes | None, files: Mapping[str, bytes]) -> bytes:
        """A tree whose published snapshot is ``files`` (``folder/name`` or ``name``) alone."""
        folders: dict[str, dict[bytes, pygit2.Oid]] = {}
        for path, content in files.items():
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, {})[name.encode()] = self._handle.create_blob(content)
        made: bytes | None = None
        for folder, blobs in sorted(folders.items()):
            made = self._with(made, [folder.encode()] if folder else [], blobs)
        if tree is None:
            tree = self._with(None, [], self._readme())
        builder = self._handle.TreeBuilder(pygit2.Oid(raw=tree))
        if made is not None:
            builder.insert(layout.SNAPSHOT.decode(), pygit2.Oid(raw=made), FileMode.TREE)
        return builder.write().raw

    def _readme(self) -> Mapping[bytes, pygit2.Oid]:
        return {layout.README_NAME: self._handle.create_blob(layout.README)}

    def _write(self, tree: bytes | None, subject: str, files: Mapping[bytes, bytes]) -> bytes:
        blobs = {name: self._handle.create_blob(content) for name, content in files.items()}
        if tree is None:
            tree = self._with(None, [], self._readme())
        return self._with(tree, layout.subject_path(subject).split(b"/"), blobs)

    def _with(
        self, tree: bytes | None, folders: Sequence[bytes], blobs: Mapping[bytes, pygit2.Oid]
    ) -> bytes:
        """``tree`` with ``blobs`` in it, ``folders`` down."""
        builder = self._handle.TreeBuilder(*([] if tree is None else [pygit2.Oid(raw=tree)]))
        if not folders:
            for name, blob in blobs.items():
                builder.insert(name.decode(), blob, FileMode.BLOB)
            return builder.write().raw
        inner = None if tree is None else trees.find(self._odb, tree, folders[0])
        below = inner.id if inner is not None and inner.is_tree else None
        written = self._with(below, folders[1:], blobs)
        builder.insert(folders[0].decode(), pygit2.Oid(raw=written), FileMode.TREE)
        return builder.write().raw


def _chained(events: Iterable[LedgerEvent], *, after: bytes) -> Iterator[bytes]:
    """The lines of ``events``, each with the digest of the one before it."""
    for event in events:
        after = encode_event(event, previous=after)
        yield after + b"\n"


def _ended(text: bytes) -> bytes:
    """``text`` up to a line end, so that what follows begins on a line of its own."""
    return text if not text or text.endswith(b"\n") else text + b"\n"
