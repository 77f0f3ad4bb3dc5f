"""What happened that people wait for, read from the ledger's new lines. Pure.

The ledger is the outbox: a run that could write down what it did has said it, even if it is
killed afterwards. Each notice has the digest of its line as id, so that one that is delivered again
is known at its destination, and said there once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from aft.ledger.events import ORGANIZATION, AccountRecord, EventKind, StoryLine
from aft.ledger.replay import apply_event, step_ref


class What(enum.StrEnum):
    """The name of a notice, for those that pass them on."""

    READY = "account.ready"
    """A new account has all that its request asks for."""
    FAILED = "account.failed"
    """A step of an account failed that had not failed before, and still does."""
    HELD = "account.held"
    """A step of an account waits for people, and still does."""
    ADOPTED = "ledger.adopted"
    """An operator accepted a ledger that was rewritten, or is not signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """``subject`` is a request id, or ``organization``. ``step`` is what failed or is held."""

    id: str
    what: What
    subject: str
    at: datetime
    run: str
    revision: str
    request_commit: str
    account_id: str = ""
    step: str = ""
    reason: str = ""
    hint: str = ""


def notices_in(stories: Iterable[Sequence[StoryLine]]) -> tuple[Notice, ...]:
    """Those of all stories, oldest first."""
    found = [notice for story in stories for notice in _of_story(story)]
    return tuple(sorted(found, key=lambda it: (it.at, it.subject, it.id)))


def _of_story(story: Sequence[StoryLine]) -> Iterator[Notice]:
    record: AccountRecord | None = None
    found: dict[tuple[What, str], Notice] = {}
    """Of what failed again after it was overcome, the later failure alone."""
    for number, line in enumerate(story):
        before = AccountRecord(subject=line.event.subject) if number == 0 else record
        record = apply_event(before, line.event)
        if line.is_new and (notice := _notice(line, record)) is not None:
            found[notice.what, notice.step] = notice
    for notice in found.values():
        if _holds_still(notice, record):
            yield notice


def _notice(line: StoryLine, after: AccountRecord | None) -> Notice | None:
    """What the line says to people, if anything; ``after`` is the record with it."""
    event = line.event
    if event.kind is EventKind.LEDGER_ADOPTED:
        return _made(line, What.ADOPTED)
    if "/" in event.subject or event.subject == ORGANIZATION or after is None:
        return None
    step = str(step_ref(event)) if event.kind.value.startswith("step-") else ""
    match event.kind:
        case EventKind.READY:
            return _made(line, What.READY)
        case EventKind.STEP_FAILED if after.failures[step].attempts == 1:
            failure = after.failures[step]
            return _made(line, What.FAILED, step, failure.reason, failure.hint)
        case EventKind.STEP_HELD:
            hold = after.holds[step]
            return _made(line, What.HELD, step, hold.reason, hold.hint)
    return None


def _made(line: StoryLine, what: What, step: str = "", reason: str = "", hint: str = "") -> Notice:
    event = line.event
    return Notice(
        id=line.digest.removeprefix("sha256:")[:16],
        what=what,
        subject=event.subject,
        at=event.at,
        run=event.run,
        revision=event.revision,
        request_commit=event.request_commit,
        account_id=event.account_id or "",
        step=step,
        reason=reason,
        hint=hint,
    )


def _holds_still(notice: Notice, now: AccountRecord | None) -> bool:
    """A failure that was overcome, or a question that was answered, need not be said."""
    match notice.what:
        case What.FAILED:
            return now is not None and notice.step in now.failures
        case What.HELD:
            return now is not None and notice.step in now.holds
    return True
