"""Ledger events and records as JSON: one canonical line each, readable by older and newer versions.

Unknown keys are passed over, so that an older aft reads what a newer one wrote. Outputs that look
like secrets are masked on the way out (``aft.ledger.masking``). Raises ``ValueError`` for text
that is not ours; the caller decides whether that is a loss.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from aft.ledger import legacy
from aft.ledger.events import (
    ORGANIZATION,
    AccountRecord,
    DoneStep,
    EventKind,
    FailedStep,
    LedgerEvent,
    OpenIntent,
)
from aft.ledger.masking import masked
from aft.values.canonical_json import canonical_json, plain

VERSION = 2
"""Raised when an older reader could misunderstand. A record of version 1 names its steps as 0.1
did, and is read so, but for the organization's, whose names are ambiguous: it is rebuilt.

What was done and what failed stand under other names since version 2: an older aft, which would
take them for steps of customizations that are gone, and might destroy what those made, finds
nothing done instead, and repeats it."""
_DONE, _FAILED = "done", "failed"
_EVENTS = 1
"""The version of an event's line."""

_T = TypeVar("_T")
_KINDS = frozenset(kind.value for kind in EventKind)


def encode_event(event: LedgerEvent, *, previous: bytes = b"") -> bytes:
    """One line without its line end; empty fields are left out. ``previous`` is the line before
    it in its subject's story, whose digest it holds. Two lines that hold the same one were written
    by two runs at a time. The keys ``signature`` and ``lease`` are kept free."""
    fields = {
        "v": _EVENTS,
        "kind": event.kind,
        "subject": event.subject,
        "at": _moment(event.at),
        "run": event.run,
        "actor": event.actor,
    }
    optional = {
        "account_id": event.account_id,
        "change": event.change,
        "revision": event.revision,
        "request_commit": event.request_commit,
        "plan_digest": event.plan_digest,
        "aws_request_ids": event.aws_request_ids,
        "previous": line_digest(previous),
        "summary": event.summary,
        "data": _masked_data(event.data),
    }
    return _bytes(fields | {key: value for key, value in optional.items() if value})


def line_digest(line: bytes) -> str:
    """``sha256:…`` of a line as it was written, without its line end; "" for none."""
    return f"sha256:{hashlib.sha256(line).hexdigest()}" if line else ""


def decode_event(line: bytes) -> LedgerEvent | None:
    """The event of a line; ``None`` for a kind that only a newer aft knows."""
    fields = _object(line)
    kind = _get(fields, "kind", str)
    if kind not in _KINDS:
        return None
    account_id = fields.get("account_id")
    return LedgerEvent(
        kind=EventKind(kind),
        subject=_get(fields, "subject", str),
        at=_when(fields.get("at")),
        run=_get(fields, "run", str),
        actor=_get(fields, "actor", str),
        account_id=None if account_id is None else str(account_id),
        change=_get(fields, "change", str, ""),
        revision=_get(fields, "revision", str, ""),
        request_commit=_get(fields, "request_commit", str, ""),
        plan_digest=_get(fields, "plan_digest", str, ""),
        previous=_get(fields, "previous", str, ""),
        aws_request_ids=tuple(map(str, _get(fields, "aws_request_ids", list, []))),
        summary=_get(fields, "summary", str, ""),
        data=_get(fields, "data", dict, {}),
    )


def encode_record(subject: str, record: AccountRecord | None) -> bytes:
    """What ``state.json`` holds; ``None`` is a subject that was forgotten."""
    if record is None:
        return _bytes({"version": VERSION, "subject": subject, "forgotten": True}) + b"\n"
    fields: dict[str, Any] = {"version": VERSION, "subject": record.subject}
    if record.account_id is not None:
        fields["account_id"] = record.account_id
    if record.intent is not None:
        fields["intent"] = {**_fields(record.intent), "at": _moment(record.intent.at)}
    if record.tag_keys:
        fields["tag_keys"] = record.tag_keys
    if record.steps:
        fields[_DONE] = encode_steps(record.steps)
    if record.failures:
        fields[_FAILED] = {
            name: {**_fields(step), "at": _moment(step.at)}
            for name, step in record.failures.items()
        }
    if record.allocations:
        fields["allocations"] = dict(record.allocations)
    if record.last_at is not None:
        fields["last_run"] = record.last_run
        fields["last_at"] = _moment(record.last_at)
    return _bytes(fields) + b"\n"


def decode_record(text: bytes) -> AccountRecord | None:
    """The record of a ``state.json``; ``None`` when it says that the subject was forgotten.

    Raises ``ValueError`` when it is damaged or of an older version: replay the events then.
    """
    return record_from(_object(text))


def record_from(fields: Mapping[str, Any], *, is_known: bool = False) -> AccountRecord | None:
    """The same of a ``state.json`` that was parsed already.

    One that ``is_known`` to be sound has its steps decoded when they are asked for: of ten
    thousand accounts most are only looked past.
    """
    version = _get(fields, "version", int)
    subject = _get(fields, "subject", str)
    if version < 1 or (version < VERSION and subject == ORGANIZATION):
        raise ValueError("the record is of an older version")
    if fields.get("forgotten"):
        return None
    intent = fields.get("intent")
    account_id = fields.get("account_id")
    last_at = fields.get("last_at")
    return AccountRecord(
        subject=subject,
        account_id=None if account_id is None else str(account_id),
        intent=None if intent is None else _intent(intent),
        tag_keys=tuple(map(str, _get(fields, "tag_keys", list, []))),
        steps=(_LaterSteps if is_known else decode_steps)(
            _named(fields, version, now=_DONE, before="steps")
        ),
        failures=_each(_named(fields, version, now=_FAILED, before="failures"), _failure),
        allocations=text_outputs(_get(fields, "allocations", dict, {})),
        last_run=_get(fields, "last_run", str, ""),
        last_at=None if last_at is None else _when(last_at),
    )


