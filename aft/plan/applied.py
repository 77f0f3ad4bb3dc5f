"""What the ledger says was carried out: inside an account, and on it from outside, at which
revision. Pure.

The ledger notes that a step was done and at which revision, not the values it wrote; those are
read from git at that revision. A step inside the account comes after all that is done to it from
outside, so it speaks for them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aft.ledger.events import AccountRecord, EventKind, LedgerEvent
from aft.ledger.replay import step_action, step_ref
from aft.plan.fields import NAME, OU
from aft.plan.model import Action
from aft.values.refs import ACCOUNT, Ref

TAGS = "tags"
ASPECTS = (OU, NAME, TAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an account was last made to be, as far as the ledger and git can tell. ``None`` where
    they cannot; ``why`` says what is missing."""

    ou: str | None = None
    name: str | None = None
    email: str | None = None
    tags: Mapping[str, str] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedAt:
    """By aspect (``ou``, ``name``, ``tags``): the revision that was last carried out. ``inferred``
    are those of which only a later step speaks: a protected account was not moved before it."""

    revisions: Mapping[str, str] = field(default_factory=dict)
    inferred: frozenset[str] = frozenset()


def applied_at(events: Sequence[LedgerEvent]) -> AppliedAt:
    """Reads one account's story, oldest first; what came before its binding says nothing."""
    found: dict[str, str] = {}
    inferred: set[str] = set()
    for event in reversed(events):
        if event.kind is EventKind.BOUND or len(found) == len(ASPECTS):
            break
        if event.kind is EventKind.STEP_DONE and event.revision:
            for aspect in _speaks_for(event):
                if aspect not in found:
                    found[aspect] = event.revision
                    inferred.update(() if step_ref(event).kind == ACCOUNT else {aspect})
    return AppliedAt(revisions=found, inferred=frozenset(inferred))


def _speaks_for(event: LedgerEvent) -> tuple[str, ...]:
    """The aspects that a step which was done says something of: what happens inside an account
    comes after all that is done to it from outside."""
    ref = step_ref(event)
    if ref.kind != ACCOUNT:
        return ASPECTS
    if ref.key:
        return (ref.key,) if ref.key in ASPECTS else ()
    return ASPECTS if step_action(event) == Action.CREATE else ()


def is_up_to_date(record: AccountRecord, ref: Ref, digest: str) -> bool:
    """Done with these inputs, and not tried with others since, which may have got half-way."""
    done = record.done(ref)
    is_same = bool(digest) and done is not None and done.digest == digest
    return is_same and record.failed(ref) is None


def reason_of(record: AccountRecord, ref: Ref, where: str) -> str:
    """Why a step is to be done: it failed, or changed, or is new."""
    failure = record.failed(ref)
    if failure is not None:
        return f"tried again, it failed at {failure.at:%Y-%m-%d %H:%M} UTC: {failure.reason}"
    done = record.done(ref)
    if done is not None:
        return f"{where}: changed since {done.at:%Y-%m-%d}"
    return where
