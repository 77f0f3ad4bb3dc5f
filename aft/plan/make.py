"""The difference between what git asks for and what AWS has, as a plan. Deterministic: the same
values give the same plan, in any order. One draft goes from kind to kind; all that
rests on something doubtful is held back; what each change waits for is decided at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from aft.config.trust import WITHHELD_HINT, withheld_message
from aft.errors import UserError
from aft.findings.model import Condition, Finding, finding_about
from aft.plan.accepted import with_acceptance
from aft.plan.arrange import arranged, hold_back
from aft.plan.draft import Draft, Looker
from aft.plan.fields import RELEASED
from aft.plan.held_back import held_back, held_elsewhere
from aft.plan.identity import wrong_organization
from aft.plan.kind import Kind, Kinds
from aft.plan.ledger_faults import ledger_faults
from aft.plan.model import ORGANIZATION, Change, FieldChange, Plan
from aft.plan.ou_tree import UnitTree
from aft.plan.protection import applied_protection
from aft.plan.summary import account_lines, summarise
from aft.plan.targets import AccountTarget, doubt_of, site_of, target_of
from aft.plan.view import PlanView
from aft.plan.waves import make_waves
from aft.values.ids import RequestId


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """A plan, and the targets it was made from, which a run executes."""

    plan: Plan
    targets: Mapping[RequestId, AccountTarget] = field(default_factory=dict)


def draft_plan(
    view: PlanView, *, kinds: Kinds, look: Looker | None = None, made_at: datetime
) -> Drafted:
    """Compare. ``look`` looks inside accounts; without it, all that would have to
    be looked at is taken to differ. A limited view concludes nothing from absence: nothing is
    forgotten and no OU deleted. ``made_at`` is aware; it is shown, and not part of the plan's
    digest."""
    stranger = None if view.is_limited else wrong_organization(view.snapshot, view.ledger)
    if stranger is not None:
        return Drafted(plan=_nothing_at_all(view, stranger, made_at=made_at))
    versions = {name: kind.effect_version for name, kind in kinds.items()}
    draft = Draft(tree=UnitTree(view.snapshot), effect_versions=versions)
    ordered = kinds.in_planning_order()
    of_space = [kind for kind in ordered if kind.makes_space]
    others = [kind for kind in ordered if not kind.makes_space]
    for kind in of_space:
        _diff(kind, view, draft, look)
    _find_sites(view, draft)
    for kind in others:
        if not kind.is_inside:
            _diff(kind, view, draft, look)
    _resolve_targets(view, draft)
    for kind in others:
        if kind.is_inside:
            _diff(kind, view, draft, look)
    hold_back(view, draft)
    draft.cleans_up = True
    for kind in (*reversed(others), *reversed(of_space)):
        kind.clean_up(view, draft)
    accepted = frozenset(view.ledger.record(ORGANIZATION).accepted)
    changes = tuple(
        kinds.judged(with_acceptance(_marked(view, draft, kinds.judged(change)), accepted))
        for change in arranged(view, draft)
    )
    return Drafted(
        plan=_assembled(view, draft, changes, kinds, made_at=made_at), targets=draft.targets
    )


def _marked(view: PlanView, draft: Draft, change: Change) -> Change:
    """What is risky in an account whose protection was released says when that was: only who
    reviews it since has agreed to it."""
    site = draft.sites.get(RequestId(change.target))
    record = site.record if site is not None else view.ledger.record(change.target)
    applied = applied_protection(record)
    if not change.risk or applied is None or applied.is_in_force:
        return change
    released = FieldChange(field=RELEASED, before=None, after=applied.released_at)
    return replace(change, fields=(*change.fields, released))


def _diff(kind: Kind, view: PlanView, draft: Draft, look: Looker | None) -> None:
    if look is not None:
        draft.look(look, kind.name, tuple(kind.looks(view, draft)))
    kind.diff(view, draft)


def _find_sites(view: PlanView, draft: Draft) -> None:
    """Of every request in the repository, those outside the scope too: they may hold ranges of
    addresses. Those that are looked at and whose place is in doubt are blocked."""
    looked_at = view.names
    for request in sorted(view.desired.requests, key=lambda item: item.id):
        site = site_of(view, draft.tree, request)
        doubt = doubt_of(view, request) or (site if isinstance(site, Finding) else None)
        if not isinstance(site, Finding):
            draft.sites[request.id] = site
        is_held = request.id in view.desired.held.requests
        if doubt is not None and request.id in looked_at and not is_held:
            draft.block(doubt)
    for name, held in view.desired.held.requests.items():
        if name in looked_at:
            _hold(draft, name, held.finding)


def _resolve_targets(view: PlanView, draft: Draft) -> None:
    for request in view.requests:
        site = draft.sites.get(request.id)
        if site is None or request.id in draft.blocked:
            continue
        if error := view.desired.held_by(request, site.ou):
            _hold(draft, request.id, error)
            continue
        if site.stays and not site.was_moved:
            continue  # or else it would get what belongs to a place that it is kept from
        try:
            draft.targets[request.id] = target_of(view, site, draft.allocations.get(request.id, {}))
        except UserError as wrong:  # one account's parameters do not stop the others
            draft.block(finding_about("AFT920", request.id, wrong.message, wrong.hint))


def _hold(draft: Draft, name: RequestId, error: Finding) -> None:
    """Nothing is done; that the account is not where it should be is no secret."""
    draft.block(held_back(name, error))
    site = draft.sites.get(name)
    if site is not None and site.moves:
        draft.remark(held_elsewhere(name, here=site.here, wanted=site.place.path))


def _assembled(
    view: PlanView, draft: Draft, changes: tuple[Change, ...], kinds: Kinds, *, made_at: datetime
) -> Plan:
    attention = tuple(
        sorted(
            {*draft.attention, *_of_everything(view)},
            key=lambda item: (item.target, item.code, item.message),
        )
    )
    looked_at = view.names
    targets = {change.target for change in changes if change.target != ORGANIZATION}
    targets |= {item.target for item in attention if item.target in looked_at}
    return replace(
        _nothing_at_all(view, made_at=made_at),
        scope=tuple(sorted(view.scope)) if view.scope is not None else None,
        summary=summarise(changes, attention, looked_at=looked_at),
        accounts=account_lines(targets, view, changes),
        changes=changes,
        waves=make_waves(changes, kinds),
        confirmations=tuple(sorted(draft.confirmations, key=lambda item: (item.target, item.ref))),
        attention=attention,
    )


def _of_everything(view: PlanView) -> Iterator[Finding]:
    """What is to be known of what the plan was made from."""
    if view.desired.withheld:
        message = withheld_message(*view.desired.withheld)
        yield finding_about("AFT720", ORGANIZATION, message, WITHHELD_HINT, Condition.REMARK)
    yield from ledger_faults(view.ledger.faults)


def _nothing_at_all(view: PlanView, *why: Finding, made_at: datetime) -> Plan:
    """A plan that changes nothing; ``why`` puts every request in doubt."""
    everyone = frozenset({*view.desired.request_by_id, *view.desired.held.requests})
    summary = summarise((), why, looked_at=everyone)
    return Plan(
        revision=view.desired.revision,
        snapshot=view.snapshot.digest,
        fingerprints=dict(sorted(view.snapshot.fingerprints.items())),
        ledger=view.ledger.commit,
        kinds=tuple(sorted(view.snapshot.objects)),
        scope=None,
        summary=replace(summary, accounts_in_doubt=len(everyone)),
        accounts=(),
        changes=(),
        waves=(),
        attention=(*why, *_of_everything(view)),
        made_at=made_at.isoformat(),
    )
