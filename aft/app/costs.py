"""The cost-bearing parts of a plan: what its settings make AWS bill for, and the budgets."""

from __future__ import annotations

from aft.app.planning import Planned
from aft.app.workspace import Workspace
from aft.baselines.model import Bills
from aft.baselines.select import ResolvedSetting, select_baseline, settings_for
from aft.errors import UserError
from aft.ids import AccountId, RequestId
from aft.plan.model import ORGANIZATION, Change, ChangeKind
from aft.reconcile.places import Places
from aft.report.costs import AccountCosts, Costs
from aft.requests.facts import account_facts
from aft.requests.model import AccountRequest


def costs_of(workspace: Workspace, planned: Planned) -> Costs:
    """By target, for the accounts the plan touches. Prices are nobody's business here."""
    plan = planned.plan
    places = Places(plan.changes, planned.snapshot)
    by_target: dict[str, list[Change]] = {}
    for change in plan.changes:
        if change.target != ORGANIZATION:
            by_target.setdefault(change.target, []).append(change)
    found: dict[str, AccountCosts] = {}
    for target, changes in by_target.items():
        request = planned.desired.request_by_id.get(RequestId(target))
        if request is None:
            continue
        settings = _applied(workspace, planned, places, request, changes)
        found[target] = AccountCosts(
            bills=tuple(
                (item.name, words)
                for item in settings
                if isinstance(item.plugin, Bills)
                and (words := item.plugin.bills_for(item.parameters))
            ),
            budget=request.budget.monthly_usd if request.budget is not None else None,
        )
    return Costs(by_target=found)


def _applied(
    workspace: Workspace,
    planned: Planned,
    places: Places,
    request: AccountRequest,
    changes: list[Change],
) -> tuple[ResolvedSetting, ...]:
    """The settings that the plan applies to the account."""
    names = {item.subject for item in changes if item.kind is ChangeKind.APPLY_SETTING}
    if not names:
        return ()
    known = next((item.account_id for item in changes if item.account_id), None)
    account_id = AccountId(known) if known is not None else None
    ou = places.of(request, account_id)
    choice = select_baseline(request=request, ou=ou, baselines=planned.desired.baselines)
    if choice.baseline is None:
        return ()
    facts = account_facts(request, planned.desired.config, account_id=account_id, ou=ou)
    try:
        resolved = settings_for(choice.baseline, facts, workspace.settings)
    except UserError:  # the plan says so of its own
        return ()
    return tuple(item for item in resolved if item.name in names)
