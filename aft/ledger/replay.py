"""Folds events into what the ledger knows of one request. Pure, and total: any event is folded.

A binding changes by ``BOUND`` and ``FORGOTTEN`` alone; a new account has nothing done yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aft.ledger import legacy
from aft.ledger.codec import decode_steps, encode_steps
from aft.ledger.events import (
    AccountRecord,
    DoneStep,
    EventKind,
    FailedStep,
    LedgerEvent,
    OpenIntent,
    texts,
)
from aft.values.refs import Ref, account_ref

_REVIVING = frozenset(
    {
        EventKind.INTENT,
        EventKind.CREATING,
        EventKind.BOUND,
        EventKind.STEP_FAILED,
        EventKind.ALLOCATED,
    }
)
OVERCOME = "overcome"
"""``how`` of a confirmation that only closes a failure; whether it was ever done is not known."""
_SETTLED_BY_BINDING = frozenset({str(account_ref()), str(account_ref("request"))})


def replay(events: Iterable[LedgerEvent]) -> AccountRecord | None:
    """The record that ``events`` of one subject, oldest first, add up to.

    ``None`` when there are none, or when the last word is ``FORGOTTEN``.
    """
    record: AccountRecord | None = None
    for number, event in enumerate(events):
        before = AccountRecord(subject=event.subject) if number == 0 else record
        record = apply_event(before, event)
    return record


def apply_event(record: AccountRecord | None, event: LedgerEvent) -> AccountRecord | None:
    """``record`` after ``event``; ``None``, before or after, is a forgotten subject.

    What trails in after ``FORGOTTEN`` (the step that forgot) does not bring a record back; an
    intent, a binding or a failure does.
    """
    if event.kind is EventKind.FORGOTTEN:
        return None
    if record is None:
        if event.kind not in _REVIVING:
            return None
        record = AccountRecord(subject=event.subject)
    record = replace(record, last_run=event.run, last_at=event.at)
    match event.kind:
        case EventKind.INTENT | EventKind.CREATING:
            return replace(record, intent=_intent(record.intent, event))
        case EventKind.INTENT_SETTLED:
            return _settled(record, event)
        case EventKind.BOUND:
            return _bound(record, event)
        case EventKind.STEP_DONE | EventKind.STEP_CONFIRMED:
            return _step_succeeded(record, event)
        case EventKind.STEP_FAILED:
            return _step_failed(record, event)
        case EventKind.STEP_REMOVED:
            return _step_removed(record, event)
        case EventKind.ALLOCATED:
            return replace(record, allocations=_allocations(event.data, record.allocations))
        case _:
            return record


def rebound_data(old: AccountRecord) -> Mapping[str, Any]:
    """``data`` for the ``BOUND`` event that moves ``old``'s account to a new request id.

    Write it to the new subject, with the account's id, and ``FORGOTTEN`` to the old one.
    """
    return {
        "how": "rebound",
        "previously": old.subject,
        "done": encode_steps(old.steps),
        "tag_keys": list(old.tag_keys),
        **({"allocations": dict(old.allocations)} if old.allocations else {}),
    }


def step_ref(event: LedgerEvent) -> Ref:
    """The thing that a step was about."""
    data = event.data
    kind, name = _text(data.get("kind")), _text(data.get("name"))
    if "action" in data:
        return Ref(kind, _text(data.get("key")))
    return legacy.ref_of(kind, name, event.change)


def step_action(event: LedgerEvent) -> str:
    """What a step did to its thing: the value of an action; "" when the event does not say."""
    data = event.data
    return _text(data["action"]) if "action" in data else legacy.action_of(_text(data.get("kind")))


def _intent(intent: OpenIntent | None, event: LedgerEvent) -> OpenIntent:
    creation_id = event.data.get("creation_id")
    if event.kind is EventKind.CREATING and intent is not None:
        return replace(intent, creation_id=_text(creation_id) or intent.creation_id)
    return OpenIntent(
        at=event.at,
        run=event.run,
        name=_text(event.data.get("name")),
        email=_text(event.data.get("email")),
        creation_id=_text(creation_id) or None,
    )


def _settled(record: AccountRecord, event: LedgerEvent) -> AccountRecord:
    """``data.intent_run``, when given, names the run whose intent this is about."""
    about = event.data.get("intent_run")
    if about and record.intent is not None and record.intent.run != about:
        return record
    return replace(record, intent=None)


def _bound(record: AccountRecord, event: LedgerEvent) -> AccountRecord:
    account_id = event.account_id or _text(event.data.get("account_id")) or record.account_id
    if record.account_id not in (None, account_id):
        record = replace(record, steps={}, failures={}, tag_keys=(), allocations={})
    failures = {
        name: failure
        for name, failure in record.failures.items()
        if name not in _SETTLED_BY_BINDING
    }
    steps = {**record.steps, **_carried_steps(event.data)}
    return replace(
        record,
        account_id=account_id,
        intent=None,
        steps=steps,
        failures=failures,
        tag_keys=_tag_keys(event.data, record.tag_keys),
        allocations=_allocations(event.data, record.allocations),
    )


def _carried_steps(data: Mapping[str, Any]) -> Mapping[str, DoneStep]:
    carried = data.get("done", data.get("steps"))  # as records have them, since version 2
    if not isinstance(carried, Mapping):
        return {}
    try:
        steps = decode_steps(carried)
    except ValueError:
        return {}  # they will be run again, which every step allows
    if "done" in data:
        return steps
    return {str(legacy.ref_of_step(name)): step for name, step in steps.items()}


def _step_succeeded(record: AccountRecord, event: LedgerEvent) -> AccountRecord:
    name = str(step_ref(event))
    failures = {key: item for key, item in record.failures.items() if key != name}
    if event.data.get("how") == OVERCOME:
        return replace(record, failures=failures)
    last = record.steps.get(name) if event.kind is EventKind.STEP_CONFIRMED else None
    digest = _text(event.data.get("digest")) or (last.digest if last else "")
    if "outputs" in event.data or last is None:
        outputs = texts(event.data.get("outputs"))
    else:
        outputs = last.outputs  # seen again and found right: what it gave still stands
    about = texts(event.data.get("about")) or (last.about if last else {})
    step = DoneStep(digest=digest, at=event.at, run=event.run, outputs=outputs, about=about)
    return replace(
        record,
        steps={**record.steps, name: step},
        failures=failures,
        tag_keys=_tag_keys(event.data, record.tag_keys),
    )


def _step_failed(record: AccountRecord, event: LedgerEvent) -> AccountRecord:
    name = str(step_ref(event))
    before = record.failures.get(name)
    failure = FailedStep(
        at=event.at,
        run=event.run,
        reason=_text(event.data.get("reason")),
        hint=_text(event.data.get("hint")),
        attempts=before.attempts + 1 if before else 1,
        about=texts(event.data.get("about")),
    )
    return replace(record, failures={**record.failures, name: failure})


def _step_removed(record: AccountRecord, event: LedgerEvent) -> AccountRecord:
    gone = str(step_ref(event))
    return replace(
        record,
        steps={name: item for name, item in record.steps.items() if name != gone},
        failures={name: item for name, item in record.failures.items() if name != gone},
    )


def _tag_keys(data: Mapping[str, Any], before: tuple[str, ...]) -> tuple[str, ...]:
    keys = data.get("tag_keys")
    return tuple(map(str, keys)) if isinstance(keys, (list, tuple)) else before


def _allocations(data: Mapping[str, Any], before: Mapping[str, str]) -> Mapping[str, str]:
    found = data.get("allocations")
    return {**before, **texts(found)} if isinstance(found, Mapping) else before


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