def _named(fields: Mapping[str, Any], version: int, *, now: str, before: str) -> Mapping[str, Any]:
    """Steps by the texts of their refs, whatever version wrote them."""
    if version >= VERSION:
        return _get(fields, now, dict, {})
    steps = _get(fields, before, dict, {})
    return {str(legacy.ref_of_step(name)): step for name, step in steps.items()}


def encode_steps(steps: Mapping[str, DoneStep]) -> Mapping[str, Any]:
    """Steps as JSON values, secrets masked; also how a rebound record carries its steps."""
    return {
        name: {
            "digest": step.digest,
            "at": _moment(step.at),
            "run": step.run,
            **({"outputs": masked(step.outputs)} if step.outputs else {}),
            **({"about": dict(step.about)} if step.about else {}),
        }
        for name, step in steps.items()
    }


def decode_steps(steps: Mapping[str, Any]) -> Mapping[str, DoneStep]:
    """The other way round. Raises ``ValueError``."""
    return _each(steps, _step)


class _LaterSteps(Mapping[str, DoneStep]):
    """Steps that are decoded one by one when asked for."""

    __slots__ = ("_encoded", "_steps")

    def __init__(self, encoded: Mapping[str, Any]) -> None:
        self._encoded = encoded
        self._steps: dict[str, DoneStep] = {}

    def __getitem__(self, name: str) -> DoneStep:
        step = self._steps.get(name)
        if step is None:
            step = self._steps[name] = _step(self._encoded[name])
        return step

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


def text_outputs(outputs: Any) -> Mapping[str, str]:
    """Outputs as they came, values as text; anything but an object counts as none."""
    if outputs is None or not isinstance(outputs, Mapping):
        return {}
    return {
        str(key): value if isinstance(value, str) else canonical_json(value)
        for key, value in outputs.items()
    }


def _step(fields: Mapping[str, Any]) -> DoneStep:
    return DoneStep(
        digest=_get(fields, "digest", str, ""),
        at=_when(fields.get("at")),
        run=_get(fields, "run", str, ""),
        outputs=text_outputs(fields.get("outputs")),
        about=text_outputs(fields.get("about")),
    )


def _failure(fields: Mapping[str, Any]) -> FailedStep:
    return FailedStep(
        at=_when(fields.get("at")),
        run=_get(fields, "run", str, ""),
        reason=_get(fields, "reason", str, ""),
        hint=_get(fields, "hint", str, ""),
        attempts=_get(fields, "attempts", int, 1),
        about=text_outputs(fields.get("about")),
    )


def _intent(fields: Any) -> OpenIntent:
    if not isinstance(fields, Mapping):
        raise ValueError("an intent is an object")  # noqa: TRY004 - one error for what is not ours
    creation_id = fields.get("creation_id")
    return OpenIntent(
        at=_when(fields.get("at")),
        run=_get(fields, "run", str, ""),
        name=_get(fields, "name", str, ""),
        email=_get(fields, "email", str, ""),
        creation_id=None if creation_id is None else str(creation_id),
    )


def _each(items: Mapping[str, Any], decode: Callable[[Mapping[str, Any]], _T]) -> Mapping[str, _T]:
    decoded: dict[str, _T] = {}
    for name, item in items.items():
        if not isinstance(item, dict):  # not Mapping: ten times slower, on a hot path
            raise ValueError(f"{name!r} is not an object")  # noqa: TRY004 - as above
        decoded[name] = decode(item)
    return decoded


def _masked_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """``outputs`` masked, also those of the steps that a rebound record brings along."""
    safe = dict(data)
    if isinstance(data.get("outputs"), Mapping):
        safe["outputs"] = masked(text_outputs(data["outputs"]))
    for key in (_DONE, "steps"):
        if isinstance(steps := data.get(key), Mapping):
            safe[key] = {
                name: _masked_data(step) if isinstance(step, Mapping) else step
                for name, step in steps.items()
            }
    return safe


def _fields(value: Any) -> dict[str, Any]:
    fields = plain(value)
    if not isinstance(fields, dict):
        raise TypeError(f"{type(value).__name__} is not a dataclass")
    return {key: item for key, item in fields.items() if item not in (None, "", {})}


def _moment(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time in the ledger needs its zone")
    return at.astimezone(UTC).isoformat()


def _when(text: Any) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a time")  # noqa: TRY004 - as above
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return at


def _bytes(fields: Mapping[str, Any]) -> bytes:
    # A lone surrogate (an undecodable file name) becomes \udcXX, which JSON reads back.
    return canonical_json(fields).encode(errors="backslashreplace")


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(fields, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - as above
    return fields


def _get(fields: Mapping[str, Any], key: str, kind: type[_T], default: _T | None = None) -> _T:
    value = fields.get(key, default)
    if not isinstance(value, kind):
        raise ValueError(f"{key}: expected {kind.__name__}")  # noqa: TRY004 - as above
    return value
