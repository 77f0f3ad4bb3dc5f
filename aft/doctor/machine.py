"""This machine and the repository on it: Python, git, the files, the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aft.doctor.model import Check, Unread, fine, unknown, warning, wrong
from aft.values.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """``git`` is the version of the command, ``None`` where there is none. ``errors`` and
    ``requests`` are those of the working tree. ``ledger_remote`` is the configured remote, ``None``
    for a ledger that stays here; ``ledger`` is the number of accounts it knows."""

    python: tuple[int, int]
    git: str | None
    is_shallow: bool
    errors: int
    requests: int
    ledger_branch: str
    ledger_remote: str | None
    remotes: tuple[str, ...]
    ledger: int | Unread
    push: str | Unread
    """What the remote said to a push that changes nothing; empty when it would take it."""


def check_machine(facts: MachineFacts) -> Iterator[Check]:
    """Every check of this machine and its repository."""
    yield fine("python", f"Python {'.'.join(map(str, facts.python))}")
    if facts.git is None:
        yield warning(
            "git", "there is no git command", "install git: remotes over ssh and on disk need it"
        )
    else:
        yield fine("git", f"git {facts.git}")
    if facts.errors:
        yield wrong(
            "repository",
            f"the repository has {counted(facts.errors, 'error')}",
            "aft validate lists them",
        )
    else:
        yield fine("repository", f"{counted(facts.requests, 'request')}, no errors")
    if facts.is_shallow:
        yield warning(
            "history",
            "this clone is shallow, so histories end where it does",
            "git fetch --unshallow; in a workflow, fetch-depth: 0",
        )
    yield from _ledger(facts)


def _ledger(facts: MachineFacts) -> Iterator[Check]:
    if facts.ledger_remote is None:
        yield warning(
            "ledger-remote",
            "the ledger stays on this machine (ledger.remote is null)",
            "name a remote in aft.yaml, so that other machines know what was done",
        )
    elif facts.ledger_remote not in facts.remotes:
        yield warning(
            "ledger-remote",
            f"there is no remote {facts.ledger_remote!r}, so the ledger stays on this machine",
            f"git remote add {facts.ledger_remote} URL",
        )
    if isinstance(facts.ledger, Unread):
        yield wrong(
            "ledger",
            f"the ledger cannot be read: {facts.ledger.why}",
            "check the remote and its credentials (AFT_GIT_TOKEN for https)",
        )
    else:
        yield fine("ledger", f"ledger {facts.ledger_branch}: {counted(facts.ledger, 'account')}")
    if isinstance(facts.push, Unread):
        yield unknown("ledger-push", "whether the ledger can be pushed", facts.push)
    elif facts.push:
        yield wrong(
            "ledger-push",
            f"the ledger cannot be pushed: {facts.push}",
            "allow the identity that applies to push this branch; plans do not need it",
        )
    else:
        yield fine("ledger-push", "the ledger can be pushed")
