"""The records of the ledger: what the stories add up to, also where ``state.json`` differs.

``state.json`` is a copy, so that not every run has to fold ten thousand stories. Those who may push
the branch may write anything into it; so it is believed only where aft is known to have written it:
in this process, in what a witness outside the repository has seen (``trust``), and in the cache on
this machine. Everywhere else the events count, and a copy that differs is a fault.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pygit2

from aft.errors import UserError
from aft.git import trees
from aft.git.ledger import layout
from aft.git.ledger.cache import ShardCache
from aft.git.ledger.layout import Story, story_of
from aft.git.ledger.soundness import faults_of
from aft.ledger.codec import decode_record, encode_record
from aft.ledger.events import ORGANIZATION, AccountRecord, LedgerDamage, LedgerFault

Tries = Callable[[str, Mapping[bytes, bytes]], str]
"""Says why the files of a subject, by name, take too much to read; "" where they do not."""
_TRIED_BYTES = 64 * 1024
"""Files of this size together are tried before they are read; smaller ones cannot take much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Those that are not forgotten, by subject, and what is wrong with their files."""

    records: Mapping[str, AccountRecord] = field(default_factory=dict)
    faults: tuple[LedgerFault, ...] = ()


class LedgerRecords:
    """Reads trees of the ledger. Not safe to share between threads."""

    def __init__(
        self, odb: pygit2.Odb, cache: ShardCache | None = None, tries: Tries | None = None
    ) -> None:
        self._odb = odb
        self._cache = cache or ShardCache(None)
        self._tries = tries
        self._shards: dict[bytes, Records] = {}
        self._sound: set[bytes] = set()
        self._trusted: bytes | None = None

    def trust(self, tree: bytes) -> None:
        """``tree`` is known to be as aft wrote it."""
        self._trusted = tree
        organization = self.folder(tree, ORGANIZATION)
        shards = (entry.id for _, entry in self._shards_of(tree))
        self._sound.update(shards if organization is None else (*shards, organization))

    def wrote(self, tree: bytes, subject: str) -> None:
        """This process has made the subject's files in ``tree``, from a record it had read."""
        folder = self.folder(tree, subject)
        if folder is not None:
            self._sound.add(folder)

    def all(self, tree: bytes | None) -> Records:
        """Every record. Shards that are as they were at the last call, by their tree id, are not
        read again."""
        if tree is None:
            return Records()
        shards: dict[bytes, Records] = {}
        for kind, shard in self._shards_of(tree):
            shards[shard.id] = self._shards.get(shard.id) or self._shard(shard, kind)
        organization = self.folder(tree, ORGANIZATION)
        found = [*shards.values()]
        if organization is not None:
            found.append(self._together([(ORGANIZATION, organization)]))
        self._shards = shards
        self._cache.save(list(shards))
        return Records(
            records={name: record for item in found for name, record in item.records.items()},
            faults=tuple(fault for item in found for fault in item.faults),
        )

    def one(self, tree: bytes | None, subject: str) -> AccountRecord | None:
        """The record of one subject; ``None`` when there is none, or it was forgotten."""
        folder = self.folder(tree, subject)
        return None if folder is None else self._read(folder, subject)[0]

    def folder(self, tree: bytes | None, subject: str) -> bytes | None:
        """The id of the subject's folder: equal ids are equal stories."""
        if tree is None:
            return None
        found = trees.find(self._odb, tree, layout.subject_path(subject))
        return found.id if found is not None and found.is_tree else None

    def story(self, tree: bytes | None, subject: str) -> Story:
        """All files of the subject; an empty story when there are none. Raises ``UserError`` for
        files that aft did not write so."""
        folder = self.folder(tree, subject)
        if folder is None:
            return Story(subject=subject)
        files = self._files(folder)
        if files is None:
            raise UserError(
                f"the ledger's files of {subject} are too large to be read",
                hint="aft did not write them: find out who else writes to the ledger's branch",
            )
        return story_of(subject, files)

    def _shards_of(self, tree: bytes) -> Iterator[tuple[bytes | None, trees.RawEntry]]:
        """The folders of 256 parts: of the accounts, and of each kind of other things."""
        accounts = trees.find(self._odb, tree, layout.ACCOUNTS)
        things = trees.find(self._odb, tree, layout.THINGS)
        kinds: list[tuple[bytes | None, trees.RawEntry]] = []
        if accounts is not None and accounts.is_tree:
            kinds.append((None, accounts))
        below = trees.entries(self._odb, things.id) if things is not None else ()
        kinds.extend((kind.name, kind) for kind in below if kind.is_tree)
        for name, kind in kinds:
            for shard in trees.entries(self._odb, kind.id):
                if shard.is_tree:
                    yield name, shard

    def _shard(self, shard: trees.RawEntry, kind: bytes | None) -> Records:
        kept = self._cache.get(shard.id)
        if kept is not None:
            return Records(records=kept)
        above = [layout.ACCOUNTS] if kind is None else [layout.THINGS, kind]
        path = b"/".join((*above, shard.name))
        folders = [entry for entry in trees.entries(self._odb, shard.id) if entry.is_tree]
        if shard.id in self._sound:
            self._sound.update(entry.id for entry in folders)
        elif self._trusted is not None:
            before = trees.find(self._odb, self._trusted, path)
            known = trees.entries(self._odb, before.id) if before is not None else ()
            self._sound.update(entry.id for entry in known)
        found: list[tuple[str, bytes]] = []
        elsewhere: list[LedgerFault] = []
        for entry in folders:
            subject = layout.subject_called(entry.name, kind)
            if layout.is_folder_of(subject, b"/".join((path, entry.name))):
                found.append((subject, entry.id))
            else:
                elsewhere.append(LedgerFault(subject=subject, damage=LedgerDamage.PLACE))
        return self._together(found, shard=shard.id, elsewhere=elsewhere)

    def _together(
        self,
        folders: list[tuple[str, bytes]],
        *,
        shard: bytes | None = None,
        elsewhere: Iterable[LedgerFault] = (),
    ) -> Records:
        """The records in these folders; those of a sound shard are kept for the next process."""
        records: dict[str, AccountRecord] = {}
        faults = list(elsewhere)
        states: list[bytes] = []
        for subject, folder in folders:
            record, found = self._read(folder, subject)
            faults += found
            if record is not None:
                records[subject] = record
                states.append(encode_record(subject, record))
        if shard is not None and not faults:
            self._cache.put(shard, states)
        return Records(records=records, faults=tuple(faults))

    def _read(
        self, folder: bytes, subject: str
    ) -> tuple[AccountRecord | None, tuple[LedgerFault, ...]]:
        """The record in a folder, and what is wrong there."""
        if folder in self._sound:
            for entry in trees.entries(self._odb, folder):
                if entry.name == layout.STATE and not entry.is_tree:
                    with contextlib.suppress(ValueError):  # of an older version
                        return decode_record(self._blob(entry.id)), ()
        files = self._files(folder)
        if files is None or self._is_too_much(subject, files):
            return None, (LedgerFault(subject=subject, damage=LedgerDamage.SIZE),)
        story = story_of(subject, files)
        record = story.record()
        faults = tuple(faults_of(story, record))
        if not faults:
            self._sound.add(folder)
        return record, faults

    def _is_too_much(self, subject: str, files: Mapping[bytes, bytes]) -> bool:
        """Those who may push the branch may write anything into it."""
        if self._tries is None or sum(map(len, files.values())) <= _TRIED_BYTES:
            return False
        return bool(self._tries(subject, files))

    def _files(self, folder: bytes) -> Mapping[bytes, bytes] | None:
        """The files in a folder by name; ``None`` where one is larger than aft writes them."""
        entries = [item for item in trees.entries(self._odb, folder) if not item.is_tree]
        if any(self._size(item.id) > layout.LARGEST for item in entries):
            return None
        return {item.name: self._blob(item.id) for item in entries}

    def _size(self, blob: bytes) -> int:
        return self._odb.read_header(pygit2.Oid(raw=blob))[1]

    def _blob(self, blob: bytes) -> bytes:
        return self._odb.read(pygit2.Oid(raw=blob))[1]
