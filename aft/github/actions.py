"""What a workflow gives a step and takes from it: the payload of the event that started it
(GITHUB_EVENT_PATH), and outputs for the steps behind it (GITHUB_OUTPUT).

GitHub writes the payload, but titles, bodies and branch names in it are from anyone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aft.errors import Terminal, UserError
from aft.forge.port import User
from aft.github.answers import Answer, parsed
from aft.github.people import user_of
from aft.redaction import redact

EVENT_LIMIT = 32 * 1024 * 1024  # GitHub caps payloads at 25 MB
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VALUE = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPull:
    """The pull request as it was when the event happened."""

    number: int
    head_sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventIssue:
    """``body`` has line feeds alone between its lines, with any browser."""

    number: int
    body: str
    author: User


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened; without a pull request or an issue for other kinds of events."""

    action: str = ""
    pull: EventPull | None = None
    issue: EventIssue | None = None


def event_path(environ: Mapping[str, str], given: Path | None) -> Path | None:
    """The file with the payload: as given, else GITHUB_EVENT_PATH."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    return given or (Path(path) if path else None)


def read_event(path: Path | None) -> Event:
    """An empty event when there is no file. Raises ``UserError``, or ``Terminal`` when it is not
    what GitHub writes."""
    if path is None:
        return Event()
    try:
        if path.stat().st_size > EVENT_LIMIT:
            raise UserError(f"{path} is larger than any event of GitHub's")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read the event in {path}: {error.strerror}",
            hint="GITHUB_EVENT_PATH or --event names the file with the event's payload",
        ) from error
    value = parsed(content, where=str(path))
    if not isinstance(value, dict):
        raise UserError(f"{path} does not contain an event")
    event = Answer(value, str(path))
    pull, issue = event.child_or_none("pull_request"), event.child_or_none("issue")
    return Event(
        action=event.text_or("action"),
        pull=_pull(pull) if pull else None,
        issue=_issue(issue) if issue else None,
    )


def _pull(answer: Answer) -> EventPull:
    return EventPull(
        number=answer.number("number"),
        head_sha=answer.child("head").text("sha"),
    )


def _issue(answer: Answer) -> EventIssue:
    return EventIssue(
        number=answer.number("number"),
        body=answer.lines("body"),
        author=user_of(answer.child_or_none("user")),
    )


def write_outputs(path: Path | None, outputs: Mapping[str, str]) -> None:
    """Append ``name=value`` lines; nothing without a file. Raises ``Terminal`` for a value of
    several lines, which could pass for separate outputs."""
    for name, value in outputs.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Terminal(f"output {name!r} is not one line of plain characters")
    if path is not None:
        lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
        with path.open("a", encoding="utf-8") as file:
            file.write(redact(lines))
