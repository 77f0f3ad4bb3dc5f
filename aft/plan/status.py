"""Every request's state now: what the ledger remembers, and what a plan still wants to do. Pure.
Without a plan or a snapshot it says what the ledger alone can tell."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from aft.desired.model import AccountRequest, DesiredState
from aft.findings.model import Finding
from aft.ledger.events import (
    UNFULFILLED,
    AccountRecord,
    DoneStep,
    FailedStep,
    HeldStep,
    LedgerState,
    is_of_organization,
)
from aft.organization.model import Account, AccountState, OrganizationSnapshot
from aft.plan.held_back import held_back
from aft.plan.identity import identify
from aft.plan.model import Plan
from aft.plan.protection import is_protected
from aft.values.ids import AccountId
from aft.values.refs import ACCOUNT, Ref


class Standing(enum.StrEnum):
    """The state of a request; the first that applies is shown."""

    ATTENTION = "attention"  # a person has to decide something first
    SUSPENDED = "suspended"  # AWS says the account is closed, or about to be
    CREATING = "creating"  # a creation was started and is not settled
    FAILED = "failed"  # a step failed, and is tried again
    HELD = "held"  # a step waits until people agree to it
    REQUESTED = "requested"  # no account yet
    PENDING = "pending"  # it has an account; something is still to be done
    ACTIVE = "active"  # as the repository wants it
    FORGOTTEN = "forgotten"  # its file is gone; the next run lets the account go


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One request. ``pending`` names the changes to come, ``last_run`` is "" before the first.
    ``failed`` are the steps that failed last time, by their names for people, ``held`` those that
    wait for people; ``done`` those of customizations that succeeded, which may have left a log."""

    id: str
    account_id: str | None
    ou: str
    state: Standing
    last_run: str = ""
    last_at: datetime | None = None
    pending: tuple[str, ...] = ()
    failed: tuple[tuple[str, FailedStep], ...] = ()
    held: tuple[tuple[str, HeldStep], ...] = ()
    done: tuple[tuple[str, DoneStep], ...] = ()
    attention: tuple[str, ...] = ()


_GONE = (AccountState.SUSPENDED, AccountState.PENDING_CLOSURE, AccountState.CLOSED)


def account_statuses(
    desired: DesiredState,
    ledger: LedgerState,
    plan: Plan | None = None,
    snapshot: OrganizationSnapshot | None = None,
) -> tuple[StatusRow, ...]:
    """One row per request by id, then the ledger's accounts whose file is gone."""
    matches = identify(desired, snapshot, ledger).matches if snapshot is not None else {}
    world = _World(snapshot=snapshot, is_planned=plan is not None)
    for change in plan.changes if plan is not None else ():
        is_account = change.kind == ACCOUNT
        words = f"{change.action.value} {change.ref}".rstrip("/") if is_account else change.key
        world.pending[change.target].append(words)
    for item in plan.attention if plan is not None else _held_back(desired):
        world.attention[item.target].append(item.message)
        if not item.is_remark:
            world.doubtful.add(item.target)
    rows = []
    for request in sorted(desired.requests, key=lambda item: item.id):
        record, match = ledger.record(request.id), matches.get(request.id)
        account_id = match.account.id if match is not None else record.account_id
        rows.append(_row(request.id, account_id, record, world, request))
    for name in sorted(desired.held.requests.keys() - desired.request_by_id.keys()):
        record = ledger.record(name)
        row = _row(name, record.account_id, record, world, None)
        doubts = tuple(world.attention.get(name, ()))
        rows.append(replace(row, state=Standing.ATTENTION, attention=doubts))
    rows.sort(key=lambda row: row.id)
    taken = {row.account_id for row in rows if row.account_id is not None}
    for subject, record in sorted(ledger.records.items()):
        is_request = desired.has_file(subject) or is_of_organization(subject)
        if is_request or (record.account_id is None and record.intent is None):
            continue
        if record.account_id not in taken:  # else renamed: another request has its account now
            rows.append(_row(subject, record.account_id, record, world, None))
    return tuple(rows)


