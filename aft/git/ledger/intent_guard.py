"""Refuses an intent that another run came before: two open intents would be two accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pygit2

from aft.errors import Conflict
from aft.git.ledger.commits import LedgerCommits
from aft.git.ledger.layout import read_line
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent
from aft.ledger.replay import apply_event

_GUARDED = frozenset({EventKind.INTENT, EventKind.INTENT_SETTLED})
_VERBS = {
    EventKind.INTENT: "has opened an intent to create an account",
    EventKind.CREATING: "is creating an account",
    EventKind.BOUND: "has bound an account",
}


class Guard:
    """Remembers what this process has seen of the ledger. Not safe to share between threads.
    Intents, and the settling of intents, are refused with ``Conflict`` when another run has opened,
    started or finished a creation for the subject since the ledger was last read here."""

    def __init__(self, commits: LedgerCommits) -> None:
        self._commits = commits
        self._has_read = False
        self._seen: str | None = None
        self._bound: Mapping[str, AccountRecord] = {}

    def has_seen(self, commit: str | None, records: Mapping[str, AccountRecord]) -> None:
        """The caller has read the ledger at ``commit``."""
        self._has_read, self._seen, self._bound = True, commit, records

    def guards(self, events: Sequence[LedgerEvent]) -> bool:
        """True when these events may be refused, so that they must not be written early."""
        return any(event.kind in _GUARDED for event in events)

    def check(self, tip: str | None, batches: Mapping[str, Sequence[LedgerEvent]]) -> None:
        """Raises ``Conflict`` when ``batches`` may not be appended to ``tip``."""
        for subject, events in batches.items():
            if self.guards(events):
                self._check_meanwhile(tip, subject, events[0].run)
                self._check_open(tip, subject, events)

    def _check_meanwhile(self, tip: str | None, subject: str, run: str) -> None:
        if not self._has_read:
            return
        try:
            if self._commits.folder(tip, subject) == self._commits.folder(self._seen, subject):
                return
            known = frozenset(self._commits.story(self._seen, subject).lines())
        except (KeyError, pygit2.GitError):
            return  # the commit we saw was rewritten away; the record itself still decides
        for line in self._commits.story(tip, subject).lines():
            event = None if line in known else read_line(line)
            if event is not None and event.run != run and event.kind in _VERBS:
                raise _conflict(subject, event.run, _VERBS[event.kind])

    def _check_open(self, tip: str | None, subject: str, events: Sequence[LedgerEvent]) -> None:
        story = self._commits.story(tip, subject)
        record = story.record() or AccountRecord(subject=subject)
        for event in events:
            if event.kind is EventKind.INTENT:
                before = self._bound.get(subject)
                known = before.account_id if before is not None else None
                if record.intent is not None and record.intent.run != event.run:
                    raise _conflict(subject, record.intent.run, _VERBS[EventKind.INTENT])
                if record.account_id not in (None, known):
                    raise _conflict(subject, record.last_run, _VERBS[EventKind.BOUND])
            record = apply_event(record, event) or AccountRecord(subject=subject)


def _conflict(subject: str, run: str, what: str) -> Conflict:
    return Conflict(
        f"run {run} {what} for {subject} meanwhile",
        hint="this run created nothing; plan again to see what the other one did",
    )
