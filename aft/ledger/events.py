"""What the ledger is made of: one event per thing that happened, and the state they add up to.

Plain values only. ``aft.git.ledger.store`` stores them in git; ``aft.ledger.replay`` folds them. An
event is written *after* its step succeeded or failed, but an ``INTENT`` *before* an account is
applied for, which cannot be taken back.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import Field, PlainSerializer, PlainValidator

from aft.ledger.masking import masked
from aft.values.canonical_json import canonical_json
from aft.values.refs import Ref

_T = TypeVar("_T")

ORGANIZATION = "organization"
"""The subject of events about runs, and the target of changes to things of no account."""


MADE_ID = "id"
"""The output under which the ledger keeps AWS's id of a thing."""

KEPT = "kept"
"""The key, in the data of a ``step-done`` event, of what is kept of the step as it was applied."""


UNFULFILLED = Ref("request", "")
"""What is held when a whole request cannot be carried out as it is."""


def thing_subject(ref: Ref) -> str:
    """The subject of a thing that belongs to no account, such as ``ou/Workloads/Prod``: each has
    its own record, as each account has."""
    return str(ref)


def is_of_organization(subject: str) -> bool:
    """True for what is no request's: the runs, and things that belong to no account."""
    return subject == ORGANIZATION or "/" in subject


