"""Services that reach from one account into another, simulated by ourselves and whole.

moto keeps accounts apart, so it cannot have administrators, members, shares or a management
account's view. What is not simulated of them says so; nothing of them is left to moto.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.sandbox.calls import Handler
from aft.sandbox.organization_services import (
    access_analyzer,
    budgets,
    cost_tags,
    guardduty,
    resource_shares,
    security_hub,
    support_cases,
)
from aft.sandbox.organizations_backend.rules import Context

OWN = frozenset({"accessanalyzer", "budgets", "guardduty", "ram", "securityhub", "support"})
"""Services of which moto answers nothing."""


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Every operation, ready for the dispatcher."""
    found: dict[tuple[str, str], Handler] = {}
    for module in (
        access_analyzer,
        budgets,
        cost_tags,
        guardduty,
        resource_shares,
        security_hub,
        support_cases,
    ):
        found.update(module.handlers(context))
    return found