def _held_back(desired: DesiredState) -> Iterator[Finding]:
    """What a plan would say of accounts that errors in files hold back, as far as files tell."""
    for request in desired.requests:
        if error := desired.held_by(request, request.ou_path):
            yield held_back(request.id, error)
    for name, held in desired.held.requests.items():
        if name not in desired.request_by_id:
            yield held_back(name, held.finding)


def thing_statuses(ledger: LedgerState) -> tuple[StatusRow, ...]:
    """One row for each thing of no account, such as an OU, whose last step failed, or is held."""
    return tuple(
        _of_record(subject, record, Standing.FAILED if record.failures else Standing.HELD)
        for subject, record in sorted(ledger.records.items())
        if is_of_organization(subject) and (record.failures or record.holds)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """What AWS has, and what a plan says of each target: the changes to come, and what a person
    should know. Of ``doubtful`` targets a person has to decide something."""

    snapshot: OrganizationSnapshot | None
    is_planned: bool
    pending: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    attention: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    doubtful: set[str] = field(default_factory=set)

    def account(self, account_id: str | None) -> Account | None:
        if self.snapshot is None or account_id is None:
            return None
        return self.snapshot.account_by_id.get(AccountId(account_id))


def _row(
    subject: str,
    account_id: str | None,
    record: AccountRecord,
    world: _World,
    request: AccountRequest | None,
) -> StatusRow:
    """``request`` is ``None`` for an account whose file is gone."""
    account = world.account(account_id)
    row = replace(
        _of_record(subject, record, Standing.FORGOTTEN),
        account_id=account_id,
        ou=str(account.ou if account is not None else request.ou if request is not None else ""),
        pending=tuple(world.pending.get(subject, ())),
    )
    if request is None:
        if not is_protected(None, record):
            return row
        said = tuple(world.attention.get(subject, ()))
        return replace(row, state=Standing.ATTENTION, attention=said)
    return replace(
        row,
        state=_standing(subject, account_id, record, world),
        done=tuple(
            (Ref.parse(key).key, done)
            for key, done in sorted(record.steps.items())
            # Settings are about nothing, and accounts leave no logs.
            if done.about and Ref.parse(key).kind != ACCOUNT and key not in record.failures
        ),
        attention=tuple(world.attention.get(subject, ()) or _noted_attention(record, world)),
    )


def _standing(
    subject: str, account_id: str | None, record: AccountRecord, world: _World
) -> Standing:
    account = world.account(account_id)
    if account is not None and account.state in _GONE:
        return Standing.SUSPENDED
    if subject in world.doubtful or (not world.is_planned and str(UNFULFILLED) in record.holds):
        return Standing.ATTENTION
    if record.intent is not None and account_id is None:
        return Standing.CREATING
    if record.failures:
        return Standing.FAILED
    if record.holds.keys() - {str(UNFULFILLED)}:
        return Standing.HELD
    if account_id is None:
        return Standing.REQUESTED
    return Standing.PENDING if subject in world.pending else Standing.ACTIVE


def _of_record(subject: str, record: AccountRecord, state: Standing) -> StatusRow:
    """What the ledger alone says."""
    return StatusRow(
        id=subject,
        account_id=None,
        ou="",
        state=state,
        last_run=record.last_run,
        last_at=record.last_at,
        failed=tuple(
            (step_words(Ref.parse(key)), failure)
            for key, failure in sorted(record.failures.items())
        ),
        held=tuple(
            (step_words(Ref.parse(key)), hold)
            for key, hold in sorted(record.holds.items())
            if key != str(UNFULFILLED)
        ),
    )


def _noted_attention(record: AccountRecord, world: _World) -> Iterator[str]:
    """What the ledger says of the whole request, where no plan does."""
    hold = record.holds.get(str(UNFULFILLED))
    if hold is not None and not world.is_planned:
        yield f"{hold.reason} (since {hold.at:%Y-%m-%d %H:%M} UTC)"


def step_words(ref: Ref) -> str:
    """A step as people call it: its thing's name; of an account, the aspect."""
    return ref.key if ref.kind != ACCOUNT else f"account {ref.key}".rstrip()
