"""A part of a snapshot holds what a scoped read would have seen."""

from __future__ import annotations

from builders_plan import account, account_id, snapshot, unit_id

from aft.organization.model import OrganizationSnapshot, Policy
from aft.organization.narrowed import narrowed
from aft.values.ids import RequestId

WORLD = snapshot(
    ["Workloads", "Workloads/Prod", "Workloads/Dev", "Sandbox"],
    [account(1, "shop", "Workloads/Prod"), account(2, "lab", "Sandbox"), account(3, "old", "/")],
    policies=(Policy(id="p-1", name="x", type="SERVICE_CONTROL_POLICY", targets=()),),
)


def paths(found: OrganizationSnapshot) -> list[str]:
    return sorted(str(unit.path) for unit in found.units)


def test_accounts_by_id_with_the_units_above_them() -> None:
    found = narrowed(WORLD, account_ids=[account_id(1)], request_ids=[], unit_paths=[])
    assert [item.name for item in found.accounts] == ["shop"]
    assert paths(found) == ["/", "Workloads", "Workloads/Prod"]
    assert found.policies == ()
    assert found.scope == (f"account/{account_id(1)}",)


def test_accounts_by_tag_and_units_on_the_way_as_far_as_they_exist() -> None:
    found = narrowed(
        WORLD,
        account_ids=[],
        request_ids=[RequestId("lab")],
        unit_paths=["Workloads/New/Deeper", unit_id("Workloads/Dev")],
    )
    assert [item.name for item in found.accounts] == ["lab"]
    assert paths(found) == ["/", "Sandbox", "Workloads", "Workloads/Dev"]


def test_what_does_not_exist_is_not_in_it() -> None:
    found = narrowed(WORLD, account_ids=[account_id(9)], request_ids=[], unit_paths=["Nowhere"])
    assert found.accounts == ()
    assert paths(found) == ["/"]
