"""The plans that golden files show: small, large, with attention, empty."""

from __future__ import annotations

import builders_plan as b

from aft.findings import Finding, SourceRef
from aft.ids import RequestId
from aft.organization.model import AccountState
from aft.plan.model import LiveSetting, Plan

GLOBAL = b.customization("global", "10-read-only-role.py")
PCI = b.customization("pci", "10-audit-topic.py")


def small() -> Plan:
    """A new OU, two new accounts of which one waits, one moved and changed, one adopted."""
    state = b.desired(
        b.request(
            "payments-prod",
            "Workloads/Prod",
            name="payments-prod",
            reason="Production home of the payments service",
            ticket="PLAT-1234",
            tags={"cost-center": "4711", "data-class": "confidential"},
            customizations=("pci",),
            depends_on=(RequestId("shared-network"),),
        ),
        b.request(
            "shared-network",
            "Infrastructure",
            reason="VPCs and transit gateways that every workload account is attached to",
            tags={"cost-center": "100"},
        ),
        b.request(
            "legacy-billing",
            "Workloads/Prod",
            name="billing",
            reason="The old billing system, moved into the landing zone",
            ticket="PLAT-99",
            tags={"cost-center": "4712"},
        ),
        b.request("web-shop", "Workloads/Prod", tags={"cost-center": "12"}),
        units=(
            b.unit("Workloads"),
            b.unit("Workloads/Prod"),
            b.unit("Infrastructure", "Infra"),
        ),
        removed=(b.unit("Old"),),
        baselines=(b.baseline("production", *b.SETTINGS, ou="Workloads"),),
        customizations=(GLOBAL, PCI),
    )
    world = b.snapshot(
        ("Workloads", "Infra", "Old"),
        (
            b.account(
                7,
                "legacy-billing",
                "Old",
                tags={"aft:request": "legacy-billing", "cost-center": "4711", "owner": "bob"},
            ),
            b.account(8, "web-shop", "Workloads", tags={"team": "shop"}),
        ),
    )
    book = b.ledger(b.record("legacy-billing", 7, tag_keys=("aft:request", "cost-center", "owner")))
    live = {
        (b.account_id(7), "account-alias"): LiveSetting(
            account_id=b.account_id(7),
            subject="account-alias",
            differences=("the account has no alias, it shall be legacy-billing",),
        ),
        (b.account_id(7), "ebs-default-encryption"): LiveSetting(
            account_id=b.account_id(7), subject="ebs-default-encryption"
        ),
    }
    return b.plan(state, world, book, live=live)


def attention() -> Plan:
    """What a person has to decide, beside one harmless change."""
    state = b.desired(
        b.request("web-shop-dev", tags={"cost-center": "12"}),
        b.request("closed-one"),
        b.request("protected", "Workloads/Prod", protect=True),
        b.request("renamed", email="aws+before@example.com"),
        b.request("misspelt", "Workloads/Prdo"),
        b.request("waits", depends_on=(RequestId("misspelt"),)),
        units=(b.unit("Workloads"), b.unit("Workloads/Prod")),
        removed=(b.unit("Old"),),
    )
    world = b.snapshot(
        ("Workloads", "Workloads/Prod", "Old"),
        (
            b.account(1, "web-shop-dev"),
            b.account(2, "closed-one", state=AccountState.SUSPENDED),
            b.account(3, "protected"),
            b.account(4, "before"),
            b.account(5, "somebody-elses", "Old", tags={}),
        ),
    )
    book = b.ledger(
        b.record("web-shop-dev", 1),
        b.record("closed-one", 2),
        b.record("protected", 3),
        b.record("before", 4),
    )
    return b.plan(state, world, book)


def large() -> Plan:
    """A baseline that changed for 400 accounts, 45 new accounts, moves, forgotten ones."""
    old = [f"app-{number:04d}" for number in range(400)]
    moved = [f"moving-{number:02d}" for number in range(12)]
    new = [f"new-{number:02d}" for number in range(45)]
    state = b.desired(
        *(b.request(name) for name in old),
        *(b.request(name, "Workloads/Prod") for name in moved),
        *(b.request(name, "Sandbox") for name in new),
        units=(b.unit("Workloads"), b.unit("Workloads/Prod"), b.unit("Sandbox")),
        baselines=(b.baseline("standard", "iam-password-policy"),),
    )
    names = [*old, *moved]
    world = b.snapshot(
        ("Workloads", "Workloads/Prod", "Sandbox"),
        (
            *(b.account(1000 + index, name) for index, name in enumerate(names)),
            *(b.account(5000 + index, f"gone-{index}") for index in range(2)),
        ),
    )
    steps = {"iam-password-policy": b.done("sha256:before")}
    settled = {"iam-password-policy": b.all_done(state, "moving-00", 1400)["iam-password-policy"]}
    book = b.ledger(
        *(
            b.record(name, 1000 + index, steps=steps if name in old else settled)
            for index, name in enumerate(names)
        ),
        *(b.record(f"gone-{index}", 5000 + index) for index in range(2)),
    )
    return b.plan(state, world, book)


def empty() -> Plan:
    """Everything is as the repository wants it."""
    names = [f"app-{number}" for number in range(12)]
    return b.plan(
        b.desired(*(b.request(name) for name in names), units=(b.unit("Workloads"),)),
        b.snapshot(
            ("Workloads",), tuple(b.account(index, name) for index, name in enumerate(names))
        ),
        b.ledger(*(b.record(name, index) for index, name in enumerate(names))),
    )


def refusal() -> Finding:
    return Finding(
        code="AFT950",
        source=SourceRef("aft.yaml"),
        message="Too many moves: 12 accounts, the limit is 10",
        hint="add `limits.allow: [{limit: move, up_to: 12, reason: …, until: …}]` to aft.yaml, "
        "or do it in smaller steps",
    )


PLANS = {"small": small, "large": large, "attention": attention, "empty": empty}
