"""The one line that sums a plan up: a promise to people who grep for it."""

from __future__ import annotations

from aft.plan.kind import Kinds
from aft.plan.model import Plan
from aft.values.ids import WORKING_TREE


def summary_line(plan: Plan, kinds: Kinds) -> str:
    """``Plan: … accounts affected.`` or ``No changes. …``; ends the text of every plan."""
    counts = plan.summary
    if plan.is_empty:
        matching = counts.accounts_total - counts.accounts_in_doubt
        subject = "1 account matches" if matching == 1 else f"{matching} accounts match"
        if plan.revision == WORKING_TREE:
            return f"No changes. {subject} the working tree."
        return f"No changes. {subject} the repository at {short(plan.revision)}."
    parts = [
        f"{counts.create} to create",
        f"{counts.change} to change",
        f"{counts.move} to move",
        f"{counts.close} to close",
    ]
    for number, words in (
        (counts.adopt, "to adopt"),
        (counts.forget, "to forget"),
        *(
            (number, f"{kinds[kind].noun[0]} change{'' if number == 1 else 's'}")
            for kind, number in counts.organization.items()
        ),
    ):
        if number:
            parts.append(f"{number} {words}")
    return (
        f"Plan: {', '.join(parts)}. "
        f"{counts.accounts_affected} of {counts.accounts_total} accounts affected."
    )


def short(revision: str) -> str:
    """A commit id as people write it; anything else as it is."""
    is_commit = len(revision) >= 40 and all(letter in "0123456789abcdef" for letter in revision)
    return revision[:7] if is_commit else revision
