"""Each request with everything that is decided about its account, resolved once per plan. A site is
where its account is and should be; a target also knows what is set and run in it. Plans are
computed from targets and runs execute them, so that nothing is decided twice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aft.baselines.model import Baseline
from aft.baselines.select import ResolvedSetting, Settings, settings_for
from aft.customizations.model import CustomizationStep
from aft.customizations.select import customizations_of
from aft.desired.model import AccountRequest, DesiredState, LifecycleState
from aft.findings.model import Finding, finding_about
from aft.ledger.events import AccountRecord
from aft.organization.model import REQUEST_TAG, Account, AccountFacts, Surroundings
from aft.plan.identity import Match
from aft.plan.ou_tree import Place, UnitTree
from aft.plan.protection import Applied, applied_protection, is_protected
from aft.plan.view import PlanView
from aft.values.ids import AccountId, OrgUnitPath
from aft.values.refs import account_ref
from aft.values.suggestions import did_you_mean

_BINDING = frozenset({str(account_ref()), str(account_ref("request"))})
"""The steps of which one ends well before an account is at home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSite:
    """A request, its account if it has one, and where that should be. ``here`` is the OU the
    account is in, by its path after this plan's renames. ``record`` is what the ledger has of it,
    under its former id while it still goes by that."""

    request: AccountRequest
    match: Match | None
    place: Place
    here: OrgUnitPath | None
    record: AccountRecord
    is_management: bool

    @property
    def account(self) -> Account | None:
        return self.match.account if self.match is not None else None

    @property
    def account_id(self) -> AccountId | None:
        return self.match.account.id if self.match is not None else None

    @property
    def moves(self) -> bool:
        """The account is elsewhere than its request wants it."""
        return self.account is not None and self.account.parent_id != self.place.id

    @property
    def protection(self) -> Applied | None:
        """As it was last applied."""
        return applied_protection(self.record)

    @property
    def is_protected(self) -> bool:
        return is_protected(self.request, self.record)

    @property
    def is_released(self) -> bool:
        """Its request no longer protects it, and the ledger still does."""
        return self.is_protected and not self.request.protect

    @property
    def is_tagged(self) -> bool:
        """The account's own tag names the request."""
        return self.account is not None and self.account.tags.get(REQUEST_TAG) == self.request.id

    @property
    def is_witnessed(self) -> bool:
        """The account itself says that it is the request's: by its tag, or, where it has none, by
        its root e-mail address, which only one account in all of AWS can have."""
        if self.account is None or REQUEST_TAG in self.account.tags:
            return self.is_tagged
        return self.account.email.casefold() == self.request.email.key

    @property
    def arrives(self) -> bool:
        """aft started to create the account, and has not come to the end of that. The ledger
        alone cannot say so."""
        if not self.is_tagged:
            return False
        if self.record.account_id is None:
            return self.record.intent is not None
        return _BINDING.isdisjoint(self.record.steps)

    @property
    def stays(self) -> bool:
        """It is elsewhere, and its protection keeps it there; but a new account arrives."""
        is_new = self.arrives and self.here is not None and self.here.is_root
        return self.moves and self.is_protected and not is_new

    @property
    def was_moved(self) -> bool:
        """It was protected where its request still wants it, so something other than git moved
        it."""
        known = self.protection
        return self.stays and known is not None and known.ou == (self.place.id or "?")

    @property
    def ou(self) -> OrgUnitPath:
        """Where the account should be. Its baseline, customizations and facts are those of this
        place, also while it is somewhere else."""
        return self.place.path


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTarget:
    """A site with what is set and run inside its account. ``tied`` are baselines between which
    nothing decides; the account then gets neither settings nor customizations. ``facts`` are those
    of planning: the id of a new account is not in them."""

    site: AccountSite
    facts: AccountFacts
    baseline: Baseline | None
    tied: tuple[str, ...]
    settings: tuple[ResolvedSetting, ...]
    steps: tuple[CustomizationStep, ...]

    @property
    def request(self) -> AccountRequest:
        return self.site.request

    @property
    def record(self) -> AccountRecord:
        return self.site.record

    @property
    def account(self) -> Account | None:
        return self.site.account

    @property
    def account_id(self) -> AccountId | None:
        return self.site.account_id

    def facts_of(self, account_id: AccountId, around: Surroundings) -> AccountFacts:
        """The facts while a run is in the account, whose id is known by then."""
        return replace(self.facts, account_id=account_id, around=around)

    def settings_of(self, facts: AccountFacts, plugins: Settings) -> tuple[ResolvedSetting, ...]:
        """The settings with parameters for ``facts``. Raises ``UserError`` as ``settings_for``."""
        return settings_for(self.baseline, facts, plugins) if self.baseline is not None else ()


