"""The difference between what git asks for and what AWS has, as a plan.

Pure and deterministic: the same values give the same plan, in whatever order they come. The
parts are computed by ``units``, ``identity``, ``accounts``, ``steps`` and ``forget``; here they
are put together, and whatever rests on something doubtful is held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from aft.baselines.model import SETTING, BaselineSetting
from aft.config.trust import WITHHELD_HINT, withheld_message
from aft.customizations.model import CustomizationRunner
from aft.desired.facts import account_facts
from aft.desired.model import AccountRequest, DesiredState, LifecycleState
from aft.errors import UserError
from aft.ledger.events import LedgerState
from aft.organization.model import OrganizationSnapshot
from aft.plan.accounts import AccountWork, add_account_changes, objections, remarks
from aft.plan.chain import Chain, tails, wait_for
from aft.plan.draft import Draft, begin_draft
from aft.plan.forget import (
    forget_accounts,
    leftovers,
    not_forgotten_here,
    orphans,
    unsettled,
)
from aft.plan.identity import wrong_organization
from aft.plan.kind import Kinds
from aft.plan.model import (
    ORGANIZATION,
    Action,
    Attention,
    Change,
    Plan,
)
from aft.plan.networks import LiveNetworks, plan_networks
from aft.plan.other_accounts import dependencies_first
from aft.plan.references import order_by_references, without_account
from aft.plan.settings import StepNotes
from aft.plan.step_sources import Live, LiveReads, StepSources
from aft.plan.steps import add_steps
from aft.plan.summary import account_lines, summarise
from aft.plan.units import Destination, Place, place_of, plan_removals
from aft.plan.waves import make_waves
from aft.values.ids import AccountId, OrgUnitPath, RequestId


def make_plan(
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    *,
    kinds: Kinds,
    settings: Mapping[str, BaselineSetting[Any, Any]],
    runners: Mapping[str, CustomizationRunner],
    live: Live | None = None,
    deep: bool = False,
    live_networks: LiveNetworks | None = None,
    scope: tuple[RequestId, ...] | None = None,
    rerun: frozenset[str] = frozenset(),
    made_at: datetime,
) -> Plan:
    """Compare. ``live`` holds what was read inside accounts, by account id and setting name,
    ``live_networks`` the ranges found there; ``None`` while nobody has looked. With ``deep``, what
    the ledger takes as done is looked at, too: without ``live`` such a plan holds every setting.

    ``scope`` limits the plan to these requests and the OUs they need; with it, or with a
    snapshot that is itself limited, nothing is concluded from absence: nothing is forgotten
    and no OU deleted. ``rerun`` names customizations and steps to run although nothing changed.
    ``made_at`` is aware; it is shown, and not part of the plan's digest.
    """
    limited = scope is not None or snapshot.scope is not None
    looked_at = frozenset(scope) if scope is not None else None
    wanted = _units_of(desired, looked_at) if limited else None
    stranger = None if limited else wrong_organization(snapshot, ledger)
    if stranger is not None:
        return _nothing_at_all(desired, snapshot, ledger, stranger, made_at=made_at)
    draft = begin_draft(
        desired,
        snapshot,
        ledger,
        sources=StepSources(
            desired=desired,
            settings=settings,
            runners=runners,
            live=LiveReads(found=live or {}, has_looked=live is not None, is_deep=deep),
            rerun=rerun,
            management_account_id=snapshot.management_account_id,
        ),
        scope=looked_at,
        wanted=wanted,
    )
    draft.networks = plan_networks(
        desired,
        snapshot,
        ledger,
        settings=settings,
        identities=draft.identities,
        place_of=lambda request: _ou(draft, request),
        live=live_networks,
    )
    changes = tuple(map(kinds.judged, _all_changes(draft, limited=limited)))
    return _assemble(draft, changes, made_at=made_at)


def _all_changes(draft: Draft, *, limited: bool) -> tuple[Change, ...]:
    """Every request's changes, held back and ordered by what they wait for."""
    for request in dependencies_first(draft.requests):
        _plan_request(draft, request)
    _hold_back_dependents(draft)
    _order_dependents(draft)
    order_by_references(draft.chains, draft.references)
    removals = _plan_removals(draft, limited=limited)
    return (
        *draft.tree.changes,
        *(change for target in sorted(draft.chains) for change in draft.chains[target]),
        *removals,
    )


