"""Folds events into what the ledger knows of one request. Pure, and total: any event is folded.

A binding changes by ``Bound`` and ``Forgotten`` alone; a new account has nothing done yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from aft.ledger import legacy
from aft.ledger.codec import decode_steps, encode_steps
from aft.ledger.events import (
    AccountRecord,
    DoneStep,
    EventKind,
    FailedStep,
    HeldStep,
    LedgerEvent,
    OpenIntent,
)
from aft.ledger.payloads import (
    Allocated,
    Bound,
    Creating,
    Intent,
    IntentSettled,
    Ready,
    RunFinished,
    RunStarted,
    StepDone,
    StepFailed,
    StepHeld,
    StepPayload,
    StepReleased,
    StepRemoved,
    payload_of,
)
from aft.values.refs import Ref, account_ref

_REVIVING = (
    EventKind.INTENT,
    EventKind.CREATING,
    EventKind.BOUND,
    EventKind.STEP_FAILED,
    EventKind.STEP_HELD,
    EventKind.ALLOCATED,
)
_REBINDING = (EventKind.BOUND, EventKind.FORGOTTEN)
OVERCOME = "overcome"
"""``how`` of a confirmation that only closes a failure; whether it was ever done is not known."""
_T = TypeVar("_T")
_SETTLED_BY_BINDING = (str(account_ref()), str(account_ref("request")))


def replay(events: Iterable[LedgerEvent]) -> AccountRecord | None:
    """The record that ``events`` of one subject, oldest first, add up to. ``None`` when there are
    none, or when the last word is ``FORGOTTEN``."""
    record: AccountRecord | None = None
    for number, event in enumerate(events):
        before = AccountRecord(subject=event.subject) if number == 0 else record
        record = apply_event(before, event)
    return record


def apply_event(record: AccountRecord | None, event: LedgerEvent) -> AccountRecord | None:
    """``record`` after ``event``; ``None``, before or after, is a forgotten subject. What trails in
    after ``FORGOTTEN`` (the step that forgot) does not bring a record back; an intent, a binding or
    a failure does."""
    if event.kind is EventKind.FORGOTTEN or (record is None and event.kind not in _REVIVING):
        return None
    record = record or AccountRecord(subject=event.subject)
    record = replace(record, last_run=event.run, last_at=event.at)
    match payload_of(event):
        case Intent() | Creating() | IntentSettled() as said:
            return replace(record, intent=_intent_after(record.intent, event, said))
        case Bound() as said:
            return _bound(record, event, said)
        case Ready():
            return replace(record, is_awaited=False)
        case StepPayload() as said:
            return _step_ended(record, event, said)
        case Allocated() as said:
            return replace(record, allocations={**record.allocations, **(said.allocations or {})})
        case RunStarted() | RunFinished() as said:
            return replace(record, accepted=said.accepted or ())
        case _:
            return record


def binds_again(event: LedgerEvent, since: Iterable[LedgerEvent]) -> bool:
    """``event`` binds its subject to the account that another run bound it to last, in the part
    ``since`` of the story that the run of ``event`` did not know when it was written."""
    if event.kind is not EventKind.BOUND:
        return False
    last = next((item for item in reversed(tuple(since)) if item.kind in _REBINDING), None)
    return (
        last is not None
        and last.kind is EventKind.BOUND
        and last.run != event.run
        and last.account_id == event.account_id
    )


def rebound(old: AccountRecord, *, tag_keys: tuple[str, ...] | None = None) -> Bound:
    """The binding that moves ``old``'s account to a new request id, with these tags on it. Write it
    to the new subject, with the account's id, and ``Forgotten`` to the old one."""
    return Bound(
        how="rebound",
        previously=old.subject,
        done=encode_steps(old.steps),
        tag_keys=old.tag_keys if tag_keys is None else tag_keys,
        allocations=old.allocations or None,
        awaited=old.is_awaited or None,
    )


def step_ref(event: LedgerEvent) -> Ref:
    """The thing that a step was about."""
    said = payload_of(event)
    if not isinstance(said, StepPayload):
        return legacy.ref_of("", "", event.change)
    if said.action is not None:
        return Ref(said.kind or "", said.key or "")
    return legacy.ref_of(said.kind or "", said.name or "", event.change)


def step_action(event: LedgerEvent) -> str:
    """What a step did to its thing: the value of an action; "" when the event does not say."""
    said = payload_of(event)
    if not isinstance(said, StepPayload):
        return ""
    return said.action or legacy.action_of(said.kind or "")


