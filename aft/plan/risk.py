"""Which changes are risky, as their kinds judged when they were planned.

Risky is what cannot simply be undone, what changes which guardrails hold, what takes something
away, and what puts an account under another name than people think. Such changes are never
folded or shortened in a plan, and ``aft apply --reviewed`` carries out none that nobody has seen
(``aft.plan.reviewed``).
"""

from __future__ import annotations

from collections.abc import Iterable

from aft.plan.model import Change


def is_risky(changes: Iterable[Change]) -> bool:
    """True when something in ``changes`` must be seen by whoever says yes."""
    return any(change.risk for change in changes)
