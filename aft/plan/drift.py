"""What changed outside git, separate from what git asks for and is not applied yet. Pure.

A deep plan holds every difference; here each is sorted by what the ledger says was applied. Where
it does not say, the difference counts as pending: a repair must never apply a request for
the first time. Customizations are not looked at: it is unknown from outside what they left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from aft.desired.model import DesiredState
from aft.errors import UserError
from aft.findings.model import Condition, Finding, finding_about
from aft.ledger.events import UNFULFILLED, LedgerState, is_of_organization
from aft.organization.model import REQUEST_TAG, OrganizationSnapshot
from aft.plan.applied import ASPECTS, Applied, is_up_to_date
from aft.plan.drifted import Drift, Outside, Pending, Undone, Unmanaged
from aft.plan.fields import NAME, OU, OUTSIDE, RELEASED, TAG_PREFIX, field_of
from aft.plan.identity import identify
from aft.plan.kind import Kinds, Truth
from aft.plan.model import ORGANIZATION, Action, Change, FieldChange, Plan
from aft.plan.status import step_words
from aft.plan.summary import summarise
from aft.plan.waves import make_waves
from aft.values.ids import RequestId
from aft.values.refs import ACCOUNT, Ref

NEEDS_HISTORY = frozenset({Condition.ACCOUNT_KEPT, Condition.OTHER_EMAIL})
"""Doubts that are drift only if the request has not changed since it was applied."""

_LOST: Mapping[Condition, str] = {
    Condition.ACCOUNT_GONE: "account-gone",
    Condition.ACCOUNT_SUSPENDED: "account-suspended",
    Condition.ACCOUNT_KEPT: "account-kept",
    Condition.ACCOUNT_MOVED: "account-kept",
    Condition.OTHER_EMAIL: "root-email",
}
"""What cannot be put back, as ``Outside.what``."""


def needs_history(plan: Plan) -> frozenset[str]:
    """The targets of which one must know what was last applied."""
    changes = {item.target for item in plan.changes if _is_from_outside(item)}
    return frozenset(
        changes | {item.target for item in plan.attention if item.condition in NEEDS_HISTORY}
    )


def detect_drift(
    plan: Plan,
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    *,
    kinds: Kinds,
    applied: Mapping[str, Applied],
    is_refused: bool = False,
) -> Drift:
    """Sort what a deep ``plan`` found. ``applied`` is known for the targets of ``needs_history``.
    ``is_refused``: limits keep the plan from being applied. Raises ``UserError`` when the
    organization is not the one the ledger knows."""
    sorter = _Sorter(desired, ledger, kinds, applied, is_refused)
    for change in plan.changes:
        sorter.change(change)
    for item in plan.attention:
        sorter.attention(item)
    held_back = {item.target for item in plan.held_back}
    return Drift(
        revision=plan.revision,
        scope=plan.scope,
        accounts=plan.summary.accounts_total - sum(map(desired.has_file, held_back)),
        outside=tuple(sorter.outside),
        pending=tuple(sorter.pending),
        unmanaged=tuple(_unmanaged(desired, snapshot, ledger)) if plan.scope is None else (),
        unread=tuple(sorter.unread),
        doubts=tuple(sorter.doubts),
        undone=tuple(_undone(plan, desired, ledger)),
    )


@dataclass(frozen=True, slots=True)
class _Sorter:
    desired: DesiredState
    ledger: LedgerState
    kinds: Kinds
    applied: Mapping[str, Applied]
    is_refused: bool
    outside: list[Outside] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    unread: list[Finding] = field(default_factory=list)
    doubts: list[Finding] = field(default_factory=list)

    def change(self, change: Change) -> None:
        kind = self.kinds.of(change)
        if kind.truth is Truth.LIVE:
            self._live(change)
        elif self._has_lost_its_witness(change):
            lines = tuple(_line(item) for item in change.fields if _is_tag(item))
            self._put(change, lines, note="only the ledger says whose account it is")
        elif _is_from_outside(change):
            self._from_outside(change)
        elif kind.truth is Truth.SNAPSHOT and self._was_made(change):
            self._put(change, (f"{kind.noun[0]} {change.key} is gone",))
        elif field_of(change, OUTSIDE) is not None:
            # One that must be reviewed is no repair.
            self._put(change, _lines(change), is_repairable=not change.risk, note=change.reason)
        elif kind.truth is Truth.SNAPSHOT and self._was_as_wanted(change):
            lines = tuple(_line(item) for item in change.fields if item.before != item.after)
            self._put(change, lines or (f"{kind.noun[0]} {change.key} is not as it was applied",))
        else:
            self._wait(change)

    def attention(self, item: Finding) -> None:
        if item.condition is Condition.OTHER_ORGANIZATION:
            raise UserError(item.message, hint=item.hint)
        if item.condition is Condition.UNREAD:
            self.unread.append(item)
        elif item.condition in _LOST and self._is_as_applied(item):
            self.outside.append(
                Outside(
                    target=item.target,
                    account_id=self.ledger.record(item.target).account_id,
                    what=_LOST[item.condition],
                    differences=(item.message,),
                    note=item.hint,
                )
            )
        elif item.condition is not Condition.UNKNOWN_REQUEST:
            self.doubts.append(item)

    # --- single changes ---

    def _has_lost_its_witness(self, change: Change) -> bool:
        """The ledger binds the account, and the account no longer says whose it is."""
        bound = self.ledger.record(change.target).account_id
        is_adoption = change.kind == ACCOUNT and change.action is Action.ADOPT
        return is_adoption and bound is not None and bound == change.account_id

    def _was_made(self, change: Change) -> bool:
        """It is to be made, and the ledger says that it was made once."""
        is_new = change.action is Action.CREATE and change.target == ORGANIZATION
        return is_new and self.ledger.done(change.ref) is not None

    def _was_as_wanted(self, change: Change) -> bool:
        """The ledger says that the same was carried out before."""
        if change.target != ORGANIZATION or change.action is not Action.UPDATE:
            return False
        done = self.ledger.done(change.ref)
        return done is not None and bool(done.digest) and done.digest == change.effect

    def _live(self, change: Change) -> None:
        record = self.ledger.record(change.target)
        done = record.done(change.ref)
        is_done = is_up_to_date(record, change.ref, change.inputs_digest)
        if done is None or not is_done or not change.details:
            self._wait(change)
            return
        note = f"applied {done.at:%Y-%m-%d %H:%M} UTC"
        for kind in self.kinds.values():
            steps = record.steps_of(kind.name).values()
            is_seen = kind.truth is not Truth.LEDGER or not kind.is_inside
            if not is_seen and any(step.at > done.at for step in steps):
                note += f", {kind.noun[1]} have run since"
        self._put(change, change.details, note=note)

    def _from_outside(self, change: Change) -> None:
        applied = self.applied.get(change.target, Applied())
        fields = [item for item in change.fields if item.field != RELEASED]
        drifted = [item for item in fields if self._has_drifted(change, item, applied)]
        is_move = change.action is Action.MOVE
        lines = tuple(map(_line, drifted))
        if not drifted:
            self._wait(change, note=applied.why)
        elif is_move or len(drifted) == len(fields):
            self._put(change, lines)
        else:
            note = "is reverted together with pending changes from git"
            self._put(change, lines, is_repairable=False, note=note)
            self._wait(change)

    def _has_drifted(self, change: Change, item: FieldChange, applied: Applied) -> bool:
        request = self.desired.request_by_id.get(RequestId(change.target))
        if request is None or self.ledger.record(change.target).failed(change.ref):
            return False
        if item.field == OU:
            return applied.ou is not None and applied.ou == str(request.ou)
        if item.field == NAME:
            return applied.name is not None and applied.name == item.after
        if item.field.startswith(TAG_PREFIX) and item.after is not None:
            key = item.field.removeprefix(TAG_PREFIX)
            return applied.tags is not None and applied.tags.get(key) == item.after
        return False

    def _is_as_applied(self, item: Finding) -> bool:
        """The request says today what it said when it was last applied, where that matters."""
        if item.condition not in NEEDS_HISTORY:
            return True
        request = self.desired.request_by_id.get(RequestId(item.target))
        applied = self.applied.get(item.target, Applied())
        if request is None:
            return False
        if item.condition is Condition.ACCOUNT_KEPT:
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
                what=self._what(change),
                word=self.kinds.verb(change).drifted or self.kinds.of(change).noun[0],
                subject=self.kinds.of(change).name_of(change),
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
                what=self._what(change),
                word=self.kinds.verb(change).label if change.key else self.kinds.describe(change),
                subject=self.kinds.of(change).name_of(change),
                reason=change.reason,
                note=note,
                is_elsewhere=self._is_kept_out(change),
            )
        )

    def _is_kept_out(self, change: Change) -> bool:
        """It is a move that waits for a limit, or for people."""
        held = self.ledger.record(change.target).holds
        is_move = change.kind == ACCOUNT and change.action is Action.MOVE
        return is_move and (self.is_refused or str(change.ref) in held)

    def _what(self, change: Change) -> str:
        aspect = "" if self.kinds.of(change).name_of(change) else f"/{change.key}".rstrip("/")
        return f"{change.action.value}-{change.kind}{aspect}"


def _is_from_outside(change: Change) -> bool:
    """The ledger does not hold the values that were applied."""
    return change.kind == ACCOUNT and change.key in ASPECTS


def _is_tag(item: FieldChange) -> bool:
    return item.field.startswith(TAG_PREFIX)


def _lines(change: Change) -> tuple[str, ...]:
    """What differs; an OU's path says its name."""
    left_out = {OUTSIDE, NAME} if field_of(change, OU) is not None else {OUTSIDE}
    return tuple(
        _line(item)
        for item in change.fields
        if item.before != item.after and item.field not in left_out
    )


