"""What has changed in the world since a plan was made, in words.

A pinned plan may be applied only to the world it was reviewed against; this says whether it
still is, and if not, what moved. Compares fingerprints: it can tell that an account changed, not
which of its values did.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.organization.model import OrganizationSnapshot
from aft.plan.model import Plan
from aft.values.ids import Revision

_KINDS = {"ou": "OU", "account": "account", "policy": "policy"}


def what_moved(
    plan: Plan, snapshot: OrganizationSnapshot, ledger_commit: str, revision: Revision
) -> tuple[str, ...]:
    """One line for each thing that is not as it was; empty when ``plan`` may be applied.

    ``snapshot`` is to be read with the plan's own scope.
    """
    lines: list[str] = []
    if plan.revision != revision:
        lines.append(
            f"the plan is for revision {plan.revision[:12]}, the repository is at {revision[:12]}"
        )
    if plan.ledger != ledger_commit:
        lines.append(
            f"the ledger has moved from {plan.ledger[:12] or 'empty'} to "
            f"{ledger_commit[:12] or 'empty'}: another run has written to it"
        )
    objects = _objects(plan, snapshot)
    lines.extend(objects)
    if not objects and plan.snapshot != snapshot.digest:
        lines.append(
            f"the plan was not made for this organization ({snapshot.organization_id}) "
            "as it was read now"
        )
    return tuple(lines)


def _objects(plan: Plan, snapshot: OrganizationSnapshot) -> list[str]:
    before, now = plan.fingerprints, snapshot.fingerprints
    names = _names(plan, snapshot)
    lines: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) == now.get(key):
            continue
        kind, _, object_id = key.partition("/")
        name = names.get(key)
        what = f"{_KINDS.get(kind, kind)} " + (f"{name} ({object_id})" if name else object_id)
        if key not in now:
            lines.append(f"{what} is no longer there")
        elif key not in before:
            lines.append(f"{what} was not there before")
        else:
            lines.append(f"{what} has changed")
    return lines


def _names(plan: Plan, snapshot: OrganizationSnapshot) -> Mapping[str, str]:
    names = {f"account/{line.account_id}": line.name for line in plan.accounts if line.account_id}
    names.update({f"account/{account.id}": account.name for account in snapshot.accounts})
    names.update({f"ou/{unit.id}": str(unit.path) for unit in snapshot.units})
    names.update({f"policy/{policy.id}": policy.name for policy in snapshot.policies})
    return names
