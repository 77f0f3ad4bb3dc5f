"""A plan in the making: what it is computed from, and what was found so far.

Filled by ``aft.plan.diff``; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aft.desired.model import AccountRequest, DesiredState
from aft.ledger.events import LedgerState
from aft.organization.model import OrganizationSnapshot, Surroundings
from aft.plan.account_directory import surroundings
from aft.plan.identity import Identities, identify
from aft.plan.model import Attention, Change, Confirmation
from aft.plan.networks import NO_NETWORKS, Networks
from aft.plan.other_accounts import OtherAccounts
from aft.plan.references import SettingReference
from aft.plan.step_sources import StepSources
from aft.plan.units import UnitTree, plan_units
from aft.values.ids import OrgUnitPath, RequestId


@dataclass(kw_only=True)
class Draft:
    """A plan in the making."""

    desired: DesiredState
    snapshot: OrganizationSnapshot
    ledger: LedgerState
    sources: StepSources
    scope: frozenset[RequestId] | None
    tree: UnitTree
    identities: Identities
    around: Surroundings
    chains: dict[RequestId, tuple[Change, ...]] = field(default_factory=dict)
    places: dict[RequestId, OrgUnitPath] = field(default_factory=dict)
    confirmations: list[Confirmation] = field(default_factory=list)
    attention: list[Attention] = field(default_factory=list)
    blocked: set[RequestId] = field(default_factory=set)
    references: list[SettingReference] = field(default_factory=list)
    networks: Networks = NO_NETWORKS

    @property
    def requests(self) -> tuple[AccountRequest, ...]:
        """The requests looked at, by id."""
        return tuple(
            request
            for request in sorted(self.desired.requests, key=lambda item: item.id)
            if self.scope is None or request.id in self.scope
        )

    def block(self, attention: Attention) -> None:
        """Note a doubt that keeps its request from being changed."""
        self.attention.append(attention)
        self.blocked.add(RequestId(attention.target))


def begin_draft(
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    *,
    sources: StepSources,
    scope: frozenset[RequestId] | None,
    wanted: list[OrgUnitPath] | None,
) -> Draft:
    """The OU tree planned and every account identified; ``wanted`` are the OUs needed, if not
    all. ``sources`` gets to know the accounts, and the chains as they are added."""
    tree, attention = plan_units(desired.organization, snapshot, wanted=wanted)
    identities = identify(desired, snapshot, ledger)
    around = surroundings(desired, snapshot, ledger, identities)
    chains: dict[RequestId, tuple[Change, ...]] = {}
    others = OtherAccounts(ledger=ledger, chains=chains, account_ids=around.accounts)
    return Draft(
        desired=desired,
        snapshot=snapshot,
        ledger=ledger,
        sources=replace(sources, others=others),
        scope=scope,
        tree=tree,
        identities=identities,
        around=around,
        chains=chains,
        attention=list(attention),
    )