def _units_of(desired: DesiredState, looked_at: frozenset[RequestId] | None) -> list[OrgUnitPath]:
    """The OUs that these requests (``None``: all) name by their paths."""
    return [
        request.ou
        for request in desired.requests
        if (looked_at is None or request.id in looked_at) and isinstance(request.ou, OrgUnitPath)
    ]


def _plan_request(draft: Draft, request: AccountRequest) -> None:
    doubt = draft.identities.attention.get(request.id) or _unsupported(request)
    if doubt is not None:
        draft.block(doubt)
        return
    place = place_of(request, draft.tree)
    if isinstance(place, Attention):
        draft.block(place)
        return
    work = _work(draft, request, place)
    objection = objections(work)
    if objection is not None:
        draft.block(objection)
        return
    chain = Chain(request.id, work.account.id if work.account is not None else None)
    add_account_changes(chain, work)
    try:
        notes = _steps(draft, chain, work)
    except UserError as error:  # one account's parameters do not stop the others
        draft.block(
            Attention(code="AFT920", target=request.id, message=error.message, hint=error.hint)
        )
        return
    draft.attention.extend((*remarks(work), *notes.attention))
    draft.confirmations.extend(notes.confirmations)
    draft.references.extend(notes.references)
    if chain.changes:
        draft.chains[request.id] = chain.changes
        draft.places[request.id] = work.ou


def _work(draft: Draft, request: AccountRequest, place: Place) -> AccountWork:
    match = draft.identities.matches.get(request.id)
    record = draft.ledger.record(request.id)
    if match is not None and record.account_id is None and request.previously is not None:
        before = draft.ledger.records.get(request.previously)
        if before is not None and before.account_id == match.account.id:
            record = before  # what was done under the former id stays done
    return AccountWork(
        request=request,
        match=match,
        place=place,
        here=draft.tree.path_of(match.account.parent_id) if match is not None else None,
        record=record,
        snapshot=draft.snapshot,
    )


def _ou(draft: Draft, request: AccountRequest) -> OrgUnitPath | None:
    """Where the account will be, as far as this plan can tell."""
    place = place_of(request, draft.tree)
    if isinstance(place, Attention):
        return request.ou if isinstance(request.ou, OrgUnitPath) else None
    return _work(draft, request, place).ou


def _unsupported(request: AccountRequest) -> Attention | None:
    if request.state is LifecycleState.ACTIVE:
        return None
    return Attention(
        code="AFT917",
        target=request.id,
        message=f"the request's state is {request.state.value}, which this version does not act on",
        hint=f"write `state: active` in {request.source.path}",
    )


def _steps(draft: Draft, chain: Chain, work: AccountWork) -> StepNotes:
    facts = account_facts(
        work.request,
        draft.desired.config,
        account_id=work.account.id if work.account is not None else None,
        ou=work.ou,
        around=draft.around,
        allocations={**work.record.allocations, **draft.networks.of(work.request.id)},
    )
    return add_steps(
        chain,
        request=work.request,
        facts=facts,
        record=work.record,
        sources=draft.sources,
        networks=draft.networks,
    )


def _hold_back_dependents(draft: Draft) -> None:
    """What waits for a request that nothing can be done for, waits with it; and so on."""
    again = True
    while again:
        again = False
        lost = without_account(
            draft.references, accounts=draft.around.accounts, chains=draft.chains
        )
        for request in draft.requests:
            if request.id not in draft.chains:
                continue
            obstacle = next(
                (found for name in request.depends_on if (found := _obstacle(draft, name))), None
            )
            why = f"{request.source.path} depends on it"
            if obstacle is None and request.id in lost:
                named = lost[request.id]
                obstacle = f"the account of request {named.other}, which does not exist yet"
                why = f"its baseline's setting {named.setting} names it"
            if obstacle is None:
                continue
            del draft.chains[request.id]
            draft.block(
                Attention(
                    code="AFT913",
                    target=request.id,
                    message=f"its changes wait for {obstacle}",
                    hint=f"settle that one first; {why}",
                )
            )
            again = True


