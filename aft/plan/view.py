"""What a plan is computed from: constant while it is made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from aft.baselines.select import Settings
from aft.customizations.model import CustomizationRunner
from aft.desired.model import AccountRequest, DesiredState
from aft.findings.model import Condition
from aft.ledger.events import LedgerEvent, LedgerState
from aft.ledger.kept import Events
from aft.organization.model import OrganizationSnapshot, Surroundings
from aft.plan.identity import Identities, identify
from aft.plan.ou_bindings import BoundUnit, Made, bound_units, credible
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId
from aft.values.refs import Ref

Runners = Mapping[str, CustomizationRunner]
Kept = Callable[[str, Ref, str], str]


def _nothing_kept(_request: str, _ref: Ref, _digest: str) -> str:
    return ""


def _no_events(_subject: str) -> Sequence[LedgerEvent]:
    return ()


def _nothing_published() -> OrganizationSnapshot | None:
    return None


def _nothing_made(_subject: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """What git says, what AWS has, what the ledger remembers, and the plug-ins. ``scope`` limits
    the plan to these requests and the OUs they need. ``is_deep`` questions what the ledger takes as
    done, too. ``rerun`` names customizations and steps to run although nothing changed.
    ``provider_version`` is the ``effect_version`` of the account provider. ``kept``
    gives what the ledger keeps of a step as it was applied, by request, thing and the step's
    digest; empty for nothing. ``events`` gives the ledger's, by subject; ``made`` are ids that only
    they say. ``today`` is UTC. ``published`` gives the organization as it was last published, for
    what a limited read does not ask for."""

    desired: DesiredState
    snapshot: OrganizationSnapshot
    ledger: LedgerState
    settings: Settings = field(default_factory=dict)
    runners: Runners = field(default_factory=dict)
    provider_version: int = 1
    scope: frozenset[RequestId] | None = None
    is_deep: bool = False
    rerun: frozenset[str] = frozenset()
    kept: Kept = _nothing_kept
    events: Events = _no_events
    made: Made = _nothing_made
    published: Callable[[], OrganizationSnapshot | None] = _nothing_published
    today: date = date.min

    @property
    def is_limited(self) -> bool:
        """Not everything was looked at, so nothing is concluded from absence."""
        return self.scope is not None or self.snapshot.scope is not None

    @cached_property
    def requests(self) -> tuple[AccountRequest, ...]:
        """The requests looked at, by id."""
        return tuple(
            request
            for request in sorted(self.desired.requests, key=lambda item: item.id)
            if self.scope is None or request.id in self.scope
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """The ids of all requests looked at, those whose files cannot be read among them."""
        names = {*self.desired.request_by_id, *self.desired.held.requests}
        return frozenset(names if self.scope is None else names & self.scope)

    @cached_property
    def wanted_ous(self) -> tuple[OrgUnitPath | OrgUnitId, ...] | None:
        """The OUs a limited plan needs; ``None`` for all."""
        return tuple(item.ou for item in self.requests) if self.is_limited else None

    @cached_property
    def bound_units(self) -> Mapping[OrgUnitId, BoundUnit]:
        """The OUs that the ledger knows."""
        known = bound_units(self.ledger, self.made)
        return credible(known, self.snapshot, self.desired.organization.paths)

    @cached_property
    def identities(self) -> Identities:
        """Which account each request has."""
        return identify(self.desired, self.snapshot, self.ledger)

    @cached_property
    def members(self) -> frozenset[str]:
        """The accounts of the organization. A limited snapshot does not hold all; for the others
        the ledger's word counts."""
        read = (account.id for account in self.snapshot.accounts)
        bound = (record.account_id or "" for record in self.ledger.records.values())
        others = bound if self.snapshot.scope is not None else ()
        return frozenset({*read, *others, self.snapshot.management_account_id})

    @cached_property
    def around(self) -> Surroundings:
        """Which account each request has before anything is changed, and the organization around. A
        limited snapshot does not hold every account; for the others the ledger's word counts."""
        accounts: dict[str, AccountId] = {}
        for request in self.desired.requests:
            match = self.identities.matches.get(request.id)
            doubt = self.identities.attention.get(request.id)
            bound = self.ledger.record(request.id).account_id
            if match is not None:
                accounts[request.id] = match.account.id
            elif bound and (doubt is None or doubt.condition is Condition.NOT_READ):
                accounts[request.id] = AccountId(bound)
        for name in self.desired.held.requests.keys() - self.desired.request_by_id.keys():
            bound = self.ledger.record(name).account_id
            if bound is not None:
                accounts[name] = AccountId(bound)
        return Surroundings(
            organization_id=self.snapshot.organization_id,
            management_account_id=self.snapshot.management_account_id,
            accounts=accounts,
        )