def _line(item: FieldChange) -> str:
    """``is`` comes before ``was``: the reader knows the world as it is."""
    if item.field.startswith(TAG_PREFIX):
        key = item.field.removeprefix(TAG_PREFIX)
        now = "is gone" if item.before is None else f"is {item.before}"
        return f"tag {key} {now}, was applied as {item.after}"
    word = {OU: "OU", NAME: "name"}.get(item.field, item.field)
    return f"{word} is {item.before}, was applied as {item.after}"


def _undone(plan: Plan, desired: DesiredState, ledger: LedgerState) -> Iterator[Undone]:
    """What failed or waits for people, of the requests looked at and, if all were, of the
    organization. What cannot be done at all is among the doubts."""
    for subject, record in sorted(ledger.records.items()):
        is_request = subject in desired.request_by_id
        if plan.scope is not None and subject not in plan.scope:
            continue
        if not is_request and not is_of_organization(subject):
            continue
        for key, failed in sorted(record.failures.items()):
            what = step_words(Ref.parse(key))
            yield Undone(target=subject, what=what, reason=failed.reason, at=failed.at)
        for key, held in sorted(record.holds.items()):
            if key != str(UNFULFILLED):
                what, reason = step_words(Ref.parse(key)), held.reason
                yield Undone(target=subject, what=what, reason=reason, at=held.at, is_held=True)