def _obstacle(draft: Draft, name: RequestId) -> str | None:
    if name in draft.blocked:
        return f"request {name}, which needs attention"
    outside = draft.scope is not None and name not in draft.scope
    if outside and draft.ledger.record(name).account_id is None:
        return f"request {name}, which has no account yet and is not part of this limited plan"
    return None


def _order_dependents(draft: Draft) -> None:
    chains = draft.chains
    for request in draft.requests:
        if request.id in chains:
            last = [
                key for name in request.depends_on if name in chains for key in tails(chains[name])
            ]
            chains[request.id] = wait_for(chains[request.id], sorted(last))


def _plan_removals(draft: Draft, *, limited: bool) -> tuple[Change, ...]:
    gone = leftovers(draft.desired, draft.ledger)
    if limited:
        draft.attention.extend(not_forgotten_here(gone, draft.scope or ()))
        return ()
    draft.attention.extend(unsettled(gone))
    draft.attention.extend(orphans(draft.desired, draft.snapshot, draft.ledger, draft.identities))
    forgotten = forget_accounts(gone, draft.snapshot, draft.identities)
    destinations: dict[AccountId, Destination] = {}
    arrivals: dict[str, OrgUnitPath] = {}
    for target, chain in draft.chains.items():
        for change in chain:
            if change.action is Action.MOVE and change.account_id is not None:
                destinations[AccountId(change.account_id)] = Destination(
                    path=draft.places[target], change=change.id
                )
            elif change.action is Action.CREATE:
                arrivals[target] = draft.places[target]
    deletions, attention = plan_removals(
        draft.desired.organization,
        draft.snapshot,
        draft.tree,
        destinations=destinations,
        arrivals=arrivals,
    )
    draft.attention.extend(attention)
    return (*forgotten, *deletions)


def _assemble(draft: Draft, changes: tuple[Change, ...], *, made_at: datetime) -> Plan:
    attention = tuple(
        sorted(
            {*draft.attention, *_withheld(draft.desired)},
            key=lambda item: (item.target, item.code, item.message),
        )
    )
    looked_at = frozenset(request.id for request in draft.requests)
    targets = {change.target for change in changes if change.target != ORGANIZATION}
    targets |= {item.target for item in attention if item.target in looked_at}
    return Plan(
        revision=draft.desired.revision,
        snapshot=draft.snapshot.digest,
        fingerprints=dict(sorted(draft.snapshot.fingerprints.items())),
        ledger=draft.ledger.commit,
        scope=tuple(sorted(draft.scope)) if draft.scope is not None else None,
        summary=summarise(changes, attention, looked_at=looked_at),
        accounts=account_lines(
            targets,
            desired=draft.desired,
            snapshot=draft.snapshot,
            identities=draft.identities,
            changes=changes,
        ),
        changes=changes,
        waves=make_waves(changes),
        confirmations=tuple(sorted(draft.confirmations, key=lambda item: (item.target, item.ref))),
        attention=attention,
        made_at=made_at.isoformat(),
    )


def _withheld(desired: DesiredState) -> tuple[Attention, ...]:
    if not desired.withheld:
        return ()
    return (
        Attention(
            code="AFT720",
            target=ORGANIZATION,
            message=withheld_message(*desired.withheld),
            hint=WITHHELD_HINT,
        ),
    )


def _nothing_at_all(
    desired: DesiredState,
    snapshot: OrganizationSnapshot,
    ledger: LedgerState,
    why: Attention,
    *,
    made_at: datetime,
) -> Plan:
    """A plan that changes nothing, for a reason that puts every request in doubt."""
    everyone = frozenset(request.id for request in desired.requests)
    summary = summarise((), (why,), looked_at=everyone)
    return Plan(
        revision=desired.revision,
        snapshot=snapshot.digest,
        fingerprints=dict(sorted(snapshot.fingerprints.items())),
        ledger=ledger.commit,
        scope=None,
        summary=replace(summary, accounts_in_doubt=len(everyone)),
        accounts=(),
        changes=(),
        waves=(),
        attention=(why, *_withheld(desired)),
        made_at=made_at.isoformat(),
    )


def settings_to_read(plan: Plan) -> tuple[Change, ...]:
    """The settings to read live: those the plan would apply inside accounts that exist."""
    return tuple(
        change
        for change in plan.changes
        if change.kind == SETTING and change.account_id is not None
    )
