"""The commits of the ledger, as ``git log`` shows them: a sentence, then trailers.

The same events give the same bytes, whoever commits them: two runs that replay the same commit
make the same commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import pygit2

from aft.ledger.events import LedgerEvent
from aft.ledger.timeline import description

_COMMITTER = "aft"
_EMAIL = "aft@aft.invalid"
_SUBJECT_LENGTH = 120
_NAMED = re.compile(r"\s*([^<>]+?)\s*<([^<>\s]+)>\s*")


def commit_message(subject: str, events: Sequence[LedgerEvent]) -> str:
    """What happened to ``subject``, with one trailer per fact worth searching for."""
    summaries = [_line(description(event)) for event in events]
    title = summaries[-1]
    if not re.search(rf"(?<![\w.-]){re.escape(subject)}(?![\w-])", title):
        title = f"{subject}: {title}"
    if len(title) > _SUBJECT_LENGTH:
        title = title[: _SUBJECT_LENGTH - 1] + "…"
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


def author(event: LedgerEvent) -> pygit2.Signature:
    """Who asked for the run, at the event's own time. ``Name <address>`` is understood."""
    named = _NAMED.fullmatch(event.actor)
    name, email = named.groups() if named else (event.actor, _EMAIL)
    return _signature(re.sub(r"[<>]", "", _line(name)) or _COMMITTER, _line(email), event.at)


def aft_itself(at: datetime) -> pygit2.Signature:
    """aft, at ``at`` (aware)."""
    return _signature(_COMMITTER, _EMAIL, at)


def _signature(name: str, email: str, at: datetime) -> pygit2.Signature:
    return pygit2.Signature(name, email, max(0, int(at.timestamp())), 0, "utf-8")


def _line(text: str) -> str:
    """One line: a summary must not be able to write trailers of its own."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.encode(errors="backslashreplace").decode().split())
