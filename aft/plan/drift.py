"""What changed outside git, told apart from what git asks for and nobody has applied yet. Pure.

A deep plan holds every difference; here each is sorted by what the ledger says was applied. Where
it does not say, the difference counts as pending: a repair must never carry out a wish that
nobody has applied. Customizations are not looked at: nobody can tell from outside what they left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from aft.desired.model import DesiredState
from aft.errors import UserError
from aft.ledger.events import LedgerState
from aft.organization.model import REQUEST_TAG, AccountState, OrganizationSnapshot
from aft.plan.applied import OU, Applied
from aft.plan.fields import NAME as NAME_FIELD
from aft.plan.fields import OU as OU_FIELD
from aft.plan.fields import TAG_PREFIX
from aft.plan.identity import identify
from aft.plan.model import Attention, Change, ChangeKind, FieldChange, Plan
from aft.plan.step_sources import stands
from aft.values.ids import AccountId, RequestId, Revision

FROM_OUTSIDE = frozenset(
    {ChangeKind.MOVE_ACCOUNT, ChangeKind.RENAME_ACCOUNT, ChangeKind.TAG_ACCOUNT}
)
"""Changes of which the ledger does not hold the values that were applied."""

NEEDS_HISTORY = frozenset({"AFT906", "AFT908"})
"""Doubts that are drift only if the request has not changed since it was applied."""

_OTHER_ORGANIZATION = "AFT921"
_GONE = "AFT903"
_SUSPENDED = "AFT904"
_UNREAD = "AFT922"
_TAG_WITHOUT_REQUEST = "AFT914"  # said of unmanaged accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Something that is not as it was last applied, although git has not changed.

    ``what`` is a change's kind, or ``account-gone``, ``account-suspended``, ``account-kept``
    (protected, so nothing is done) or ``root-email``. ``differences`` are one line each.
    ``change`` is the planned change that puts it back; ``None`` when aft cannot.
    """

    target: str
    account_id: str | None
    what: str
    subject: str = ""
    differences: tuple[str, ...] = ()
    change: Change | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Something git asks for that is not applied yet, or cannot be; ``note`` says what made it
    doubtful whether it is rather drift."""

    target: str
    account_id: str | None
    what: str
    subject: str = ""
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """An account that no request knows. ``tag`` is the request it carries the tag of, if any."""

    account_id: str
    name: str
    email: str
    ou: str
    state: str
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Everything that was found. ``unread`` and ``doubts`` are as the plan says them.

    ``unmanaged`` is empty when only some requests were looked at (``scope``).
    """

    revision: Revision
    scope: tuple[str, ...] | None
    accounts: int
    outside: tuple[Outside, ...] = ()
    pending: tuple[Pending, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    unread: tuple[Attention, ...] = ()
    doubts: tuple[Attention, ...] = ()

    @property
    def is_any(self) -> bool:
        """Something changed outside git."""
        return bool(self.outside)


def needs_history(plan: Plan) -> frozenset[str]:
    """The targets of which one must know what was last applied."""
    changes = {item.target for item in plan.changes if item.kind in FROM_OUTSIDE}
    return frozenset(
        changes | {item.target for item in plan.attention if item.code in NEEDS_HISTORY}
    )


def detect_drift(
    plan: Plan,
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    *,
    applied: Mapping[str, Applied],
    made_before: Collection[str] = (),
) -> Drift:
    """Sort what a deep ``plan`` found. ``applied`` is known for the targets of ``needs_history``;
    ``made_before`` are ids of changes to the OU tree that the ledger says were done once.

    Raises ``UserError`` when the organization is not the one the ledger knows.
    """
    sorter = _Sorter(plan, desired, snapshot, ledger, applied, frozenset(made_before))
    for change in plan.changes:
        sorter.change(change)
    for item in plan.attention:
        sorter.attention(item)
    return Drift(
        revision=plan.revision,
        scope=plan.scope,
        accounts=plan.summary.accounts_total,
        outside=tuple(sorter.outside),
        pending=tuple(sorter.pending),
        unmanaged=tuple(_unmanaged(desired, snapshot, ledger)) if plan.scope is None else (),
        unread=tuple(sorter.unread),
        doubts=tuple(sorter.doubts),
    )


class _Sorter:
    def __init__(
        self,
        plan: Plan,
        desired: DesiredState,
        snapshot: OrganizationSnapshot,
        ledger: LedgerState,
        applied: Mapping[str, Applied],
        made_before: frozenset[str],
    ) -> None:
        self._plan = plan
        self._desired = desired
        self._snapshot = snapshot
        self._ledger = ledger
        self._applied = applied
        self._made_before = made_before
        self.outside: list[Outside] = []
        self.pending: list[Pending] = []
        self.unread: list[Attention] = []
        self.doubts: list[Attention] = []

    def change(self, change: Change) -> None:
        if change.kind is ChangeKind.APPLY_SETTING:
            self._setting(change)
        elif change.kind in FROM_OUTSIDE:
            self._from_outside(change)
        elif change.kind is ChangeKind.CREATE_OU and change.id in self._made_before:
            self._put(change, (f"OU {change.subject} is gone",))
        else:
            self._wait(change)

    def attention(self, item: Attention) -> None:
        if item.code == _OTHER_ORGANIZATION:
            raise UserError(item.message, hint=item.hint)
        if item.code == _UNREAD:
            self.unread.append(item)
        elif item.code == _GONE:
            self._lost(item, "account-gone")
        elif item.code == _SUSPENDED and self._state(item.target) is not (
            AccountState.PENDING_ACTIVATION
        ):
            self._lost(item, "account-suspended")
        elif item.code == "AFT906" and self._is_same(item.target, OU):
            self._lost(item, "account-kept")
        elif item.code == "AFT908" and self._is_same(item.target, "email"):
            self._lost(item, "root-email")
        elif item.code != _TAG_WITHOUT_REQUEST:
            self.doubts.append(item)

    # --- single changes ---

    def _setting(self, change: Change) -> None:
        record = self._ledger.record(change.target)
        if change.details and stands(record, change.subject, change.inputs_digest):
            at = record.steps[change.subject].at
            later = any("/" in name and step.at > at for name, step in record.steps.items())
            since = ", customizations have run since" if later else ""
            self._put(change, change.details, note=f"applied {at:%Y-%m-%d %H:%M} UTC{since}")
        else:
            self._wait(change)

    def _from_outside(self, change: Change) -> None:
        applied = self._applied.get(change.target, Applied())
        drifted = [item for item in change.fields if self._has_drifted(change, item, applied)]
        asked = [
            item
            for item in change.fields
            if item not in drifted and (change.kind is not ChangeKind.MOVE_ACCOUNT)
        ]
        if not drifted:
            self._wait(change, note=applied.why)
            return
        lines = tuple(_line(item) for item in drifted)
        if asked:
            note = "is put back together with what git asks for"
            self._put(change, lines, is_repairable=False, note=note)
            self._wait(change)
        else:
            self._put(change, lines)

    def _has_drifted(self, change: Change, item: FieldChange, applied: Applied) -> bool:
        request = self._desired.request_by_id.get(RequestId(change.target))
        if request is None or change.kind.value in self._ledger.record(change.target).failures:
            return False
        if item.field == OU_FIELD:
            return applied.ou is not None and applied.ou == str(request.ou)
        if item.field == NAME_FIELD:
            return applied.name is not None and applied.name == item.after
        if item.field.startswith(TAG_PREFIX) and item.after is not None:
            key = item.field.removeprefix(TAG_PREFIX)
            return applied.tags is not None and applied.tags.get(key) == item.after
        return False

    def _is_same(self, target: str, aspect: str) -> bool:
        """The request says of it today what it said when it was last applied."""
        request = self._desired.request_by_id.get(RequestId(target))
        applied = self._applied.get(target, Applied())
        if request is None:
            return False
        if aspect == OU:
            return applied.ou == str(request.ou)
        return applied.email is not None and applied.email.casefold() == request.email.key

    # --- lists ---

    def _put(
        self,
        change: Change,
        differences: tuple[str, ...],
        *,
        note: str = "",
        is_repairable: bool = True,
    ) -> None:
        self.outside.append(
            Outside(
                target=change.target,
                account_id=change.account_id,
                what=change.kind.value,
                subject=change.subject,
                differences=differences,
                change=change if is_repairable else None,
                note=note,
            )
        )

    def _wait(self, change: Change, *, note: str = "") -> None:
        self.pending.append(
            Pending(
                target=change.target,
                account_id=change.account_id,
                what=change.kind.value,
                subject=change.subject,
                reason=change.reason,
                note=note,
            )
        )

    def _lost(self, item: Attention, what: str) -> None:
        self.outside.append(
            Outside(
                target=item.target,
                account_id=self._ledger.record(item.target).account_id,
                what=what,
                differences=(item.message,),
                note=item.hint,
            )
        )

    def _state(self, target: str) -> AccountState | None:
        account_id = self._ledger.record(target).account_id
        account = self._snapshot.account_by_id.get(AccountId(account_id or ""))
        return account.state if account is not None else None


def _line(item: FieldChange) -> str:
    """``is`` comes before ``was``: the reader knows the world as it is."""
    if item.field.startswith(TAG_PREFIX):
        key = item.field.removeprefix(TAG_PREFIX)
        now = "is gone" if item.before is None else f"is {item.before}"
        return f"tag {key} {now}, was applied as {item.after}"
    word = {OU_FIELD: "OU", NAME_FIELD: "name"}.get(item.field, item.field)
    return f"{word} is {item.before}, was applied as {item.after}"


def _unmanaged(
    desired: DesiredState, snapshot: OrganizationSnapshot, ledger: LedgerState
) -> Iterator[Unmanaged]:
    """Accounts of no request and no ledger record; the management account is nobody's."""
    known = {match.account.id for match in identify(desired, snapshot, ledger).matches.values()}
    bound = {record.account_id for record in ledger.records.values()}
    adopted = {request.account_id for request in desired.requests}
    managed = {*known, *bound, *adopted, snapshot.management_account_id}
    for account in snapshot.accounts:
        if account.id not in managed:
            yield Unmanaged(
                account_id=account.id,
                name=account.name,
                email=account.email,
                ou=str(account.ou),
                state=account.state.value,
                tag=account.tags.get(REQUEST_TAG, ""),
            )