def _intent_after(
    intent: OpenIntent | None, event: LedgerEvent, said: Intent | Creating | IntentSettled
) -> OpenIntent | None:
    """The intent that is open after ``event``. One that names a lease is about that one alone."""
    is_late = event.lease and (intent is None or intent.lease != event.lease)
    new = OpenIntent(at=event.at, run=event.run)
    match said:
        case Intent():
            if intent is not None and event.lease and not is_late:
                return replace(intent, renewed_at=event.at, renewed_by=event.run)
            provider = said.provider or new.provider
            return replace(new, name=said.name or "", email=said.email or "", provider=provider)
        case Creating():
            creating = intent or new
            creation_id = said.creation_id or creating.creation_id
            return intent if is_late else replace(creating, creation_id=creation_id)
    is_another = intent is not None and said.intent_run and intent.run != said.intent_run
    return intent if is_late or is_another else None


def _without(items: Mapping[str, _T], *names: str) -> Mapping[str, _T]:
    return {name: item for name, item in items.items() if name not in names}


def _step_ended(record: AccountRecord, event: LedgerEvent, said: StepPayload) -> AccountRecord:
    name = str(step_ref(event))
    match said:
        case StepDone():
            return _step_succeeded(record, event, said)
        case StepFailed():
            return _step_failed(record, event, said)
        case StepHeld():
            return _step_held(record, event, said)
        case StepRemoved():
            return replace(
                record,
                steps=_without(record.steps, name),
                failures=_without(record.failures, name),
                holds=_without(record.holds, name),
            )
        case StepReleased():
            return replace(record, holds=_without(record.holds, name))
        case _:
            return record


def _bound(record: AccountRecord, event: LedgerEvent, said: Bound) -> AccountRecord:
    account_id = event.account_id or said.account_id or record.account_id
    if record.account_id not in (None, account_id):
        record = AccountRecord(
            subject=record.subject,
            accepted=record.accepted,
            last_run=record.last_run,
            last_at=record.last_at,
        )
    return replace(
        record,
        account_id=account_id,
        intent=None,
        steps={**record.steps, **_carried_steps(said)},
        failures=_without(record.failures, *_SETTLED_BY_BINDING),
        tag_keys=record.tag_keys if said.tag_keys is None else said.tag_keys,
        allocations={**record.allocations, **(said.allocations or {})},
        is_awaited=record.is_awaited or said.awaited is True,
    )


def _carried_steps(said: Bound) -> Mapping[str, DoneStep]:
    try:
        if said.done is not None:
            return decode_steps(said.done)
        steps = decode_steps(said.steps or {})
    except ValueError:
        return {}  # they will be run again, which every step allows
    return {str(legacy.ref_of_step(name)): step for name, step in steps.items()}


def _step_succeeded(record: AccountRecord, event: LedgerEvent, said: StepDone) -> AccountRecord:
    name = str(step_ref(event))
    failures = _without(record.failures, name)
    if said.how == OVERCOME:
        return replace(record, failures=failures)
    # Seen again and found right: what it gave is still so.
    last = record.steps.get(name) if event.kind is EventKind.STEP_CONFIRMED else None
    last = last or DoneStep(digest="", at=event.at, run=event.run)
    step = DoneStep(
        digest=said.digest or last.digest,
        at=event.at,
        run=event.run,
        outputs=last.outputs if said.outputs is None else said.outputs,
        about=said.about or last.about,
    )
    return replace(
        record,
        steps={**record.steps, name: step},
        failures=failures,
        holds=_without(record.holds, name),
        tag_keys=record.tag_keys if said.tag_keys is None else said.tag_keys,
    )


def _step_failed(record: AccountRecord, event: LedgerEvent, said: StepFailed) -> AccountRecord:
    name = str(step_ref(event))
    before = record.failures.get(name)
    failure = FailedStep(
        at=event.at,
        run=event.run,
        reason=said.reason or "",
        hint=said.hint or "",
        attempts=before.attempts + 1 if before else 1,
        about=said.about or {},
    )
    return replace(
        record,
        failures={**record.failures, name: failure},
        holds=_without(record.holds, name),
    )


def _step_held(record: AccountRecord, event: LedgerEvent, said: StepHeld) -> AccountRecord:
    hold = HeldStep(
        at=event.at,
        run=event.run,
        reason=said.reason or "",
        hint=said.hint or "",
        does=said.does or "",
    )
    return replace(record, holds={**record.holds, str(step_ref(event)): hold})
