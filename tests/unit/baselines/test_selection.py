from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from aft.baselines.model import Baseline, Selector
from aft.baselines.select import BaselineChoice, select_baseline
from aft.findings.model import SourceRef
from aft.values.ids import OrgUnitPath


@dataclass(frozen=True)
class Request:
    id: str = "payments-prod"
    tags: Mapping[str, str] = field(default_factory=dict)
    baseline: str | None = None


def baselines(**selectors: Selector) -> dict[str, Baseline]:
    return {
        name: Baseline(
            name=name, description="", select=selector, settings=(), source=SourceRef(name)
        )
        for name, selector in selectors.items()
    }


def in_ou(*paths: str) -> Selector:
    return Selector(organizational_units=tuple(map(OrgUnitPath.parse, paths)))


TAGGED = Selector(tags={"tier": "gold"})
BY_ID = Selector(requests=("payments-prod",))


def choice(
    found: dict[str, Baseline], request: Request, ou: str = "Workloads/Prod"
) -> tuple[str | None, tuple[str, ...]]:
    chosen: BaselineChoice = select_baseline(
        request=request, ou=OrgUnitPath.parse(ou), baselines=found
    )
    return chosen.baseline.name if chosen.baseline else None, chosen.tied


def test_the_order_is_name_then_id_then_tag_then_deepest_ou() -> None:
    found = baselines(
        named=Selector(),
        by_id=BY_ID,
        tagged=TAGGED,
        deep=in_ou("Workloads/Prod"),
        shallow=in_ou("Workloads"),
        everywhere=in_ou("/"),
    )
    gold = {"tier": "gold"}
    assert choice(found, Request(tags=gold, baseline="named")) == ("named", ())
    assert choice(found, Request(tags=gold)) == ("by_id", ())
    assert choice(found, Request(id="other", tags=gold)) == ("tagged", ())
    assert choice(found, Request(id="other")) == ("deep", ())
    assert choice(found, Request(id="other"), "Workloads/Dev") == ("shallow", ())
    assert choice(found, Request(id="other"), "Security") == ("everywhere", ())


@pytest.mark.parametrize(
    "selectors",
    [
        {"a": TAGGED, "b": Selector(tags={"tier": "*"})},
        {"a": in_ou("Workloads"), "b": in_ou("Security", "Workloads")},
        {"a": BY_ID, "b": BY_ID},
    ],
)
def test_equals_are_tied_and_none_is_chosen(selectors: dict[str, Selector]) -> None:
    request = Request(tags={"tier": "gold"})
    assert choice(baselines(**selectors), request) == (None, ("a", "b"))


def test_a_tie_below_the_best_does_not_matter() -> None:
    found = baselines(a=in_ou("Workloads"), b=in_ou("Workloads"), c=TAGGED)
    assert choice(found, Request(tags={"tier": "gold"})) == ("c", ())


def test_all_criteria_must_hold() -> None:
    both = Selector(tags={"tier": "gold"}, organizational_units=(OrgUnitPath(("Workloads",)),))
    found = baselines(both=both)
    assert choice(found, Request(tags={"tier": "gold"})) == ("both", ())
    assert choice(found, Request(tags={"tier": "tin"})) == (None, ())
    assert choice(found, Request(tags={"tier": "gold"}), "Security") == (None, ())


def test_an_empty_selector_and_an_unknown_name_select_nothing() -> None:
    found = baselines(named=Selector())
    assert choice(found, Request()) == (None, ())
    assert choice(found, Request(baseline="nmaed")) == (None, ())
