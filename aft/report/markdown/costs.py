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
        parts: list[str] = []
        if self.bills:
            named = ", ".join(f"{name} ({one_line(what)})" for name, what in self.bills)
            parts.append(f"AWS bills for {named}")
            parts.append("no budget" if self.budget is None else _budget(self.budget))
        elif self.budget is not None:
            parts.append(_budget(self.budget))
        return "; ".join(parts)


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
        parts: list[str] = []
        if counts:
            named = ", ".join(
                name if number == len(found) else f"{name} (in {number:,})"
                for name, number in sorted(counts.items())
            )
            parts.append(f"AWS bills for {named}")
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


def _budget(monthly_usd: float) -> str:
    return f"budget {_usd(monthly_usd)}"


def _usd(monthly: float) -> str:
    return f"{monthly:,.2f} USD a month".replace(".00 ", " ")
