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
from aft.ledger.events import LedgerEvent, thing_subject
from aft.ledger.payloads import Payload
from aft.plan.model import ORGANIZATION, Change
from aft.values.ids import WORKING_TREE, RequestId, Revision

PUBLISH_EVERY_SECONDS = 30.0
"""How long events may stay unpushed while a run goes on."""


class Journal:
    """The ledger as one run sees it. Safe to use from several threads."""

    def __init__(self, tools: Tools, run: RunInfo, desired: DesiredState) -> None:
        self._tools = tools
        self._run = run
        self._desired = desired
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
        aws_request_ids: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
    ) -> LedgerEvent:
        """An event of this run, now. ``more`` is what a kind says of its step besides."""
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
            aws_request_ids=tuple(aws_request_ids),
            summary=summary,
            data={**payload.data, **(more or {})},
        )

    def append(self, *events: LedgerEvent, durable: bool = False) -> None:
        """Commit ``events``; with ``durable`` they outlive this machine when it returns."""
        self._tools.ledger.append(events, durable=durable)
        if durable:
            self._note_published()

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

    def close(self, last: LedgerEvent) -> str:
        """Write the run's last event and push everything; returns why that failed, or ""."""
        try:
            self._tools.ledger.append((last,))
            self._tools.ledger.publish()
        except AftError as error:
            return error.message
        return ""

    def _note_published(self) -> None:
        with self._lock:
            self._published_at = self._tools.clock.monotonic()

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


def subject_of(change: Change) -> str:
    """The ledger's subject of a change: its request, or the thing that belongs to no account."""
    return thing_subject(change.ref) if change.target == ORGANIZATION else change.target


def why(request: AccountRequest) -> Mapping[str, str] | None:
    """Who asked for the account and why, in the request's words; ``None`` if it says nothing."""
    words = {
        "owner": request.owner.team if request.owner is not None else "",
        "reason": request.reason,
        "ticket": request.ticket,
    }
    return {key: text for key, text in words.items() if text} or None
