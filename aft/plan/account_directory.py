"""Which account each request has, and the organization around it, for settings that ask.

Pure. The same rule for plans, live reads and runs, so that digests agree.
"""

from __future__ import annotations

from aft.desired.model import DesiredState
from aft.findings.model import Condition, Finding
from aft.ledger.events import LedgerState
from aft.organization.model import OrganizationSnapshot, Surroundings
from aft.plan.identity import Identities, identify
from aft.values.ids import AccountId


def surroundings(
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    identities: Identities | None = None,
) -> Surroundings:
    """What is known before anything is changed. ``identities`` saves recognising accounts twice.

    A limited snapshot does not hold every account; for the others the ledger's word counts.
    """
    identities = identities or identify(desired, snapshot, ledger)
    accounts: dict[str, AccountId] = {}
    for request in desired.requests:
        match = identities.matches.get(request.id)
        bound = ledger.record(request.id).account_id
        if match is not None:
            accounts[request.id] = match.account.id
        elif bound is not None and _is_trusted(identities.attention.get(request.id)):
            accounts[request.id] = AccountId(bound)
    return Surroundings(
        organization_id=snapshot.organization_id,
        management_account_id=snapshot.management_account_id,
        accounts=accounts,
    )


def _is_trusted(doubt: Finding | None) -> bool:
    # Not read by a limited plan is no doubt about whose it is.
    return doubt is None or doubt.condition is Condition.NOT_READ