def moment(value: object) -> datetime:
    """The time that was written. Raises ``ValueError``, also without a time zone."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise ValueError(f"{value!r} is not a time with a zone")
    return at


def moment_text(at: datetime) -> str:
    """In UTC, as the ledger has it. Raises ``ValueError`` for a time without a zone."""
    return moment(at).astimezone(UTC).isoformat()


def texts(values: object) -> Mapping[str, str]:
    """Values as text; anything but an object counts as none."""
    if not isinstance(values, Mapping):
        return {}
    return {
        str(key): value if isinstance(value, str) else canonical_json(value)
        for key, value in values.items()
    }


Moment = Annotated[datetime, PlainValidator(moment), PlainSerializer(moment_text)]
Texts = Annotated[Mapping[str, str], PlainValidator(texts)]
Outputs = Annotated[Texts, PlainSerializer(masked)]
"""What a step gives to later ones; secrets are masked on the way out."""


class EventKind(enum.StrEnum):
    """What happened; the comments name what ``data`` holds."""

    INTENT = "intent"  # an account is about to be applied for, or still is; data: name, email, why
    INTENT_SETTLED = "intent-settled"  # ... and was abandoned, seen by looking
    CREATING = "creating"  # it was accepted; data: creation_id
    BOUND = (
        "bound"  # request id <-> account id; data: how (created | adopted | found | rebound), why
    )
    STEP_DONE = "step-done"  # data: kind, action, key, digest, outputs, about, tag_keys, ...
    STEP_CONFIRMED = "step-confirmed"  # read live and found right; data as STEP_DONE
    STEP_FAILED = "step-failed"  # data: kind, action, key, reason, hint, about
    STEP_HELD = "step-held"  # people must agree first; data: kind, action, key, reason, hint, does
    STEP_RELEASED = "step-released"  # ... and no longer; data: kind, action, key
    STEP_REMOVED = "step-removed"  # its thing is gone, or let go; data: kind, action, key, how
    ALLOCATED = "allocated"  # ranges of addresses given to settings; data: allocations
    READY = "ready"  # a new account has all its request asks for, for the first time
    FORGOTTEN = "forgotten"  # the request's file is gone; the account was left alone
    LEDGER_ADOPTED = "ledger-adopted"  # a rewritten branch, by an operator; data: expected, found
    RUN_STARTED = "run-started"  # data: command, changes, consent, reviewed, held, lifted (limits)
    RUN_FINISHED = "run-finished"  # data: counts


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """One line of the story.

    ``subject`` is the request id, ``<kind>/<key>`` for a thing of no account, or ``organization``
    for the run events (and, in ledgers of version 0.1, for the OU tree).
    ``revision`` is the desired state's commit, ``request_commit`` the one that last touched the
    request's file. ``aws_request_ids`` are ``service:Operation:id`` of the writes made.
    ``data`` holds JSON values only, never a secret. ``lease`` is the lease of the intent
    (``OpenIntent.lease``) that the event renews, uses or settles. ``previous`` is the digest of the
    line before it in its subject's story, once it is written.
    """

    kind: EventKind
    subject: str
    at: Moment
    run: str
    actor: str
    account_id: str | None = None
    change: str = ""
    revision: str = ""
    request_commit: str = ""
    plan_digest: str = ""
    lease: str = ""
    previous: str = field(default="", compare=False)
    aws_request_ids: tuple[str, ...] = ()
    summary: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """An event as it was written: with the digest of its line, and whether it is new to who
    asked."""

    digest: str
    event: LedgerEvent
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """A creation that was meant, and may or may not have happened. Ledgers of before providers
    had names say none: that is Organizations. ``renewed_at`` and ``renewed_by`` are of the last
    renewal."""

    at: Moment
    run: str
    name: str = ""
    email: str = ""
    provider: str = "organizations"
    creation_id: str | None = None
    renewed_at: Moment | None = None
    renewed_by: str = ""

    @property
    def lease(self) -> str:
        """Which run may act on the intent, and since when: another one after each renewal."""
        return f"{self.renewed_by or self.run} {moment_text(self.renewed_at or self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneStep:
    """The last success of one step: its inputs' digest, when, by which run, its outputs. ``about``
    is what must be known of a customization's step once its files are gone: ``runner``,
    ``on_removal``, ``revision`` and, of Terraform, ``state``."""

    digest: str
    at: Moment
    run: str
    outputs: Outputs = field(default_factory=dict)
    about: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedStep:
    """The last failure of one step, cleared by its next success. ``about`` as of ``DoneStep``."""

    at: Moment
    run: str
    reason: str = ""
    hint: str = ""
    attempts: int = 1
    about: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStep:
    """A step that waits for people, since ``at``. ``does`` is the digest of what it would do."""

    at: Moment
    run: str
    reason: str = ""
    hint: str = ""
    does: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """What the ledger knows of one request. ``steps``, ``failures`` and ``holds`` are keyed by the
    text of the thing's ``Ref``: ``<kind>/<key>``. ``tag_keys`` are the tags aft put on the account,
    so that it may remove them again. ``allocations`` are the ranges of addresses its settings use,
    by setting; those of accounts that were forgotten stay with ``organization``, by ``<account
    id>/<setting>``. ``is_awaited``: a new account that was not said to be ready yet.
    ``accepted``, of ``organization``: the keys of what runs were allowed to do and
    have left undone (``aft.plan.accepted``)."""

    subject: str
    account_id: str | None = None
    intent: OpenIntent | None = None
    tag_keys: tuple[str, ...] = ()
    steps: Annotated[Mapping[str, DoneStep], Field(alias="done")] = field(default_factory=dict)
    failures: Annotated[Mapping[str, FailedStep], Field(alias="failed")] = field(
        default_factory=dict
    )
    holds: Annotated[Mapping[str, HeldStep], Field(alias="held")] = field(default_factory=dict)
    allocations: Texts = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    is_awaited: bool = False
    last_run: str = ""
    last_at: Moment | None = None

    def done(self, ref: Ref) -> DoneStep | None:
        """The last success on the thing; ``None`` when there is none, or it was taken away."""
        return self.steps.get(str(ref))

    def failed(self, ref: Ref) -> FailedStep | None:
        """The failure that nothing has overcome yet."""
        return self.failures.get(str(ref))

    def steps_of(self, kind: str) -> Mapping[str, DoneStep]:
        """The successes on things of one kind, by key."""
        return _of_kind(self.steps, kind)

    def failures_of(self, kind: str) -> Mapping[str, FailedStep]:
        """The open failures on things of one kind, by key."""
        return _of_kind(self.failures, kind)


def _of_kind(things: Mapping[str, _T], kind: str) -> Mapping[str, _T]:
    head = f"{kind}/"
    return {name.removeprefix(head): things[name] for name in things if name.startswith(head)}


class LedgerDamage(enum.StrEnum):
    """How the files of a subject are not as aft writes them."""

    STATE = "state"
    """``state.json`` is not what the events add up to."""
    LINE = "line"
    """A line is no event."""
    CHAIN = "chain"
    """The line that an event followed is not there."""
    PLACE = "place"
    """The files are in a folder where aft does not keep them."""
    LOST = "lost"
    """A commit removed, changed or reordered events."""
    SIZE = "size"
    """The files are larger than aft writes them, or take too much to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFault:
    """Something that aft did not write so. ``line`` counts from 1; 0 for the whole file.
    ``commit`` is the one that lost events."""

    subject: str
    damage: LedgerDamage
    line: int = 0
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """All records at one commit of the ledger (``""`` while it is empty), keyed by subject. A
    forgotten request no longer has a record; its events stay readable. ``faults`` are in what was
    read from the events: records are what these add up to. ``instead_of`` is the commit that the
    branch should hold and does not, where that was asked to be accepted; ``unsigned`` is its head
    where that has no valid signature, and was accepted too."""

    commit: str = ""
    records: Mapping[str, AccountRecord] = field(default_factory=dict)
    faults: tuple[LedgerFault, ...] = ()
    instead_of: str = ""
    unsigned: str = ""

    def record(self, subject: str) -> AccountRecord:
        """The record of ``subject``, empty when there is none."""
        return self.records.get(subject) or AccountRecord(subject=subject)

    def done(self, ref: Ref) -> DoneStep | None:
        """The last success on a thing of no account."""
        record = self.records.get(thing_subject(ref)) or self.record(ORGANIZATION)
        return record.done(ref)
