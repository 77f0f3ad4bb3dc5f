"""Ledger events and records as JSON: one canonical line each, readable by older and newer versions.

Unknown keys are passed over, so that an older aft reads what a newer one wrote. Raises
``ValueError`` for text that is not ours; the caller decides whether that is a loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from aft.ledger.events import AccountRecord, DoneStep, EventKind, LedgerEvent, texts
from aft.ledger.masking import masked
from aft.values.bounded_json import read_json
from aft.values.canonical_json import canonical_json

VERSION = 2
"""Raised when an older reader could misunderstand, or when the same events add up to another record
than before. One of an older version is rebuilt from its events.

What was done and what failed have other keys since version 2: an older aft, which would take them
for steps of customizations that are gone, and might destroy what those made, finds nothing done
instead, and repeats it."""
_EVENTS = 1
"""The version of an event's line."""

_EVENT = TypeAdapter(LedgerEvent)
_RECORD = TypeAdapter(AccountRecord)
_STEP = TypeAdapter(DoneStep)
_STEPS = TypeAdapter(dict[str, DoneStep])
_KINDS = frozenset(kind.value for kind in EventKind)


def encode_event(event: LedgerEvent, *, previous: bytes = b"") -> bytes:
    """One line without its line end; empty fields are left out. ``previous`` is the line before
    it in its subject's story, whose digest it holds. Two lines that hold the same one were written
    by two runs at a time. The key ``signature`` is kept free."""
    fields = _EVENT.dump_python(event, exclude_defaults=True, exclude={"previous"})
    if event.data:
        fields["data"] = _masked_data(event.data)
    if previous:
        fields["previous"] = line_digest(previous)
    return _bytes({"v": _EVENTS, **fields})


def line_digest(line: bytes) -> str:
    """``sha256:…`` of a line as it was written, without its line end; "" for none."""
    return f"sha256:{hashlib.sha256(line).hexdigest()}" if line else ""


def decode_event(line: bytes) -> LedgerEvent | None:
    """The event of a line; ``None`` for a kind that only a newer aft knows."""
    fields = _object(line)
    kind = fields.get("kind")
    if isinstance(kind, str) and kind not in _KINDS:
        return None
    return _EVENT.validate_python(fields)


def encode_record(subject: str, record: AccountRecord | None) -> bytes:
    """What ``state.json`` holds; ``None`` is a subject that was forgotten."""
    if record is None:
        fields: dict[str, Any] = {"subject": subject, "forgotten": True}
    else:
        fields = _RECORD.dump_python(record, by_alias=True, exclude_defaults=True)
        for name, failure in record.failures.items():
            fields["failed"][name]["attempts"] = failure.attempts  # written also when it is one
    return _bytes({"version": VERSION, **fields}) + b"\n"


def decode_record(text: bytes) -> AccountRecord | None:
    """The record of a ``state.json``; ``None`` when it says that the subject was forgotten. Raises
    ``ValueError`` when it is damaged or of an older version: replay the events then."""
    return record_from(_object(text))


def record_from(fields: Mapping[str, Any], *, is_known: bool = False) -> AccountRecord | None:
    """The same of a ``state.json`` that was parsed already. One that ``is_known`` to be sound has
    its steps decoded when they are asked for: of ten thousand accounts most are only looked
    past."""
    version = fields.get("version")
    if not isinstance(version, int):
        raise ValueError("version: expected int")  # noqa: TRY004 - one error for what is not ours
    if version < VERSION:
        raise ValueError("the record is of an older version")
    if fields.get("forgotten"):
        return None
    if not is_known:
        return _RECORD.validate_python(fields)
    record = _RECORD.validate_python({**fields, "done": {}})
    # The record is not shared yet; ``dataclasses.replace`` would make reading a third slower.
    object.__setattr__(record, "steps", _LaterSteps(fields.get("done", {})))
    return record


def version_of(text: bytes) -> int:
    """The version of a ``state.json``; 0 when it says none."""
    try:
        version = _object(text).get("version")
    except ValueError:
        return 0
    return version if isinstance(version, int) else 0


def encode_steps(steps: Mapping[str, DoneStep]) -> Mapping[str, Any]:
    """Steps as JSON values, secrets masked; also how a rebound record carries its steps."""
    encoded: Mapping[str, Any] = _STEPS.dump_python(dict(steps), exclude_defaults=True)
    return encoded


def decode_steps(steps: Mapping[str, Any]) -> Mapping[str, DoneStep]:
    """The other way round. Raises ``ValueError``."""
    return _STEPS.validate_python(steps)


class _LaterSteps(Mapping[str, DoneStep]):
    """Steps that are decoded one by one when asked for."""

    __slots__ = ("_encoded", "_steps")

    def __init__(self, encoded: Mapping[str, Any]) -> None:
        self._encoded = encoded
        self._steps: dict[str, DoneStep] = {}

    def __getitem__(self, name: str) -> DoneStep:
        step = self._steps.get(name)
        if step is None:
            step = self._steps[name] = _STEP.validate_python(self._encoded[name])
        return step

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


def _masked_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """``outputs`` masked, also those of the steps that a rebound record brings along."""
    safe = dict(data)
    if isinstance(data.get("outputs"), Mapping):
        safe["outputs"] = masked(texts(data["outputs"]))
    for key in ("done", "steps"):
        if isinstance(steps := data.get(key), Mapping):
            safe[key] = {
                name: _masked_data(step) if isinstance(step, Mapping) else step
                for name, step in steps.items()
            }
    return safe


def _bytes(fields: Mapping[str, Any]) -> bytes:
    return canonical_json(fields).encode()


def _object(text: bytes) -> Mapping[str, Any]:
    fields = read_json(text)
    if not isinstance(fields, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - as above
    return fields
