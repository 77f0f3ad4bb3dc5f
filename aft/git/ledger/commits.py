"""Commits of the ledger, read and made: new ones for events, ours again on top of other runs'.

Makes objects only, so it works in bare repositories, and a process killed half-way leaves nothing
but unreferenced objects; which commit the branch points at is ``aft.git.ledger.store``'s. ``git
log`` shows them as a sentence, then trailers. The same events give the same bytes, for any author:
two runs that replay the same commit make the same commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pygit2
from pygit2.enums import FileMode, SortMode

from aft.git import trees
from aft.git.ledger import layout
from aft.git.ledger.cache import ShardCache
from aft.git.ledger.layout import Story, chained, ended
from aft.git.ledger.lines import lines_beyond, merged_lines, news
from aft.git.ledger.records import LedgerRecords, Records, Tries
from aft.ledger.codec import encode_record
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent
from aft.ledger.replay import apply_event
from aft.ledger.timeline import description
from aft.redaction import redact, redacted_bytes
from aft.text.policy import one_line

_COMMITTER = "aft"
_EMAIL = "aft@aft.invalid"
_TITLE_LENGTH = 120
_NAMED = re.compile(r"([^<>]+)<([^<>\s]+)>\s*")


class LedgerCommits:
    """Reads and makes commits through one handle. Not safe to share between threads."""

    def __init__(
        self,
        handle: pygit2.Repository,
        cache: ShardCache | None = None,
        tries: Tries | None = None,
    ) -> None:
        self._handle = handle
        self._odb = handle.odb
        self._tries = tries
        self._read = LedgerRecords(self._odb, cache, tries)

    # --- reading ----------------------------------------------------------------------------

    def story(self, commit: str | None, subject: str) -> Story:
        """All files of ``subject`` at ``commit``; an empty story when there are none."""
        return self._read.story(self.tree_of(commit), subject)

    def folder(self, commit: str | None, subject: str) -> bytes | None:
        """The id of the subject's folder: equal ids are equal stories."""
        return self._read.folder(self.tree_of(commit), subject)

    def record(self, commit: str | None, subject: str) -> AccountRecord | None:
        """The record of one subject; ``None`` when there is none, or it was forgotten."""
        return self._read.one(self.tree_of(commit), subject)

    def records(self, commit: str | None) -> Records:
        """All records but the forgotten ones, and what is wrong with the files they are in."""
        return self._read.all(self.tree_of(commit))

    def contains(self, tip: str | None, commit: str) -> bool:
        """Whether ``commit`` is ``tip`` or below it. False for one that is not here at all."""
        if tip is None or tip == commit:
            return tip == commit
        try:
            return self._handle.descendant_of(tip, commit)
        except (KeyError, ValueError, pygit2.GitError):
            return False

    def trust(self, commit: str) -> None:
        """``commit`` is known to be aft's own, with all that is below it."""
        tree = self.tree_of(commit)
        if tree is not None:
            self._read.trust(tree)

    def examined(self, commit: str | None) -> Records:
        """The same, and nothing is believed that was read, written or kept before."""
        return LedgerRecords(self._odb, tries=self._tries).all(self.tree_of(commit))

    def tree_of(self, commit: str | None) -> bytes | None:
        """The tree of ``commit``; ``None`` for the empty ledger."""
        return None if commit is None else self._commit(commit).tree_id.raw

    def last_event(self, commit: str | None) -> str | None:
        """The newest commit, from ``commit`` back, that holds more than a published snapshot."""
        while commit is not None:
            found = self._commit(commit)
            parent = str(found.parent_ids[0]) if found.parent_ids else None
            here, below = found.tree_id.raw, self.tree_of(parent)
            if self._without_snapshot(here) != self._without_snapshot(below):
                return commit
            commit = parent
        return None

    def last_before(self, commit: str | None, at: datetime) -> str | None:
        """The newest commit, from ``commit`` back, that was made before ``at``."""
        while commit is not None:
            found = self._commit(commit)
            if found.commit_time < at.timestamp():
                return commit
            commit = str(found.parent_ids[0]) if found.parent_ids else None
        return None

    def between(
        self, tip: str | None, above: Iterable[str]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each commit at or below ``tip``, after those below it, and its parents; not the commits
        ``above`` and what is below them. Those that are not here at all hide nothing."""
        if tip is None:
            return
        walker = self._handle.walk(tip, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        for commit in above:
            if commit in self._handle:
                walker.hide(commit)
        for found in walker:
            yield str(found.id), tuple(str(parent) for parent in found.parent_ids)

    def subjects(self, parent: str | None, commit: str) -> Iterator[str]:
        """The subjects whose files differ between two commits."""
        below = self.tree_of(parent)
        old = None if below is None else trees.RawEntry(trees.TREE, b"", below)
        new = trees.RawEntry(trees.TREE, b"", self._commit(commit).tree_id.raw)
        paths = sorted(trees.changed(self._odb, old, new))
        subjects = (layout.subject_of(path) for path in paths)
        return iter(dict.fromkeys(subject for subject in subjects if subject is not None))

    # --- making -----------------------------------------------------------------------------

    def append(self, commit: str | None, batches: Mapping[str, Sequence[LedgerEvent]]) -> str:
        """One commit per subject on top of ``commit``; the last one's id."""
        for subject, events in batches.items():
            below = self.tree_of(commit)
            named = self._naming_intents(below, subject, events)
            tree = self._appended(below, subject, named)
            last, message = named[-1], _message(subject, named)
            commit = self._commit_on(commit, tree, _author(last), _aft(last.at), message)
        if commit is None:
            raise ValueError("nothing to append")
        return commit

    def with_snapshot(
        self, commit: str | None, files: Mapping[str, bytes], *, message: str, at: datetime
    ) -> str:
        """A commit on top of ``commit`` whose published snapshot is ``files``."""
        tree = self._tree_with_snapshot(self.tree_of(commit), files)
        who = _aft(at)
        return self._commit_on(commit, tree, who, who, message)

    def on_top_of(self, theirs: str, ours: str | None) -> str:
        """``ours`` with everything of ``theirs`` below it: their commit when that contains all. Our
        commits are made again, each with the events it added. Those of one subject are ordered by
        time among what came from elsewhere meanwhile, and never before anything that their run had
        already seen. A snapshot that was not pushed is left behind: the next publication makes a
        newer one."""
        if ours is None:
            return theirs
        if ours == theirs or self._handle.descendant_of(ours, theirs):
            return ours
        tip = theirs
        walker = self._handle.walk(ours, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walker.hide(theirs)
        instead: dict[str, str] = {}
        for commit in list(walker):
            tip = self._again(commit, tip, instead)
        return tip

    def _again(self, commit: pygit2.Commit, tip: str, instead: dict[str, str]) -> str:
        parent = str(commit.parent_ids[0]) if commit.parent_ids else None
        tree = self.tree_of(tip)
        for subject in self.subjects(parent, str(commit.id)):
            before = self.story(parent, subject).lines()
            added = lines_beyond(before, self.story(str(commit.id), subject).lines())
            story = self._read.story(tree, subject)
            new = news(
                lines_beyond(story.lines(), added),
                since=lines_beyond(before, story.lines()),
                instead=instead,
            )
            if new:
                lines = [line for line in story.current.split(b"\n") if line]
                merged = merged_lines(lines, new, seen=frozenset(before))
                tree = self._replaced(tree, story, merged)
        if tree is None or tree == self.tree_of(tip):
            return tip  # another run has already brought all of it there
        return self._commit_on(tip, tree, commit.author, commit.committer, commit.message)

    def _naming_intents(
        self, tree: bytes | None, subject: str, events: Sequence[LedgerEvent]
    ) -> Sequence[LedgerEvent]:
        """A settled intent names the run that had opened it, so that, on top of another run's
        commits, it closes that intent and no newer one."""
        if all(event.kind is not EventKind.INTENT_SETTLED for event in events):
            return events
        before = self._read.one(tree, subject)
        if before is None or before.intent is None:
            return events
        about = {"intent_run": before.intent.run}
        return [
            replace(event, data={**about, **event.data})
            if event.kind is EventKind.INTENT_SETTLED
            else event
            for event in events
        ]

    def _appended(self, tree: bytes | None, subject: str, events: Sequence[LedgerEvent]) -> bytes:
        """A tree with ``events`` at the end of the subject's story; the record follows."""
        story = self._read.story(tree, subject)
        is_new = story.state is None and not story.current and not story.aside
        record = AccountRecord(subject=subject) if is_new else self._read.one(tree, subject)
        for event in events:
            record = apply_event(record, event)
        lines = b"".join(chained(events, after=story.last_line()))
        files: dict[bytes, bytes] = {}
        current = ended(story.current)
        if current and len(current) + len(lines) > layout.ROTATE_AT:
            files[layout.set_aside_name(len(story.aside) + 1)] = current
            current = b""
        files[layout.EVENTS] = current + lines
        files[layout.STATE] = encode_record(subject, record)
        written = self._write(tree, subject, files)
        self._read.wrote(written, subject)
        return written

    def _replaced(self, tree: bytes | None, story: Story, lines: Sequence[bytes]) -> bytes:
        """A tree where ``lines`` are the subject's ``events.jsonl``; the record follows."""
        current = b"".join(line + b"\n" for line in lines)
        merged = Story(subject=story.subject, aside=story.aside, current=current)
        state = encode_record(story.subject, merged.record())
        return self._write(tree, story.subject, {layout.EVENTS: current, layout.STATE: state})

    def _without_snapshot(self, tree: bytes | None) -> tuple[trees.RawEntry, ...]:
        """What the ledger's events are in: all at the top but the published snapshot and the
        text that explains the branch."""
        aside = (layout.SNAPSHOT, layout.README_NAME)
        below = () if tree is None else trees.entries(self._odb, tree)
        return tuple(entry for entry in below if entry.name not in aside)

    def _tree_with_snapshot(self, tree: bytes | None, files: Mapping[str, bytes]) -> bytes:
        """A tree whose published snapshot is ``files`` (``folder/name`` or ``name``) alone."""
        folders: dict[str, dict[bytes, pygit2.Oid]] = {}
        for path, content in files.items():
            folder, _, name = path.rpartition("/")
            blob = self._handle.create_blob(redacted_bytes(content))
            folders.setdefault(folder, {})[name.encode()] = blob
        made: bytes | None = None
        for folder, blobs in sorted(folders.items()):
            made = self._with(made, [folder.encode()] if folder else [], blobs)
        builder = self._handle.TreeBuilder(pygit2.Oid(raw=self._begun(tree)))
        if made is not None:
            builder.insert(layout.SNAPSHOT.decode(), pygit2.Oid(raw=made), FileMode.TREE)
        return builder.write().raw

    def _begun(self, tree: bytes | None) -> bytes:
        """``tree``, or that of a new ledger, with the text that explains the branch."""
        if tree is not None:
            return tree
        readme = self._handle.create_blob(layout.README)
        return self._with(None, [], {layout.README_NAME: readme})

    def _write(self, tree: bytes | None, subject: str, files: Mapping[bytes, bytes]) -> bytes:
        # Lines of events are clean from the beginning, and are never written differently: each has
        # the digest of the one before it.
        state = {name: redacted_bytes(text) for name, text in files.items() if name == layout.STATE}
        blobs = {name: self._handle.create_blob(text) for name, text in {**files, **state}.items()}
        return self._with(self._begun(tree), layout.subject_path(subject).split(b"/"), blobs)

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

    def _commit_on(
        self,
        parent: str | None,
        tree: bytes,
        author: pygit2.Signature,
        committer: pygit2.Signature,
        message: str,
    ) -> str:
        parents = [] if parent is None else [parent]
        oid = pygit2.Oid(raw=tree)
        said = redact(message)
        return str(self._handle.create_commit(None, author, committer, said, oid, parents))

    def _commit(self, commit: str) -> pygit2.Commit:
        return self._handle[commit].peel(pygit2.Commit)


# --- messages --------------------------------------------------------------------------------


def _message(subject: str, events: Sequence[LedgerEvent]) -> str:
    """What happened to ``subject``, with one trailer per fact worth searching for."""
    summaries = [_line(description(event)) for event in events]
    title = summaries[-1]
    if not re.search(rf"(?<![\w.-]){re.escape(subject)}(?![\w-])", title):
        title = f"{subject}: {title}"
    if len(title) > _TITLE_LENGTH:
        title = title[: _TITLE_LENGTH - 1] + "…"
    body = [f"- {summary}" for summary in summaries] if len(summaries) > 1 else []
    parts = [title, "\n".join(body), "\n".join(_trailers(subject, events))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _trailers(subject: str, events: Sequence[LedgerEvent]) -> Iterable[str]:
    facts = [("Aft-Subject", subject)]
    for event in events:
        facts += [
            ("Aft-Event", event.kind.value),
            ("Aft-Run", event.run),
            ("Aft-Actor", event.actor),
            ("Aft-Account", event.account_id or ""),
            ("Aft-Revision", event.revision),
            ("Aft-Request-Commit", event.request_commit),
            ("Aft-Plan", event.plan_digest),
            *(("Aft-Aws-Request", request) for request in event.aws_request_ids),
        ]
    for name, value in dict.fromkeys(facts):
        if text := _line(value):
            yield f"{name}: {text}"


def _author(event: LedgerEvent) -> pygit2.Signature:
    """Who asked for the run, at the event's own time. ``Name <address>`` is understood."""
    named = _NAMED.fullmatch(event.actor)
    name, email = named.groups() if named and named[1].strip() else (event.actor, _EMAIL)
    return _signature(re.sub(r"[<>]", "", _line(name)) or _COMMITTER, _line(email), event.at)


def _aft(at: datetime) -> pygit2.Signature:
    """aft, at ``at`` (aware)."""
    return _signature(_COMMITTER, _EMAIL, at)


def _signature(name: str, email: str, at: datetime) -> pygit2.Signature:
    return pygit2.Signature(redact(name), redact(email), max(0, int(at.timestamp())), 0, "utf-8")


def _line(text: str) -> str:
    """One line: a summary must not be able to write trailers."""
    return one_line(text).strip()
