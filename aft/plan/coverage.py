"""What a change or its review covers: by that it is judged, and by nothing that stood unfulfilled
before it. Pure.

A subject is a request, or a thing of no account (``ou/Workloads``); it is covered by a review that
shows a change of it, or whose commits touch its file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from aft.findings.model import Condition, Finding
from aft.ledger.events import ORGANIZATION, UNFULFILLED, LedgerState, thing_subject
from aft.plan.kind import Kinds
from aft.plan.model import Change, Plan
from aft.plan.reviewed import Reviewed, untelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What commits touch: requests by their ids, and ``shared`` when it is something that many
    accounts use, such as a baseline. ``organization`` when it is organization.yaml."""

    requests: frozenset[str] = frozenset()
    shared: bool = False
    organization: bool = False


def subject_of(change: Change) -> str:
    """The ledger's subject of a change: its request, or the thing that belongs to no account."""
    return thing_subject(change.ref) if change.target == ORGANIZATION else change.target


def unfulfilled(plan: Plan) -> tuple[Finding, ...]:
    """What the plan says cannot be done, until a person does something about it."""
    return tuple(item for item in plan.attention if not item.is_remark)


_OF_THE_REQUEST_OR_THE_WORLD = frozenset(
    {
        Condition.ACCOUNT_GONE,
        Condition.ACCOUNT_SUSPENDED,
        Condition.ACCOUNT_KEPT,
        Condition.OTHER_EMAIL,
    }
)
"""What no change of something shared brings about."""


def covered_by(touched: Touched, plan: Plan, ledger: LedgerState, kinds: Kinds) -> frozenset[str]:
    """The subjects of ``plan`` that commits which touch ``touched`` are answerable for. Of
    something shared, that is what is planned inside accounts, or cannot be, except the very steps
    and requests of which the ledger knows already that they are not done; not an account that
    someone has moved."""
    found = set(touched.requests)
    if touched.organization:
        found |= {ORGANIZATION}
        found |= {subject_of(it) for it in plan.changes if it.target == ORGANIZATION}
    if touched.shared:
        before = _undone_before(plan, ledger)
        inside = (it for it in plan.changes if kinds.of(it).is_inside)
        found |= {it.target for it in inside if it.id not in before}
        found |= {
            item.target
            for item in unfulfilled(plan)
            if item.condition not in _OF_THE_REQUEST_OR_THE_WORLD
            and str(UNFULFILLED) not in ledger.record(item.target).holds
        }
    return frozenset(found)


def _undone_before(plan: Plan, ledger: LedgerState) -> frozenset[str]:
    """The changes that the ledger says failed or wait for people, and those that need them."""
    found: set[str] = set()
    needed_by: dict[str, list[str]] = defaultdict(list)
    for change in plan.changes:
        record = ledger.record(subject_of(change))
        if record.failed(change.ref) or str(change.ref) in record.holds:
            found.add(change.id)
        for need in change.needs:
            needed_by[need].append(change.id)
    todo = list(found)
    while todo:
        todo = [item for done in todo for item in needed_by[done] if item not in found]
        found.update(todo)
    return frozenset(found)


def covers_of(
    reviewed: Reviewed, plan: Plan, pushed: frozenset[str] | None
) -> frozenset[str] | None:
    """The subjects of ``plan`` that ``reviewed`` covers, or what was ``pushed`` since the last run;
    ``None`` for all, where it is not known what was pushed and no review says what it covers."""
    if reviewed.covers is None:
        seen = {untelling(change.id): subject_of(change) for change in plan.changes}
        shown = frozenset(seen[key] for key in reviewed.by_id if key in seen)
        return None if pushed is None else pushed | shown
    told = frozenset(reviewed.covers)
    shown = frozenset(it for it in (*_subjects(plan), ORGANIZATION) if untelling(it) in told)
    return shown | (pushed or frozenset())


def covers_told(covers: frozenset[str] | None, plan: Plan) -> tuple[str, ...]:
    """What a review of ``plan`` says that it covers: all that it shows is part of it."""
    shown = {subject_of(change) for change in plan.changes}
    others = {item.target for item in unfulfilled(plan)} if covers is None else covers
    return tuple(sorted(map(untelling, shown | others)))


def _subjects(plan: Plan) -> Iterable[str]:
    yield from (subject_of(change) for change in plan.changes)
    yield from (item.target for item in unfulfilled(plan))
