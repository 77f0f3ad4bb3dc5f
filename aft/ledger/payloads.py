"""What the events of each kind say: one class per kind, for those that write and those that read.

Reading is total, for a ledger is never rewritten: what has an odd shape counts as not said, and
what these classes do not name (a kind's own words about its step) stays in ``LedgerEvent.data``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, PlainValidator

from aft.ledger.events import EventKind, LedgerEvent, texts
from aft.values.canonical_json import plain


def _word(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _words(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else None


def _table(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


Word = Annotated[str | None, PlainValidator(_word)]
Words = Annotated[tuple[str, ...] | None, PlainValidator(_words)]
Table = Annotated[Mapping[str, Any] | None, PlainValidator(_table)]
Texts = Annotated[
    Mapping[str, str] | None,
    PlainValidator(lambda value: texts(value) if isinstance(value, Mapping) else None),
]
Count = Annotated[int, PlainValidator(lambda value: value if isinstance(value, int) else 0)]


MaybeCount = Annotated[
    int | None, PlainValidator(lambda value: value if isinstance(value, int) else None)
]


class Payload(BaseModel):
    """``None`` is what an event does not say."""

    model_config = ConfigDict(frozen=True, defer_build=True)
    event: ClassVar[EventKind]

    @property
    def data(self) -> Mapping[str, Any]:
        """As ``LedgerEvent.data`` has it."""
        return {name: plain(value) for name, value in self if value is not None}


class Intent(Payload):
    """An account is about to be applied for, from ``provider``; ``why`` in the request's words."""

    event = EventKind.INTENT
    name: Word = None
    email: Word = None
    provider: Word = None
    why: Texts = None


class Creating(Payload):
    """The application was accepted."""

    event = EventKind.CREATING
    creation_id: Word = None


class IntentSettled(Payload):
    """It was abandoned, seen by looking. ``intent_run`` is the run that had opened it."""

    event = EventKind.INTENT_SETTLED
    reason: Word = None
    intent_run: Word = None


class Bound(Payload):
    """Request id and account id belong together. ``how``: created, adopted, found or rebound; then
    ``done`` are the steps it brings along (``steps`` in ledgers of version 0.1). ``awaited``: it is
    new, and people wait to hear that it is ready."""

    event = EventKind.BOUND
    how: Word = None
    account_id: Word = None
    previously: Word = None
    creation_id: Word = None
    done: Table = None
    steps: Table = None
    tag_keys: Words = None
    allocations: Texts = None
    why: Texts = None
    awaited: bool | None = None


class Ready(Payload):
    """All that the request of a new account asks for is done, for the first time."""

    event = EventKind.READY


class StepPayload(Payload):
    """What a step was about. ``name`` is what ledgers of version 0.1 called it."""

    kind: Word = None
    action: Word = None
    key: Word = None
    name: Word = None


class StepDone(StepPayload):
    """``unchanged``: all was right already."""

    event = EventKind.STEP_DONE
    digest: Word = None
    outputs: Texts = None
    about: Texts = None
    tag_keys: Words = None
    unchanged: bool | None = None
    how: Word = None


class StepConfirmed(StepDone):
    """Read live and found right, or (``how``) there is nothing left to do."""

    event = EventKind.STEP_CONFIRMED


class StepFailed(StepPayload):
    """``about`` is what must be known of the step once its files are gone."""

    event = EventKind.STEP_FAILED
    reason: Word = None
    hint: Word = None
    about: Texts = None


class StepHeld(StepPayload):
    """People have to agree to it first; ``does`` is the digest of what it would do."""

    event = EventKind.STEP_HELD
    reason: Word = None
    hint: Word = None
    does: Word = None


class StepReleased(StepPayload):
    """It waits for people no longer: they have agreed, or it is no longer needed."""

    event = EventKind.STEP_RELEASED


class StepRemoved(StepPayload):
    """Its thing is gone, or let go."""

    event = EventKind.STEP_REMOVED
    how: Word = None


class Allocated(Payload):
    """Ranges of addresses given to settings."""

    event = EventKind.ALLOCATED
    allocations: Texts = None


class Forgotten(Payload):
    """The request's file is gone, or another id has its account; the account was left alone."""

    event = EventKind.FORGOTTEN
    rebound_to: Word = None


class LedgerAdopted(Payload):
    """The branch did not hold ``expected``, which aft had pushed; who ran aft accepted what was
    there, ``found`` (none: nothing), all the same. ``unsigned`` is its head where that had no valid
    signature."""

    event = EventKind.LEDGER_ADOPTED
    expected: Word = None
    found: Word = None
    unsigned: Word = None


class RunStarted(Payload):
    """``scope`` is the number of requests of a limited run. ``consent`` says what lets risky
    changes happen, ``reviewed`` is the digest of the plan that was reviewed, ``held`` are the ids
    of changes that wait for a review. ``lifted`` are the safety limits that a reviewed exception
    let the run exceed, ``accepted`` the keys of what is risky, or will be, that it may do."""

    event = EventKind.RUN_STARTED
    command: Word = None
    changes: Count = 0
    scope: MaybeCount = None
    consent: Word = None
    reviewed: Word = None
    held: Words = None
    lifted: Words = None
    accepted: Words = None


class RunFinished(Payload):
    """How many steps ended how; ``accepted`` is what is left of the run's."""

    event = EventKind.RUN_FINISHED
    succeeded: Count = 0
    failed: Count = 0
    blocked: Count = 0
    held: MaybeCount = None
    stopped: Count = 0
    accepted: Words = None


_PAYLOADS: Mapping[EventKind, type[Payload]] = {
    payload.event: payload
    for payload in (
        *(Intent, Creating, IntentSettled, Bound, Ready, Allocated, Forgotten, LedgerAdopted),
        *(RunStarted, RunFinished),
        *(StepDone, StepConfirmed, StepFailed, StepHeld, StepReleased, StepRemoved),
    )
}


def payload_of(event: LedgerEvent) -> Payload:
    """What the event says."""
    return _PAYLOADS[event.kind].model_validate(event.data)