def site_of(view: PlanView, tree: UnitTree, request: AccountRequest) -> AccountSite | Finding:
    """Where the account of ``request`` is and will be, or why that is unknown."""
    place = place_of(request, tree)
    if isinstance(place, Finding):
        return place
    match = view.identities.matches.get(request.id)
    return AccountSite(
        request=request,
        match=match,
        place=place,
        here=tree.path_of(match.account.parent_id) if match is not None else None,
        record=_record(view, request, match),
        is_management=match is not None and match.account.id == view.snapshot.management_account_id,
    )


def doubt_of(view: PlanView, request: AccountRequest) -> Finding | None:
    """Why nothing may be done for ``request``, in any place of its account."""
    doubt = view.identities.attention.get(request.id)
    if doubt is not None or request.state is LifecycleState.ACTIVE:
        return doubt
    message = f"the request's state is {request.state.value}, which this version does not act on"
    hint = f"write `state: active` in {request.source.path}"
    return finding_about("AFT917", request.id, message, hint)


def target_of(view: PlanView, site: AccountSite, allocations: Mapping[str, str]) -> AccountTarget:
    """Everything about one account. ``allocations`` are its ranges of addresses, by setting. Raises
    ``UserError`` when a setting cannot take its parameters for this account."""
    account = replace(
        view.desired.accounts[site.request.id],
        ou=site.ou,
        account_id=site.account_id,
        email=site.account.email if site.account is not None else None,
        around=view.around,
        allocations={**site.record.allocations, **allocations},
    )
    baseline, tied = account.choice.baseline, account.choice.tied
    gets = customizations_of(site.request, site.ou, view.desired.customizations)
    return AccountTarget(
        site=site,
        facts=account.facts,
        baseline=baseline,
        tied=tied,
        settings=settings_for(baseline, account.facts, view.settings) if baseline else (),
        steps=() if tied else tuple(step for item in gets for step in item.steps),
    )


def facts_of_the_past(
    facts: AccountFacts, request: AccountRequest, desired: DesiredState
) -> AccountFacts:
    """``facts`` as they are for the request of an earlier day; the account is the same."""
    account = replace(
        desired.account(request),
        ou=facts.ou,
        account_id=facts.account_id,
        email=facts.email,
        around=facts.around,
        allocations=facts.allocations,
    )
    return account.facts


def place_of(request: AccountRequest, tree: UnitTree) -> Place | Finding:
    """Where ``request`` wants its account, or why that is unknown."""
    if isinstance(request.ou, OrgUnitPath):
        if tree.is_in_doubt(request.ou):
            return _held(request, request.ou)
        place = tree.place(request.ou)
        if place is not None:
            return place
        message = f"OU {request.ou} is neither in the organization nor in organization.yaml"
        near = did_you_mean(str(request.ou), [str(path) for path in tree.paths])
        hint = near or "add it to customizations/organization/organization.yaml"
        return finding_about("AFT909", request.id, message, hint)
    path = tree.path_of(request.ou)
    if path is None:
        message = f"the organization has no OU with the id {request.ou}"
        easier = "a path such as Workloads/Prod is easier to read"
        hint = f"correct `ou` in {request.source.path}; {easier}"
        return finding_about("AFT909", request.id, message, hint)
    if tree.is_in_doubt(path):
        return _held(request, path)
    return Place(path=path, id=request.ou, uses=tree.uses(path))


def _held(request: AccountRequest, path: OrgUnitPath) -> Finding:
    message = f"OU {path} needs attention first, so nothing is done to the account"
    hint = "the plan says of the organization what is in doubt, and what to do"
    return finding_about("AFT909", request.id, message, hint)


def _record(view: PlanView, request: AccountRequest, match: Match | None) -> AccountRecord:
    record = view.ledger.record(request.id)
    if match is not None and record.account_id is None and request.previously is not None:
        before = view.ledger.records.get(request.previously)
        if before is not None and before.account_id == match.account.id:
            return before  # what was done under the former id stays done
    return record
