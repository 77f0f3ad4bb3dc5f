"""The plans and outcomes that golden files show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import builders_plan as b
from builders_kinds import KINDS, what

from aft.baselines.model import setting_ref
from aft.desired.model import Owner
from aft.findings.model import Finding, Severity, SourceRef
from aft.organization.model import AccountState
from aft.plan.holding import holds_of
from aft.plan.model import Change, LiveSetting, Plan
from aft.plan.outcome import Outcome, Status, StepOutcome, TargetOutcome
from aft.plan.reviewed import NOTHING_REVIEWED, newly_routine, reviewed_of
from aft.report.markdown.costs import AccountCosts, Costs
from aft.report.markdown.failure import FailurePage
from aft.report.markdown.outcome import OutcomePage
from aft.report.markdown.plan import PlanPage
from aft.values.ids import RequestId

GLOBAL = b.customization("global", "10-read-only-role.py")
PCI = b.customization("pci", "10-audit-topic.py")


@cache
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
            ref=setting_ref("account-alias"),
            differences=("the account has no alias, it shall be legacy-billing",),
        ),
        (b.account_id(7), "ebs-default-encryption"): LiveSetting(
            account_id=b.account_id(7), ref=setting_ref("ebs-default-encryption")
        ),
    }
    return b.plan(state, world, book, live=live)


@cache
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


@cache
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


@cache
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
        hint="add `allow: [{what: move, up_to: 12, reason: …, until: …}]` to aft.yaml, "
        "or do it in smaller steps",
    )


PLANS = {"small": small, "large": large, "attention": attention, "empty": empty}


@cache
def huge() -> Plan:
    """More than a comment holds: 260 new accounts that each say something else, and 30 moves."""
    new = [f"team-{number:03d}-prod" for number in range(260)]
    moved = [f"legacy-{number:02d}" for number in range(30)]
    teams = ("payments", "search", "data", "platform", "mobile")
    state = b.desired(
        *(
            b.request(
                name,
                "Workloads/Prod",
                owner=Owner(team=teams[index % 5], email=f"{teams[index % 5]}@example.com"),
                reason=f"Home of service {index}, moved out of the shared account",
                ticket=f"PLAT-{2000 + index}",
                tags={"cost-center": str(4000 + index), "data-class": "internal"},
            )
            for index, name in enumerate(new)
        ),
        *(
            b.request(
                name,
                "Workloads/Prod",
                reason=f"Legacy system {index}",
                ticket=f"PLAT-{3000 + index}",
            )
            for index, name in enumerate(moved)
        ),
        units=(b.unit("Workloads"), b.unit("Workloads/Prod")),
        baselines=(b.baseline("production", *b.SETTINGS, ou="Workloads"),),
    )
    world = b.snapshot(
        ("Workloads", "Workloads/Prod"),
        tuple(b.account(2000 + index, name) for index, name in enumerate(moved)),
    )
    book = b.ledger(
        *(
            b.record(name, 2000 + index, steps=b.all_done(state, name, 2000 + index))
            for index, name in enumerate(moved)
        )
    )
    return b.plan(state, world, book)


def costs(plan: Plan) -> Costs:
    """Some settings cost something, and new accounts have budgets."""
    created = {item.target for item in plan.changes if what(item) == "create account"}
    return Costs(
        by_target={
            target: AccountCosts(
                bills=(
                    ("config-recorder", "configuration items recorded"),
                    ("network", "2 NAT gateways, by the hour and gigabyte, and flow logs"),
                ),
                budget=500.0 if target != "shared-network" else None,
            )
            for target in created
        }
    )


def plan_page(name: str) -> PlanPage:
    """The plan as its pull request shows it."""
    plan = {**PLANS, "huge": huge}[name]()
    return PlanPage(
        kinds=KINDS,
        plan=plan,
        refusals=(refusal(),) if name == "large" else (),
        findings=WARNINGS if name == "small" else (),
        read_at=b.NOW - timedelta(minutes=3),
        base="9f8e7d6" + "c" * 33 if name in {"small", "huge"} else "",
        costs=costs(plan),
    )


WARNINGS = (
    Finding(
        code="AFT330",
        source=SourceRef("account-requests/web-shop.yaml", 2, 8),
        message="the e-mail address aws+web-shop@example.com is also asked for in #12",
        hint="agree with the author of #12 on who takes it",
        severity=Severity.WARNING,
    ),
)

FINDINGS = (
    Finding(
        code="AFT306",
        source=SourceRef("account-requests/payments/payments-prod.yaml", 3, 5),
        message="OU 'Workloads/Prd' is not in organization.yaml",
        hint="did you mean 'Workloads/Prod'?",
    ),
    Finding(
        code="AFT201",
        source=SourceRef("account-requests/payments/payments-prod.yaml", 9, 1),
        message="tgs is not a known key",
        hint="did you mean 'tags'?",
    ),
    Finding(
        code="AFT303",
        source=SourceRef("account-requests/shop.yaml", 2, 8),
        message="the e-mail address aws+shop@example.com is taken by account-requests/lab.yaml",
        severity=Severity.WARNING,
    ),
)


def failure() -> FailurePage:
    """A plan that found errors in the files."""
    return FailurePage(
        verb="plan",
        message=f"2 findings at {b.REVISION}",
        hint="fix the files, then run again",
        findings=FINDINGS,
        consequence="There is no plan: the effect of the merge is not known yet.",
        revision=b.REVISION,
        log="the job's log",
    )


def partly() -> OutcomePage:
    """The small plan carried out: one account failed, one waits for it, the rest is done."""
    plan = small()
    failing = "account/shared-network/create-account"

    def step(change: Change) -> StepOutcome:
        if change.id == failing:
            return StepOutcome(
                change=change,
                status=Status.FAILED,
                message="AWS did not create the account of shared-network: EMAIL_ALREADY_EXISTS",
                hint="the address belongs to an AWS account outside this organization: choose "
                "another one, or write its `account_id` into the request",
            )
        if change.target in {"shared-network", "payments-prod"}:
            return StepOutcome(
                change=change,
                status=Status.BLOCKED,
                message=f"{failing} failed",
            )
        return StepOutcome(change=change, status=Status.SUCCEEDED, message="done", began=0.0)

    rows = tuple(
        TargetOutcome(
            target=target,
            account_id=next((c.account_id for c in plan.changes_of(target)), None),
            steps=tuple(step(change) for change in plan.changes_of(target)),
        )
        for target in plan.targets()
    )
    seen = reviewed_of(replace(plan, changes=plan.changes[:-8]))
    return OutcomePage(
        kinds=KINDS,
        plan=plan,
        outcome=Outcome(run="20261122T120000-a1b2c3", targets=rows, seconds=12.0),
        ledger="fa382ad" + "0" * 33,
        reviewed=seen,
        routine=newly_routine(seen, plan),
    )


def stopped() -> OutcomePage:
    """The small plan, ended by its deadline after the accounts that exist."""
    plan = small()
    rows = tuple(
        TargetOutcome(
            target=target,
            account_id=next((c.account_id for c in plan.changes_of(target)), None),
            steps=tuple(
                StepOutcome(
                    change=change,
                    status=Status.STOPPED if change.account_id is None else Status.SUCCEEDED,
                    message="the run ended before it" if change.account_id is None else "done",
                )
                for change in plan.changes_of(target)
            ),
        )
        for target in plan.targets()
    )
    return OutcomePage(
        kinds=KINDS,
        plan=plan,
        outcome=Outcome(
            run="20261122T120000-a1b2c3",
            targets=rows,
            stop_reason="the deadline of 3000 s has passed",
            unpublished="cannot reach origin",
        ),
        ledger="fa382ad" + "0" * 33,
    )


def held() -> OutcomePage:
    """An apply in which two risks wait, because no one had seen them."""
    plan = small()
    holds = holds_of(plan, NOTHING_REVIEWED, kinds=KINDS)
    rows = tuple(
        TargetOutcome(
            target=target,
            account_id=next((c.account_id for c in plan.changes_of(target)), None),
            steps=tuple(
                holds[change.id].outcome
                if change.id in holds
                else StepOutcome(change=change, status=Status.SUCCEEDED, message="done", began=0.0)
                for change in plan.changes_of(target)
            ),
        )
        for target in plan.targets()
    )
    return OutcomePage(
        kinds=KINDS,
        plan=plan,
        outcome=Outcome(run="20261122T120000-a1b2c3", targets=rows, seconds=12.0),
        ledger="fa382ad" + "0" * 33,
        reviewed=NOTHING_REVIEWED,
        routine=newly_routine(NOTHING_REVIEWED, plan, held=holds.keys()),
    )
