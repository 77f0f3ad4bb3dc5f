"""Refuses an intent that another run came before: two open intents would be two accounts.

An intent is a lease, so that a run which was frozen cannot act on what another one has taken over
meanwhile: every event about it names the lease it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pygit2

from aft.errors import Overtaken
from aft.git.ledger.commits import LedgerCommits
from aft.git.ledger.layout import read_line
from aft.ledger.events import AccountRecord, EventKind, LedgerEvent
from aft.ledger.replay import apply_event, binds_again

_GUARDED = frozenset({EventKind.INTENT, EventKind.INTENT_SETTLED})
_VERBS = {
    EventKind.INTENT: "has opened an intent to create an account",
    EventKind.INTENT_SETTLED: "has settled the intent to create an account",
    EventKind.CREATING: "is creating an account",
    EventKind.BOUND: "has bound an account",
}
_CLAIMS = _VERBS.keys() - {EventKind.INTENT_SETTLED}


class Guard:
    """Remembers what this process has seen of the ledger. Not safe to share between threads.
    Intents, and the settling of intents, are refused with ``Overtaken`` when another run has
    opened, started or finished a creation for the subject since the subject was last read here,
    or when they name a lease that is over."""

    def __init__(self, commits: LedgerCommits) -> None:
        self._commits = commits
        self._has_read = False
        self._seen: str | None = None
        self._records: Mapping[str, AccountRecord] = {}
        self._looked: dict[str, tuple[str | None, AccountRecord]] = {}

    def has_seen(self, commit: str | None, records: Mapping[str, AccountRecord]) -> None:
        """The caller has read the ledger at ``commit``."""
        self._has_read, self._seen, self._records = True, commit, records
        self._looked.clear()

    def has_looked(self, subject: str, commit: str | None, record: AccountRecord) -> None:
        """The caller has read what the ledger has at ``commit`` of one subject."""
        self._looked[subject] = commit, record

    def guards(self, events: Sequence[LedgerEvent]) -> bool:
        """True when these events may be refused, so that they must not be written early."""
        return any(event.kind in _GUARDED for event in events)

    def admitted(
        self, tip: str | None, batches: Mapping[str, Sequence[LedgerEvent]]
    ) -> Mapping[str, Sequence[LedgerEvent]]:
        """What of ``batches`` is to be appended to ``tip``. Raises ``Overtaken`` when nothing may
        be."""
        for subject, events in batches.items():
            if self.guards(events):
                self._check_meanwhile(tip, subject, events[0].run)
                self._check_leases(tip, subject, events)
        found = {subject: self._news(tip, events) for subject, events in batches.items()}
        return {subject: events for subject, events in found.items() if events}

    def _news(self, tip: str | None, events: Sequence[LedgerEvent]) -> Sequence[LedgerEvent]:
        """``events`` without bindings that another run has written since."""
        if all(event.kind is not EventKind.BOUND for event in events):
            return events
        since = tuple(self._since(tip, events[0].subject))
        return [event for event in events if not binds_again(event, since)]

    def _check_meanwhile(self, tip: str | None, subject: str, run: str) -> None:
        for event in self._since(tip, subject):
            if event.run != run and event.kind in _CLAIMS:
                raise _overtaken(subject, event.run, event.kind)

    def _since(self, tip: str | None, subject: str) -> Iterator[LedgerEvent]:
        """What came to the subject's story since it was last read here."""
        if not self._has_read and subject not in self._looked:
            return
        seen = self._looked[subject][0] if subject in self._looked else self._seen
        try:
            if self._commits.folder(tip, subject) == self._commits.folder(seen, subject):
                return
            known = frozenset(self._commits.story(seen, subject).lines())
        except (KeyError, pygit2.GitError):
            return  # the commit we saw was rewritten away; the record itself still decides
        for line in self._commits.story(tip, subject).lines():
            event = None if line in known else read_line(line)
            if event is not None:
                yield event

    def _check_leases(self, tip: str | None, subject: str, events: Sequence[LedgerEvent]) -> None:
        record = self._commits.record(tip, subject) or AccountRecord(subject=subject)
        for event in events:
            intent = record.intent
            if event.lease and (intent is None or intent.lease != event.lease):
                holder = intent.renewed_by or intent.run if intent is not None else record.last_run
                kind = EventKind.INTENT if intent is not None else EventKind.INTENT_SETTLED
                raise _overtaken(subject, holder, kind)
            if event.kind is EventKind.INTENT and not event.lease:
                if intent is not None:
                    raise _overtaken(subject, intent.run, EventKind.INTENT)
                if record.account_id not in (None, self._account_of(subject)):
                    raise _overtaken(subject, record.last_run, EventKind.BOUND)
            record = apply_event(record, event) or AccountRecord(subject=subject)

    def _account_of(self, subject: str) -> str | None:
        """The account that the subject was bound to when it was last read here."""
        looked = self._looked.get(subject)
        before = looked[1] if looked is not None else self._records.get(subject)
        return before.account_id if before is not None else None


def _overtaken(subject: str, run: str, kind: EventKind) -> Overtaken:
    return Overtaken(
        f"run {run} {_VERBS[kind]} for {subject} meanwhile",
        hint="this run created nothing; plan again to see what the other one did",
    )
