"""The cost-bearing parts of a plan: what its settings make AWS bill for, and the budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.app.plan.planning import Planned
from aft.app.workspace import Workspace
from aft.baselines.model import SETTING, BaselineSetting, Bills
from aft.baselines.select import ResolvedSetting, resolve, select_baseline
from aft.desired.facts import account_facts
from aft.desired.model import AccountRequest
from aft.engine.planned_ous import Places
from aft.errors import UserError
from aft.plan.model import ORGANIZATION, Change
from aft.report.markdown.costs import AccountCosts, Costs
from aft.values.ids import AccountId, RequestId


def costs_of(workspace: Workspace, planned: Planned) -> Costs:
    """By target, for the accounts the plan touches. Prices are nobody's business here."""
    billing = {name: item for name, item in workspace.settings.items() if isinstance(item, Bills)}
    places = Places(planned.plan.changes, planned.snapshot)
    by_target: dict[str, list[Change]] = {}
    for change in planned.plan.changes:
        if change.target != ORGANIZATION:
            by_target.setdefault(change.target, []).append(change)
    found: dict[str, AccountCosts] = {}
    for target, changes in by_target.items():
        request = planned.desired.request_by_id.get(RequestId(target))
        if request is None:
            continue
        names = {item.key for item in changes if item.kind == SETTING}
        known = next((item.account_id for item in changes if item.account_id), None)
        settings = _resolved(
            planned,
            places,
            request,
            AccountId(known) if known is not None else None,
            {
                name: plugin
                for name, plugin in workspace.settings.items()
                if name in names & billing.keys()
            },
        )
        found[target] = AccountCosts(
            bills=tuple(
                (item.name, words)
                for item in settings
                if (words := billing[item.name].bills_for(item.parameters))
            ),
            budget=request.budget.monthly_usd if request.budget is not None else None,
        )
    return Costs(by_target=found)


def _resolved(
    planned: Planned,
    places: Places,
    request: AccountRequest,
    account_id: AccountId | None,
    settings: Mapping[str, BaselineSetting[Any, Any]],
) -> tuple[ResolvedSetting, ...]:
    """Those of the account's settings that are among ``settings``, with their parameters."""
    if not settings:
        return ()
    ou = places.of(request, account_id)
    choice = select_baseline(request=request, ou=ou, baselines=planned.desired.baselines)
    if choice.baseline is None:
        return ()
    facts = account_facts(request, planned.desired.config, account_id=account_id, ou=ou)
    try:
        return tuple(
            resolve(spec, facts, settings[spec.setting])
            for spec in choice.baseline.settings
            if spec.setting in settings
        )
    except UserError:  # the plan says so of its own
        return ()