def _unmanaged(
    desired: DesiredState, snapshot: OrganizationSnapshot, ledger: LedgerState
) -> Iterator[Unmanaged]:
    """Accounts of no request and no ledger record; the management account belongs to none."""
    known = {match.account.id for match in identify(desired, snapshot, ledger).matches.values()}
    bound = {record.account_id for record in ledger.records.values()}
    adopted = {request.account_id for request in desired.asked_for}
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


def repair_plan(plan: Plan, drift: Drift, kinds: Kinds) -> Plan:
    """``plan`` with the repairs alone; empty when nothing can be put back. A change that needs one
    which is not drift waits for the next apply: a repair applies no request for the first time, and
    nothing in another order than an apply would."""
    changes = _that_can_go(item.change for item in drift.outside if item.change is not None)
    targets = {change.target for change in changes}
    left = {item.target for item in plan.changes} - {ORGANIZATION}
    attention = tuple(
        finding_about(
            "AFT923",
            target,
            f"{_left(plan, changes, target)} more asked for in git, and not part of a repair",
            "aft apply carries everything out",
        )
        for target in sorted(targets & left)
        if len(plan.changes_of(target)) > sum(change.target == target for change in changes)
    )
    return replace(
        plan,
        changes=changes,
        waves=make_waves(changes, kinds),
        summary=replace(
            summarise(changes, attention, looked_at=targets - {ORGANIZATION}),
            accounts_total=plan.summary.accounts_total,
        ),
        accounts=tuple(line for line in plan.accounts if line.target in targets),
        confirmations=(),
        attention=attention,
    )


def _that_can_go(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those of which everything they need is among them; they follow only each other."""
    left = {change.id: change for change in changes}
    while True:
        stuck = [key for key, change in left.items() if not left.keys() >= set(change.needs)]
        if not stuck:
            return tuple(
                replace(change, follows=tuple(key for key in change.follows if key in left))
                for change in left.values()
            )
        for key in stuck:
            del left[key]


def _left(plan: Plan, changes: Iterable[Change], target: str) -> str:
    done = {change.id for change in changes}
    number = sum(change.id not in done for change in plan.changes_of(target))
    return "1 change is" if number == 1 else f"{number} changes are"
