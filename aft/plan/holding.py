"""Which changes of a plan wait for people: those that are risky and that no one has reviewed, and
all that need them. Everything else is carried out. Pure.

What needs what, the plan itself says (``Change.needs``), so a held move holds all that its account
would get in the new place, and a new account that depends on it. Where it is in doubt whose account
it is, nothing at all is done to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Action, Change, Plan
from aft.plan.outcome import Status, StepOutcome
from aft.plan.permission import NO_PERMISSIONS, Permissions
from aft.plan.reviewed import Reviewed, does, does_something_else, newly_risky, policies_of
from aft.values.canonical_json import digest
from aft.values.refs import account_ref

GO_ON = "it is carried out once that is reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A change that is not carried out, why in one line, and what to do. ``cause`` is the change
    that people have not agreed to: itself, or one that it needs. ``does`` is the digest of what
    the change does, so that the same hold is recognised in the next plan."""

    change: Change
    cause: Change
    reason: str
    hint: str
    does: str

    @property
    def waits_for(self) -> str:
        """The id of the change it waits for; empty where it is held for its own sake."""
        return "" if self.change.id == self.cause.id else self.cause.id

    @property
    def outcome(self) -> StepOutcome:
        """How it ends in a run."""
        return StepOutcome(
            change=self.change,
            status=Status.HELD,
            message=self.reason,
            hint=self.hint,
            waits_for=self.waits_for,
        )


def holds_of(
    plan: Plan, reviewed: Reviewed, *, kinds: Kinds, permissions: Permissions = NO_PERMISSIONS
) -> Mapping[str, Hold]:
    """What must wait, by the change's id, in plan order: what was not reviewed, and what no
    reviewed line permits."""
    new = newly_risky(reviewed, plan)
    causes = {change.id: change for change in new if not permissions.allows(change)}
    if not causes:
        return {}
    waiting = _waiting(plan, causes)
    return {
        change.id: _hold_itself(change, kinds, reviewed, permissions)
        if change.id in causes
        else _hold(change, waiting[change.id], waits_for(change, waiting[change.id], kinds), GO_ON)
        for change in plan.changes
        if change.id in waiting
    }


def release_of(holds: Mapping[str, Hold]) -> str:
    """A digest by which people let through exactly what ``holds`` waits for; "" where nothing
    does. It changes with what is held, what that does, and the policies that a move changes."""
    causes = [hold for hold in holds.values() if not hold.waits_for]
    if not causes:
        return ""
    return digest(sorted([hold.change.id, hold.does, policies_of(hold.change)] for hold in causes))


def noted(holds: Mapping[str, Hold]) -> tuple[Hold, ...]:
    """Those that the ledger notes: what people have to agree to, and of each account that only
    waits for another one the first change that does."""
    causes = [hold for hold in holds.values() if not hold.waits_for]
    found = {hold.change.target for hold in causes}
    waiting: dict[str, Hold] = {}
    for hold in holds.values():
        if hold.change.target not in found:
            waiting.setdefault(hold.change.target, hold)
    return (*causes, *waiting.values())


def waits_for(change: Change, cause: Change, kinds: Kinds) -> str:
    """Why ``change`` is held when it is ``cause`` that people have to agree to."""
    whose = "its own" if change.target == cause.target else f"{cause.target}'s"
    return f"waits for {whose} step to {kinds.describe(cause)}, which is held"


def _waiting(plan: Plan, causes: Mapping[str, Change]) -> Mapping[str, Change]:
    """Each change that waits, and the first cause found for it."""
    needed_by: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        for need in change.needs:
            needed_by[need].append(change)
    waiting = dict(causes)
    for cause in causes.values():
        todo = [*needed_by[cause.id]]
        if _is_about_identity(cause):
            todo += plan.changes_of(cause.target)
        while todo:
            change = todo.pop()
            if change.id not in waiting:
                waiting[change.id] = cause
                todo += needed_by[change.id]
    return waiting


def _is_about_identity(change: Change) -> bool:
    """It decides which account belongs to the request."""
    if change.target == ORGANIZATION:
        return False
    is_bound = change.ref == account_ref() and change.action is Action.ADOPT
    return is_bound or change.ref == account_ref("request")


def _hold_itself(
    change: Change, kinds: Kinds, reviewed: Reviewed, permissions: Permissions
) -> Hold:
    is_another = does_something_else(reviewed, change)
    seen = "something else was reviewed" if is_another else "not reviewed, and risky"
    line = "; no review has seen the line of `allow` for it either"
    reason = f"{seen}: {kinds.risk_words(change)}{line if permissions.would_allow(change) else ''}"
    return _hold(change, change, reason, _how_to_release(change, kinds))


def _hold(change: Change, cause: Change, reason: str, hint: str) -> Hold:
    return Hold(change=change, cause=cause, reason=reason, hint=hint, does=does(change))


def _how_to_release(change: Change, kinds: Kinds) -> str:
    """What people can do about a held change. A pull request shows what is done inside an account
    when it touches the account's request, or a file that many accounts use."""
    touched = "the request" if change.target != ORGANIZATION else "organization.yaml"
    if kinds.of(change).is_inside:
        touched = "the request, its baseline or its customizations"
    there = "there" if change.target != ORGANIZATION else "in aft.yaml"
    return (
        f"have it reviewed in a pull request that touches {touched} (a comment is enough); or "
        f"allow it {there}: `allow: [{{what: {change.risk}, reason: …, until: …}}]`; or let it "
        "through by the digest of what is held (--accept)"
    )
