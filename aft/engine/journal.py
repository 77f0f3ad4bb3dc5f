"""Writes a run's events to the ledger, each with who, why, from which commit, and by which calls.

Summaries are the subject lines of ``git log`` on the ledger's branch. The journal decides
nothing; what the ledger store refuses is for its caller.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from aft.desired.model import AccountRequest, DesiredState
from aft.engine.model import RunInfo, Tools
from aft.errors import AftError
from aft.ledger.events import AccountRecord, LedgerEvent, LedgerState, thing_subject
from aft.ledger.payloads import Payload
from aft.ledger.replay import apply_event
from aft.plan.model import ORGANIZATION
from aft.values.ids import WORKING_TREE, RequestId, Revision
from aft.values.refs import Ref

PUBLISH_EVERY_SECONDS = 30.0
"""How long events may stay unpushed while a run goes on."""


class Journal:
    """The ledger as one run sees it. Safe to use from several threads."""

    def __init__(
        self, tools: Tools, run: RunInfo, desired: DesiredState, ledger: LedgerState
    ) -> None:
        self._tools = tools
        self._run = run
        self._desired = desired
        self._ledger = ledger
        self._written: dict[str, AccountRecord] = {}
        self._lock = threading.Lock()
        self._commits: dict[str, str] = {}
        self._published_at = tools.clock.monotonic()

    def event(
        self,
        payload: Payload,
        subject: str,
        summary: str,
        *,
        account_id: str | None = None,
        change: str = "",
        lease: str = "",
        aws_request_ids: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
    ) -> LedgerEvent:
        """An event of this run, now. ``more`` is what a kind adds about its step."""
        return LedgerEvent(
            kind=payload.event,
            subject=subject,
            at=self._tools.clock.now(),
            run=self._run.id,
            actor=self._run.actor,
            account_id=account_id,
            change=change,
            revision=self._run.revision,
            request_commit=self._request_commit(subject),
            plan_digest=self._run.plan_digest,
            lease=lease,
            aws_request_ids=tuple(aws_request_ids),
            summary=summary,
            data={**payload.data, **(more or {})},
        )

    def write(
        self, payload: Payload, subject: str, summary: str, *, durable: bool = False, **more: Any
    ) -> LedgerEvent:
        """Append one event, with the arguments of ``event``."""
        event = self.event(payload, subject, summary, **more)
        self.append(event, durable=durable)
        return event

    def append(self, *events: LedgerEvent, durable: bool = False) -> None:
        """Commit ``events``; with ``durable`` they outlive this machine when it returns."""
        self._tools.ledger.append(events, durable=durable)
        with self._lock:
            for event in events:
                record = apply_event(self.record(event.subject), event)
                self._written[event.subject] = record or AccountRecord(subject=event.subject)
            if durable:
                self._published_at = self._tools.clock.monotonic()

    def record(self, subject: str) -> AccountRecord:
        """What the ledger knows of ``subject``: as the run began, and by what it wrote since.
        Secrets among outputs, which are masked in the ledger, are known to the run that got them.
        """
        return self._written.get(subject) or self._ledger.record(subject)

    def refreshed(self, subject: str) -> AccountRecord:
        """What the ledger knows of ``subject`` by now, by what other runs wrote since as well."""
        record = self._tools.ledger.look(subject)
        with self._lock:
            self._written[subject] = record
        return record

    def records(self) -> Mapping[str, AccountRecord]:
        """The same of all subjects."""
        with self._lock:
            return {**self._ledger.records, **self._written}

    def output_of(self, ref: Ref, name: str) -> str | None:
        """One output of the last success on a thing, by its name among all things
        (``aft.plan.draft.thing``)."""
        written = self._written.get(thing_subject(ref))
        target, _, key = ref.key.partition("/")
        done = (
            (written.done(ref) if written is not None else None)
            or self.record(target).done(Ref(ref.kind, key))
            or (self._ledger.done(ref) if written is None else None)
        )
        return done.outputs.get(name) if done is not None else None

    def publish_now_and_then(self) -> None:
        """Push what is not pushed yet, if that was not done lately. A failure is no one's yet:
        the events are kept, and ``publish`` says so in the end."""
        with self._lock:
            now = self._tools.clock.monotonic()
            if now - self._published_at < PUBLISH_EVERY_SECONDS:
                return
            self._published_at = now
        try:
            self._tools.ledger.publish()
        except AftError:
            return

    def close(self, *last: LedgerEvent) -> str:
        """Write the run's last events and push everything; returns why that failed, or ""."""
        try:
            self._tools.ledger.append(last)
            self._tools.ledger.publish()
        except AftError as error:
            return error.message
        return ""

    def _request_commit(self, subject: str) -> str:
        """The commit that last touched the request's file; "" where there is none."""
        with self._lock:
            known = self._commits.get(subject)
        if known is not None:
            return known
        commit = ""
        request = self._desired.request_by_id.get(RequestId(subject))
        revision = Revision(self._run.revision)
        if subject != ORGANIZATION and request is not None and revision != WORKING_TREE:
            try:
                found = self._tools.history.last_change(request.source.path, revision)
            except AftError:
                found = None  # a shallow clone may lack the commit; the step matters more
            commit = found.id if found is not None else ""
        with self._lock:
            self._commits[subject] = commit
        return commit


def why(request: AccountRequest) -> Mapping[str, str] | None:
    """Who asked for the account and why, in the request's words; ``None`` if it says nothing."""
    words = {
        "owner": request.owner.team if request.owner is not None else "",
        "reason": request.reason,
        "ticket": request.ticket,
    }
    return {key: text for key, text in words.items() if text} or None
