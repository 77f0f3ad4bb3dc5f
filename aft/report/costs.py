"""What a plan's accounts may cost, as far as it can be said without prices. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
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


NO_COSTS = Costs()


def _budget(monthly_usd: float) -> str:
    return f"budget {monthly_usd:,.2f} USD a month".replace(".00 ", " ")
