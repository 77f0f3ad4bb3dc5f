"""What a plan's accounts may cost, as far as it can be said without prices. Plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aft.report.plain import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCosts:
    """``bills`` are (setting, what AWS bills for) of the settings the plan applies; ``budget`` is
    the request's, in US dollars a month."""

    bills: tuple[tuple[str, str], ...] = ()
    budget: float | None = None

    @property
    def words(self) -> str:
        """``AWS bills for …; budget 500 USD a month``; empty when there is nothing to say."""
        named = ", ".join(f"{name} ({one_line(what)})" for name, what in self.bills)
        bills = f"AWS bills for {named}" if named else ""
        budget = f"budget {_usd(self.budget)}" if self.budget is not None else ""
        return "; ".join(part for part in (bills, budget or (bills and "no budget")) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """By target."""

    by_target: Mapping[str, AccountCosts] = field(default_factory=dict)

    def words_of(self, target: str) -> str:
        """See ``AccountCosts.words``."""
        found = self.by_target.get(target)
        return found.words if found is not None else ""

    def total_of(self, targets: Iterable[str]) -> str:
        """The same for several accounts, such as new ones: ``AWS bills for network in 2 of them;
        budgets together 1,000 USD a month, 1 has none``."""
        found = [self.by_target[target] for target in targets if target in self.by_target]
        counts = Counter(name for item in found for name, _ in item.bills)
        named = ", ".join(
            name if number == len(found) else f"{name} (in {number:,})"
            for name, number in sorted(counts.items())
        )
        parts = [f"AWS bills for {named}"] if named else []
        budgets = [item.budget for item in found if item.budget is not None]
        without = len(found) - len(budgets)
        if budgets:
            together = "budgets together" if len(budgets) > 1 else "budget"
            parts.append(f"{together} {_usd(sum(budgets))}")
        if parts and without and len(found) > 1:
            parts.append(f"{without:,} without a budget")
        elif parts and without:
            parts.append("no budget")
        return "; ".join(parts)


NO_COSTS = Costs()


def _usd(monthly: float) -> str:
    return f"{monthly:,.2f} USD a month".replace(".00 ", " ")
