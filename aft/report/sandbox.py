"""What the simulated organization is like, in a few lines."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from aft.organization.model import OrganizationSnapshot
from aft.report.plain import one_line
from aft.values.words import counted

_UNITS_SHOWN = 20


def sandbox_text(
    snapshot: OrganizationSnapshot, *, profile: str, now: datetime, state_file: str = ""
) -> str:
    """The organization, its clock, and its OUs with their number of accounts."""
    inside = Counter(account.parent_id for account in snapshot.accounts)
    units = sorted(snapshot.units, key=lambda unit: unit.path)
    accounts = counted(len(snapshot.accounts), "account")
    below_root = counted(sum(not unit.path.is_root for unit in units), "OU")
    clock = f"its clock at {now:%Y-%m-%d %H:%M:%S}"
    lines = [
        f"Simulated organization {snapshot.organization_id} ({profile}), {clock}",
        f"Management account {snapshot.management_account_id}; {accounts} in {below_root}.",
    ]
    for unit in units[:_UNITS_SHOWN]:
        if not unit.path.is_root:
            name = f"{'  ' * unit.path.depth}{one_line(unit.name)}"
            lines.append(f"{name:<28} {counted(inside[unit.id], 'account')}")
    if len(units) > _UNITS_SHOWN:
        lines.append(f"  ... and {len(units) - _UNITS_SHOWN} more OUs")
    if state_file:
        lines.append(f"Kept in {state_file}")
    return "\n".join(lines) + "\n"
