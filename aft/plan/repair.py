"""The part of a deep plan that puts back what changed outside git, as a plan of its own. Pure. A
change that needs one which is not drift waits for the next apply: a repair carries out no wish that
nobody has applied, and nothing in another order than an apply would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aft.findings.model import finding_about
from aft.plan.drift import Drift
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Change, Plan
from aft.plan.summary import summarise
from aft.plan.waves import make_waves


def repair_plan(plan: Plan, drift: Drift, kinds: Kinds) -> Plan:
    """``plan`` with the repairs alone; empty when nothing can be put back."""
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
