"""Which new accounts have all their requests ask for, for the first time.

Said once, by the run that finds it so: also by one that had nothing to do for the account because
the run before it was ended between its last step and its last word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from aft.ledger.events import AccountRecord
from aft.plan.coverage import unfulfilled
from aft.plan.model import Plan


def newly_ready(
    plan: Plan,
    records: Mapping[str, AccountRecord],
    *,
    requested: Collection[str],
    done: Collection[str] = (),
) -> Iterator[str]:
    """Request ids of accounts that are ready and were not said to be. ``requested`` are those of
    the plan's revision, ``done`` the ids of the plan's changes that were carried out."""
    awaited = [name for name, record in records.items() if record.is_awaited]
    if not awaited:
        return
    open_targets = {change.target for change in plan.changes if change.id not in done}
    not_ready = open_targets | {item.target for item in (*unfulfilled(plan), *plan.held_back)}
    looked_at = requested if plan.scope is None else plan.scope
    for name in sorted(awaited):
        record = records[name]
        is_sound = record.account_id and not record.failures and not record.holds
        if is_sound and name in looked_at and name not in not_ready:
            yield name
