"""The cost-bearing parts of a plan: what its settings make AWS bill for, and the budgets."""

from __future__ import annotations

from aft.app.plan.planning import Planned
from aft.app.workspace import Workspace
from aft.baselines.model import Bills, setting_ref
from aft.report.markdown.costs import AccountCosts, Costs
from aft.report.wording import changes_by_account
from aft.values.ids import RequestId


def costs_of(workspace: Workspace, planned: Planned) -> Costs:
    """By target, for the accounts the plan touches. Prices are not known here."""
    billing = {name: item for name, item in workspace.settings.items() if isinstance(item, Bills)}
    found: dict[str, AccountCosts] = {}
    for target, changes in changes_by_account(planned.plan).items():
        request = planned.desired.request_by_id.get(RequestId(target))
        if request is None:
            continue
        refs = {item.ref for item in changes}
        resolved = planned.targets[request.id].settings if request.id in planned.targets else ()
        settings = [
            item for item in resolved if item.name in billing and setting_ref(item.name) in refs
        ]
        found[target] = AccountCosts(
            bills=tuple(
                (item.name, words)
                for item in settings
                if (words := billing[item.name].bills_for(item.parameters))
            ),
            budget=request.budget.monthly_usd if request.budget is not None else None,
        )
    return Costs(by_target=found)
