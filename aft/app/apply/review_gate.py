"""The check before an apply that what is risky in it was reviewed."""

from __future__ import annotations

from aft.errors import Refused
from aft.plan.kind import Kinds
from aft.plan.model import Change, Plan
from aft.plan.reviewed import Reviewed, newly_risky
from aft.report.markdown.unreviewed import HOW_TO_GO_ON, change_lines, headline_of


class NotReviewed(Refused):
    """The plan holds risky ``changes`` that nobody has seen; nothing was done."""

    def __init__(self, kinds: Kinds, changes: tuple[Change, ...], reviewed: Reviewed) -> None:
        lines = "\n".join(f"  {line}" for line in change_lines(kinds, changes, reviewed))
        super().__init__(f"{headline_of(changes)}; nothing was done:\n{lines}", hint=HOW_TO_GO_ON)
        self.changes = changes


def check_reviewed(kinds: Kinds, reviewed: Reviewed, plan: Plan) -> None:
    """Raises ``NotReviewed`` when ``plan`` would do something risky that was not reviewed, and
    ``UserError`` for a review of something that this installation does not know."""
    for item in reviewed.changes:
        kinds[item.kind].require(item.action)
    if changes := newly_risky(reviewed, plan):
        raise NotReviewed(kinds, changes, reviewed)
