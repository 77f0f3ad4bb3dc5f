"""Commits of the ledger: new ones for events, and ours again on top of other runs'.

Makes objects only; which commit the branch points at is ``aft.git.ledger.store``'s. As ``git log``
shows them they are a sentence, then trailers. The same events give the same bytes, whoever commits
them: two runs that replay the same commit make the same commit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pygit2
from pygit2.enums import SortMode

from aft.git import trees
from aft.git.ledger import layout
from aft.git.ledger.cache import ShardCache
from aft.git.ledger.tree import LedgerTree, Story, read_line
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent
from aft.ledger.timeline import description

_COMMITTER = "aft"
_EMAIL = "aft@aft.invalid"
_TITLE_LENGTH = 120
_NAMED = re.compile(r"\s*([^<>]+?)\s*<([^<>\s]+)>\s*")


class LedgerCommits:
    """Reads and makes commits through one handle. Not safe to share between threads."""

    def __init__(self, handle: pygit2.Repository, cache: ShardCache | None = None) -> None:
        self._handle = handle
        self._tree = LedgerTree(handle, cache)

    # --- reading ----------------------------------------------------------------------------

    def records(self, commit: str | None) -> Mapping[str, AccountRecord]:
        """All records at ``commit``."""
        tree = self.tree_of(commit)
        return {} if tree is None else self._tree.records(tree)

    def story(self, commit: str | None, subject: str) -> Story:
        """A subject's files at ``commit``."""
        return self._tree.story(self.tree_of(commit), subject)

    def folder(self, commit: str | None, subject: str) -> bytes | None:
        """Equal ids are equal stories."""
        return self._tree.folder(self.tree_of(commit), subject)

    def tree_of(self, commit: str | None) -> bytes | None:
        """The tree of ``commit``; ``None`` for the empty ledger."""
        return None if commit is None else self._commit(commit).tree_id.raw

    def last_event(self, commit: str | None) -> str | None:
        """The newest commit, from ``commit`` back, that holds more than a published snapshot."""
        while commit is not None:
            found = self._commit(commit)
            parent = str(found.parent_ids[0]) if found.parent_ids else None
            here, below = found.tree_id.raw, self.tree_of(parent)
            if self._tree.without_snapshot(here) != self._tree.without_snapshot(below):
                return commit
            commit = parent
        return None

    # --- making -----------------------------------------------------------------------------

    def append(self, commit: str | None, batches: Mapping[str, Sequence[LedgerEvent]]) -> str:
        """One commit per subject on top of ``commit``; the last one's id."""
        for subject, events in batches.items():
            below = self.tree_of(commit)
            named = self._naming_intents(below, subject, events)
            tree = self._tree.append(below, subject, named)
            last, message = named[-1], _message(subject, named)
            commit = self._commit_on(commit, tree, _author(last), _aft(last.at), message)
        if commit is None:
            raise ValueError("nothing to append")
        return commit

    def with_snapshot(
        self, commit: str | None, files: Mapping[str, bytes], *, message: str, at: datetime
    ) -> str:
        """A commit on top of ``commit`` whose published snapshot is ``files``."""
        tree = self._tree.with_snapshot(self.tree_of(commit), files)
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
        for commit in list(walker):
            tip = self._again(commit, tip)
        return tip

    def _again(self, commit: pygit2.Commit, tip: str) -> str:
        parent = str(commit.parent_ids[0]) if commit.parent_ids else None
        tree = self.tree_of(tip)
        for subject in self._subjects(parent, commit):
            before = self.story(parent, subject).lines()
            added = _added(before, self.story(str(commit.id), subject).lines())
            story = self._tree.story(tree, subject)
            new = _added(story.lines(), added)
            if new:
                lines = [line for line in story.current.split(b"\n") if line]
                merged = _merged(lines, new, seen=frozenset(before))
                tree = self._tree.replace_current(tree, story, merged)
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
        before = self._tree.story(tree, subject).record()
        if before is None or before.intent is None:
            return events
        about = {"intent_run": before.intent.run}
        return [
            replace(event, data={**about, **event.data})
            if event.kind is EventKind.INTENT_SETTLED
            else event
            for event in events
        ]

    def _subjects(self, parent: str | None, commit: pygit2.Commit) -> Iterator[str]:
        below = self.tree_of(parent)
        old = None if below is None else trees.RawEntry(trees.TREE, b"", below)
        new = trees.RawEntry(trees.TREE, b"", commit.tree_id.raw)
        paths = sorted(trees.changed(self._handle.odb, old, new))
        subjects = (layout.subject_of(path) for path in paths)
        return iter(dict.fromkeys(subject for subject in subjects if subject is not None))

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
        return str(self._handle.create_commit(None, author, committer, message, oid, parents))

    def _commit(self, commit: str) -> pygit2.Commit:
        return self._handle[commit].peel(pygit2.Commit)


def _added(before: Sequence[bytes], after: Sequence[bytes]) -> list[bytes]:
    """The lines of ``after`` beyond those of ``before``, in order."""
    known = Counter(before)
    added: list[bytes] = []
    for line in after:
        if known[line]:
            known[line] -= 1
        else:
            added.append(line)
    return added


def _merged(lines: Sequence[bytes], new: Sequence[bytes], *, seen: frozenset[bytes]) -> list[bytes]:
    """``new`` put into ``lines`` by time, after the last line that its run had seen."""
    merged = list(lines)
    place = 1 + max((index for index, line in enumerate(lines) if line in seen), default=-1)
    for line in new:
        event = read_line(line)
        while event is not None and place < len(merged):
            there = read_line(merged[place])
            if there is not None and there.at > event.at:
                break
            place += 1
        merged.insert(place, line)
        place += 1
    return merged


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
    name, email = named.groups() if named else (event.actor, _EMAIL)
    return _signature(re.sub(r"[<>]", "", _line(name)) or _COMMITTER, _line(email), event.at)


def _aft(at: datetime) -> pygit2.Signature:
    """aft, at ``at`` (aware)."""
    return _signature(_COMMITTER, _EMAIL, at)


def _signature(name: str, email: str, at: datetime) -> pygit2.Signature:
    return pygit2.Signature(name, email, max(0, int(at.timestamp())), 0, "utf-8")


def _line(text: str) -> str:
    """One line: a summary must not be able to write trailers of its own."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.encode(errors="backslashreplace").decode().split())
