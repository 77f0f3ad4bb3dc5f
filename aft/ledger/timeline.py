"""One account's life in order: the commits of its request and what the ledger says was done.

Pure; reads neither git nor the ledger itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aft.ledger.events import KEPT, EventKind, LedgerEvent
from aft.ledger.replay import step_action, step_ref

COMMIT = "commit"
"""The kind of an entry that is a commit of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitInfo:
    """A commit: who did it and when; times are aware."""

    id: str
    author: str
    author_email: str
    authored_at: datetime
    committer: str
    committed_at: datetime
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One moment. ``kind`` is ``commit`` or the ledger event's kind; ``commit`` is the request's
    commit that it is or that it acted on; ``run`` is empty for commits. ``what`` is one line."""

    at: datetime
    kind: str
    who: str
    what: str
    account_id: str | None = None
    commit: str = ""
    run: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def timeline(
    commits: Sequence[CommitInfo], events: Iterable[LedgerEvent]
) -> tuple[TimelineEntry, ...]:
    """Both stories as one, oldest first. ``commits`` come newest first, as git tells them. Times of
    commits are whole seconds: of two in the same second git's order says which was first. A commit
    counts from when it landed, and comes before what was done in the same moment. The ledger's own
    order is kept: where two runners' clocks disagree, an entry is placed no earlier than the one it
    follows."""
    oldest_first = (_commit_entry(commit) for commit in reversed(commits))
    changes = deque(sorted(oldest_first, key=lambda entry: entry.at))
    merged: list[TimelineEntry] = []
    for event in events:
        while changes and changes[0].at <= event.at:
            merged.append(changes.popleft())
        merged.append(_event_entry(event))
    return (*merged, *changes)


def _commit_entry(commit: CommitInfo) -> TimelineEntry:
    details: dict[str, Any] = {"author_email": commit.author_email}
    if commit.committer != commit.author:
        details["committer"] = commit.committer
    if commit.authored_at != commit.committed_at:
        details["authored_at"] = commit.authored_at.isoformat()
    return TimelineEntry(
        at=commit.committed_at,
        kind=COMMIT,
        who=commit.author,
        what=commit.subject,
        commit=commit.id,
        details=details,
    )


def _event_entry(event: LedgerEvent) -> TimelineEntry:
    named = {
        "change": event.change,
        "revision": event.revision,
        "plan_digest": event.plan_digest,
        "aws_request_ids": list(event.aws_request_ids),
    }
    details = {key: value for key, value in named.items() if value}
    return TimelineEntry(
        at=event.at,
        kind=event.kind.value,
        who=event.actor,
        what=description(event),
        account_id=event.account_id,
        commit=event.request_commit,
        run=event.run,
        details={**details, **{key: event.data[key] for key in event.data if key != KEPT}},
    )


def description(event: LedgerEvent) -> str:
    """What happened, in one line: the event's own summary, or what its kind and data say."""
    if event.summary:
        return event.summary
    name = event.data.get("name") or step_ref(event).key or step_action(event)
    reason = event.data.get("reason")
    match event.kind:
        case EventKind.STEP_DONE:
            return f"{name} done"
        case EventKind.STEP_CONFIRMED:
            return f"{name} found as it should be"
        case EventKind.STEP_FAILED:
            return f"{name} failed: {reason}" if reason else f"{name} failed"
        case EventKind.BOUND:
            return f"bound to account {event.account_id} ({event.data.get('how', 'found')})"
        case EventKind.INTENT:
            return f"about to create {name}" if name else "about to create the account"
        case _:
            return event.kind.value.replace("-", " ")
