"""One change on a pool's thread: carried out, written to the ledger, and its errors sorted.

Nothing escapes from here: an expected error becomes a failure with its hint, an unexpected one a
failure that says where it came from, and what is meant to end the process is handed on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aft.engine.context import RunContext
from aft.engine.creation import AskAgain, Creations
from aft.engine.effects import StepSuccess
from aft.engine.intents import Asked
from aft.engine.opening import is_noted
from aft.errors import AftError, NotReviewed, Stopped, unexpected
from aft.ledger.events import MADE_ID, EventKind, thing_subject
from aft.ledger.payloads import Forgotten, Payload, StepDone, StepFailed, StepHeld, StepRemoved
from aft.plan.coverage import subject_of
from aft.plan.model import ORGANIZATION, Action, Change
from aft.plan.outcome import Status
from aft.plan.reviewed import does
from aft.ports import ProgressKind
from aft.redaction import redact
from aft.values.refs import ACCOUNT

_HINT = "a bug in aft or in a plug-in; nothing else is affected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How it went. ``shown`` is what people are to agree to. With ``asked`` or ``again`` the change
    is not over; ``broken`` is to be raised on the run's own thread."""

    status: Status = Status.SUCCEEDED
    message: str = ""
    hint: str = ""
    shown: tuple[str, ...] = ()
    account_id: str | None = None
    asked: Asked | None = None
    again: AskAgain | None = None
    broken: BaseException | None = None


def work(
    context: RunContext,
    creations: Creations,
    change: Change,
    *,
    asked: Asked | None,
    again: AskAgain | None,
) -> Work:
    """Carry out one change, or one half of a creation."""
    calls: list[str] = []
    try:
        context.pause.check()
        if asked is None and again is None:
            context.notify(ProgressKind.STEP_STARTED, change, change.reason)
        if creates_account(change) and asked is None:
            return Work(asked=creations.ask(change, again))
        with context.tools.calls.recording() as calls:
            if asked is not None:
                result = creations.finish(change, asked)
            else:
                result = context.effects_of(change).apply(context, change)
        if isinstance(result, AskAgain):
            return Work(again=result)
        _write_done(context, change, result, calls)
        context.journal.publish_now_and_then()
        return Work(message=result.message or result.summary, account_id=result.account_id)
    except Stopped as error:
        return Work(status=Status.STOPPED, message=error.message, hint=error.hint)
    except NotReviewed as error:
        return _held(context, change, error, calls)
    except AftError as error:
        return _failed(context, change, error.message, error.hint, calls)
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; it costs one row
        return _failed(context, change, unexpected(error), _HINT, calls)
    except BaseException as error:  # noqa: BLE001 - raised again on the run's own thread
        return Work(status=Status.FAILED, broken=error)


def _write_done(
    context: RunContext, change: Change, done: StepSuccess, calls: Sequence[str]
) -> None:
    journal = context.journal
    journal.append(
        journal.event(
            _payload(change, done),
            subject_of(change),
            done.summary,
            account_id=done.account_id,
            change=change.id,
            aws_request_ids=(*calls, *context.calls_of(change)),
            more=done.data,
        ),
        *(
            journal.event(
                StepRemoved(kind=ref.kind, action=change.action, key=ref.key, how="gone"),
                thing_subject(ref),
                f"{done.summary}: {ref.key} is gone by that",
                change=change.id,
            )
            for ref in done.gone
        ),
    )


def _payload(change: Change, done: StepSuccess) -> Payload:
    match done.event:
        case EventKind.FORGOTTEN:
            return Forgotten()
        case EventKind.STEP_REMOVED:
            return StepRemoved(kind=change.kind, action=change.action, key=change.key)
    return StepDone(
        kind=change.kind,
        action=change.action,
        key=change.key,
        # Things of no account are done by what was reviewed: so drift differs from pending.
        digest=done.digest or (change.effect if change.target == ORGANIZATION else ""),
        outputs=dict(done.outputs) | ({MADE_ID: done.made} if done.made else {}),
        unchanged=done.unchanged or None,
    )


def _about(context: RunContext, change: Change) -> Mapping[str, str]:
    try:
        return dict(context.effects_of(change).about(context, change))
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; the failure is reported anyway
        return {}


def creates_account(change: Change) -> bool:
    """The one change that waits for a slot, and has two halves."""
    return change.kind == ACCOUNT and change.action is Action.CREATE


def _failed(
    context: RunContext, change: Change, reason: str, hint: str, calls: Sequence[str]
) -> Work:
    """Note the failure; if even that fails, say both."""
    said = StepFailed(
        kind=change.kind,
        action=change.action,
        key=change.key,
        reason=redact(reason),
        hint=redact(hint),
        about=_about(context, change) or None,
    )
    return _not_done(context, change, said, calls, status=Status.FAILED)


def _held(context: RunContext, change: Change, error: NotReviewed, calls: Sequence[str]) -> Work:
    """Note that the step stopped before it did what no one has agreed to."""
    said = StepHeld(
        kind=change.kind,
        action=change.action,
        key=change.key,
        reason=redact(error.message),
        hint=redact(error.hint),
        does=does(change),
    )
    done = _not_done(context, change, said, calls, status=Status.HELD)
    return replace(done, shown=error.shown)


def _not_done(
    context: RunContext,
    change: Change,
    said: StepFailed | StepHeld,
    calls: Sequence[str],
    *,
    status: Status,
) -> Work:
    reason, hint = said.reason or "", said.hint or ""
    what = f"{context.kinds.describe(change)} of {change.target}"
    begins = f"Fail to {what}" if status is Status.FAILED else f"Hold back: {what}"
    account_id = context.known_account(change.target) or change.account_id
    event = context.journal.event(
        said,
        subject_of(change),
        f"{begins}: {reason.splitlines()[0] if reason else 'no reason'}",
        account_id=account_id,
        change=change.id,
        aws_request_ids=(*calls, *context.calls_of(change)),
    )
    try:
        if not (isinstance(said, StepHeld) and is_noted(context.record(event.subject), said)):
            context.journal.append(event)
    except AftError as error:
        reason = f"{reason} (and the ledger could not be written: {error.message})"
    return Work(status=status, message=reason, hint=hint, account_id=account_id)
