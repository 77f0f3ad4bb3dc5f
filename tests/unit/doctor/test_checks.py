"""Every check: fine where all is well, else what is found and how to fix it; never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aft.app.doctor.github_facts import workflow_branches, workflow_states
from aft.doctor.aws import (
    AmazonFacts,
    Delegation,
    Entry,
    OrganizationFacts,
    Whoami,
    check_amazon,
)
from aft.doctor.github import HubFacts, check_hub
from aft.doctor.machine import MachineFacts, check_machine
from aft.doctor.model import Check, Unread, Verdict
from aft.doctor.trust import TrustFacts
from aft.github.settings import (
    ActionsSettings,
    BranchRules,
    EnvironmentSettings,
    RepositorySettings,
    SubjectSettings,
    WorkflowPermissions,
)
from aft.scaffold.workflows import workflow_files
from aft.values.github_subject import ISSUER

REFUSED = Unread("you may not")

MACHINE = MachineFacts(
    python=(3, 13),
    git="2.50",
    is_shallow=False,
    errors=0,
    requests=9,
    ledger_branch="aft/ledger",
    ledger_remote="origin",
    remotes=("origin",),
    ledger=9,
    push="",
)
AMAZON = AmazonFacts(
    caller=Whoami(account_id="111111111111", arn="arn:aws:iam::111111111111:role/aft-apply"),
    organization=OrganizationFacts(
        id="o-1", management_account_id="111111111111", has_all_features=True
    ),
    plan_actions=frozenset({"organizations:ListRoots"}),
    apply_actions=frozenset({"organizations:CreateAccount"}),
    permissions={"organizations:ListRoots": True, "organizations:CreateAccount": True},
    member=Entry(role="Access", account_id="222222222222"),
    reader=Entry(role="aft-reader", account_id="222222222222"),
    quota=100,
    accounts=50,
    to_create=5,
    trusted=frozenset({"account.amazonaws.com"}),
    trusted_needed={"account.amazonaws.com": "renaming accounts"},
    delegations=(
        Delegation(service="guardduty", setting="guardduty", wanted="3" * 12, found=("3" * 12,)),
    ),
    skew_seconds=0.4,
)


def environment(**changes: Any) -> EnvironmentSettings:
    values: dict[str, Any] = {
        "any_branch": False,
        "branches": ("main",),
        "reviewers": ("ada",),
        "prevents_self_review": True,
        "administrators_may_bypass": False,
    }
    return EnvironmentSettings(**{**values, **changes})


HUB = HubFacts(
    repository=RepositorySettings(
        name="acme/accounts", default_branch="main", is_private=True, owner_id=1, id=2
    ),
    rules=BranchRules(
        requires_pull_request=True,
        approvals=1,
        requires_code_owners=True,
        dismisses_stale_reviews=True,
        requires_last_push_approval=True,
        checks=("comment", "plan"),
        blocks_force_pushes=True,
        blocks_deletion=True,
    ),
    protection=None,
    ledger="aft/ledger",
    ledger_rules=BranchRules(blocks_force_pushes=True, blocks_deletion=True, restricts_pushes=True),
    ledger_protection=None,
    environments={name: environment() for name in ("aft-plan", "aft-apply")},
    actions=ActionsSettings(is_enabled=True, requires_pinned_actions=True),
    permissions=WorkflowPermissions(default="read", may_open_pull_requests=True),
    secrets=("SLACK_URL",),
    variables=("AFT_PLAN_ROLE", "AFT_APPLY_ROLE", "AFT_REGION"),
    workflows={".github/workflows/plan.yml": True},
    trust=TrustFacts(
        subject=SubjectSettings(prefix="repo:acme@1/accounts@2"),
        files={"iam/aft-roles.cfn.yaml": ("repo:acme@1/accounts@2",)},
    ),
)


assert isinstance(HUB.rules, BranchRules)
RULES = HUB.rules
OPEN_LEDGER = BranchRules(blocks_force_pushes=True, blocks_deletion=True)


def verdicts(checks: Iterable[Check]) -> dict[str, str]:
    """What is not fine, by the check's id; each says what to do, unless nobody knows."""
    found: dict[str, str] = {}
    for check in checks:
        assert check.says
        assert bool(check.remedy) == (check.verdict in (Verdict.WRONG, Verdict.WARNING))
        if check.verdict is not Verdict.FINE:
            found[check.id] = check.verdict.value
    return found


def test_all_is_well() -> None:
    assert verdicts(check_machine(MACHINE)) == {}
    assert verdicts(check_amazon(AMAZON)) == {}
    assert verdicts(check_hub(HUB)) == {}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"git": None}, {"git": "warning"}),
        ({"errors": 2}, {"repository": "wrong"}),
        ({"is_shallow": True}, {"history": "warning"}),
        ({"ledger_remote": None}, {"ledger-remote": "warning"}),
        ({"remotes": ()}, {"ledger-remote": "warning"}),
        ({"ledger": REFUSED}, {"ledger": "wrong"}),
        ({"push": "protected branch"}, {"ledger-push": "wrong"}),
        ({"push": REFUSED}, {"ledger-push": "not-checked"}),
    ],
)
def test_the_machine(changes: Mapping[str, Any], found: Mapping[str, str]) -> None:
    assert verdicts(check_machine(replace(MACHINE, **changes))) == found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"organization": REFUSED}, {"organization": "wrong"}),
        (
            {"caller": Whoami(account_id="222222222222", arn="arn:x")},
            {"management-account": "wrong"},
        ),
        (
            {
                "organization": OrganizationFacts(
                    id="o-1", management_account_id="111111111111", has_all_features=False
                )
            },
            {"all-features": "wrong"},
        ),
        ({"refused_reads": {"tag:GetResources": "no"}}, {"reads": "wrong"}),
        ({"permissions": REFUSED}, {"permissions": "not-checked"}),
        (
            {"permissions": {"organizations:CreateAccount": True}},
            {"plan-permissions": "wrong"},
        ),
        ({"permissions": {"organizations:ListRoots": True}}, {"apply-permissions": "warning"}),
        ({"member": REFUSED}, {"member-role": "not-checked"}),
        (
            {"reader": Entry(role="r", account_id="2", problem="no")},
            {"reader-role": "warning"},
        ),
        ({"accounts": REFUSED}, {"quota": "not-checked"}),
        ({"quota": REFUSED}, {"quota": "not-checked"}),
        ({"to_create": 51}, {"quota": "wrong"}),
        ({"to_create": 50}, {"quota": "warning"}),
        ({"trusted": frozenset()}, {"trusted-access": "warning"}),
        ({"trusted": REFUSED}, {"trusted-access": "not-checked"}),
        (
            {"delegations": (Delegation(service="s", setting="t", wanted="3", found=("4",)),)},
            {"delegation": "wrong"},
        ),
        ({"delegations": (Delegation(service="s", setting="t", wanted="3", found=()),)}, {}),
        ({"delegations": REFUSED}, {"delegation": "not-checked"}),
        ({"skew_seconds": -61.0}, {"clock": "warning"}),
        ({"skew_seconds": 301.0}, {"clock": "wrong"}),
        ({"skew_seconds": REFUSED}, {"clock": "not-checked"}),
    ],
)
def test_the_organization(changes: Mapping[str, Any], found: Mapping[str, str]) -> None:
    assert verdicts(check_amazon(replace(AMAZON, **changes))) == found


def test_without_credentials_nothing_else_is_said() -> None:
    checks = list(check_amazon(AmazonFacts(caller=Unread("no credentials"))))
    assert [(item.id, item.verdict) for item in checks] == [("credentials", Verdict.WRONG)]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"rules": BranchRules()}, {"branch-rules": "wrong", "branch-rules-more": "warning"}),
        (
            {"rules": BranchRules(), "protection": HUB.rules},
            {"branch-rules-more": "warning"},  # administrators are not bound
        ),
        ({"rules": BranchRules(), "protection": replace(RULES, binds_administrators=True)}, {}),
        ({"rules": replace(RULES, dismisses_stale_reviews=False)}, {"branch-rules": "wrong"}),
        ({"rules": replace(RULES, requires_last_push_approval=False)}, {"branch-rules": "wrong"}),
        ({"rules": replace(RULES, checks=("ci",))}, {"branch-rules-more": "warning"}),
        ({"rules": replace(RULES, checks=("aft/plan",))}, {}),
        ({"rules": replace(RULES, bypassed_by=("role write",))}, {"branch-bypass": "warning"}),
        ({"rules": replace(RULES, bypassed_by=None)}, {"branch-bypass": "not-checked"}),
        (
            {
                "rules": replace(RULES, bypassed_by=("role admin",)),
                "protection": replace(RULES, binds_administrators=True),
            },
            {},  # the protection binds all
        ),
        (
            {
                "rules": replace(RULES, bypassed_by=None),
                "protection": replace(RULES, bypassed_by=("user ada",)),
            },
            {"branch-bypass": "warning"},
        ),
        (
            {"rules": replace(RULES, bypassed_by=("x",), requires_pull_request=False)},
            {"branch-rules": "wrong", "branch-rules-more": "warning"},
        ),
        ({"rules": replace(RULES, requires_code_owners=False)}, {"branch-rules-more": "warning"}),
        ({"rules": BranchRules(), "protection": REFUSED}, {"branch-rules": "not-checked"}),
        (
            {"ledger_rules": BranchRules()},
            {"ledger-branch": "wrong", "ledger-pushes": "warning"},
        ),
        (
            {"ledger_rules": replace(OPEN_LEDGER, blocks_deletion=False)},
            {"ledger-branch": "wrong", "ledger-pushes": "warning"},
        ),
        (
            {"ledger_rules": replace(OPEN_LEDGER, blocks_force_pushes=False)},
            {"ledger-branch": "wrong", "ledger-pushes": "warning"},
        ),
        ({"ledger_rules": OPEN_LEDGER}, {"ledger-pushes": "warning"}),
        ({"ledger_rules": OPEN_LEDGER, "is_signed": True}, {}),
        (
            {"ledger_rules": replace(OPEN_LEDGER, rewritten_by=("app 7",)), "is_signed": True},
            {"ledger-bypass": "warning"},
        ),
        (
            {"ledger_rules": replace(OPEN_LEDGER, rewritten_by=None), "is_signed": True},
            {"ledger-bypass": "not-checked"},
        ),
        (
            {
                "ledger_rules": replace(OPEN_LEDGER, rewritten_by=("app 7",)),
                "ledger_protection": OPEN_LEDGER,
                "is_signed": True,
            },
            {},
        ),
        (
            {
                "ledger_rules": BranchRules(),
                "ledger_protection": replace(HUB.ledger_rules, rewritten_by=("user ada",)),
            },
            {"ledger-bypass": "warning"},
        ),
        ({"ledger_rules": BranchRules(), "is_signed": True}, {"ledger-branch": "wrong"}),
        ({"ledger_rules": BranchRules(), "ledger_protection": HUB.ledger_rules}, {}),
        (
            {"ledger_rules": replace(OPEN_LEDGER, requires_pull_request=True), "is_signed": True},
            {"ledger-pull-requests": "wrong"},
        ),
        (
            {"ledger_rules": REFUSED},
            {"ledger-branch": "not-checked", "ledger-pushes": "not-checked"},
        ),
        (
            {"ledger_rules": BranchRules(), "ledger_protection": REFUSED},
            {"ledger-branch": "not-checked", "ledger-pushes": "not-checked"},
        ),
        (
            {"environments": {"aft-plan": None}},
            {"environment-aft-plan": "wrong"},
        ),
        (
            {"environments": {"aft-plan": environment(any_branch=True, branches=())}},
            {"environment-aft-plan": "wrong"},
        ),
        (
            {"environments": {"aft-apply": environment(branches=("main", "x*"))}},
            {"environment-aft-apply": "wrong"},
        ),
        (
            {"environments": {"aft-apply": environment(branches=())}},
            {"environment-aft-apply": "wrong"},
        ),
        (
            {"environments": {"aft-apply": environment(reviewers=())}},
            {"environment-aft-apply": "warning"},
        ),
        ({"environments": {"aft-plan": environment(reviewers=())}}, {}),
        (
            {"environments": {"aft-apply": environment(prevents_self_review=False)}},
            {"self-review-aft-apply": "warning"},
        ),
        (
            {"environments": {"aft-plan": environment(administrators_may_bypass=True)}},
            {"bypass-aft-plan": "warning"},
        ),
        (
            {"environments": {"aft-plan": environment(reviewers=(), prevents_self_review=False)}},
            {},
        ),
        ({"environments": {"aft-plan": REFUSED}}, {"environment-aft-plan": "not-checked"}),
        ({"actions": REFUSED}, {"actions": "not-checked"}),
        (
            {"actions": replace(HUB.actions, requires_pinned_actions=False)},  # type: ignore[type-var]
            {"actions": "warning"},
        ),
        (
            {"actions": replace(HUB.actions, is_enabled=False)},  # type: ignore[type-var]
            {"actions": "wrong"},
        ),
        (
            {"permissions": WorkflowPermissions(default="write", may_open_pull_requests=True)},
            {"token": "wrong"},
        ),
        (
            {"permissions": WorkflowPermissions(default="read", may_open_pull_requests=False)},
            {"pull-requests": "warning"},
        ),
        ({"secrets": ("AWS_ACCESS_KEY_ID",)}, {"keys-in-secrets": "wrong"}),
        ({"secrets": ("PROD_AWS_SECRET_ACCESS_KEY",)}, {"keys-in-secrets": "wrong"}),
        ({"secrets": REFUSED}, {"keys-in-secrets": "not-checked"}),
        (
            {"variables": ("AFT_PLAN_ROLE", "AFT_APPLY_ROLE", "aws_secret_key")},
            {"keys-in-variables": "wrong"},
        ),
        ({"variables": ("AFT_PLAN_ROLE",)}, {"role-variables": "wrong"}),
        ({"workflows": {"plan.yml": None}}, {"workflows": "wrong"}),
        ({"workflows": {"plan.yml": False}}, {"workflows": "warning"}),
    ],
)
def test_github(changes: Mapping[str, Any], found: Mapping[str, str]) -> None:
    assert verdicts(check_hub(replace(HUB, **changes))) == found


def test_another_default_branch_is_not_the_workflows() -> None:
    repository = replace(HUB.repository, default_branch="trunk")  # type: ignore[type-var]
    for named, verdict in (("main",), "wrong"), (("main", "trunk"), "wrong"), (("trunk",), "fine"):
        found = verdicts(check_hub(replace(HUB, repository=repository, branches=named)))
        assert found.get("default-branch", "fine") == verdict


def test_the_branch_is_read_from_the_workflows(tmp_path: Path) -> None:
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    for name, text in workflow_files("acme/aft@" + "a" * 40).items():
        if name.startswith(".github/workflows/"):
            (tmp_path / name).write_text(text.replace("[main]", "[trunk]"))
    assert workflow_branches(tmp_path) == ("trunk",)
    assert set(workflow_states(tmp_path).values()) == {True}
    (folder / "apply.yml").write_text(
        (folder / "apply.yml").read_text().replace("[trunk]", "['release', \"main\"]")
    )
    assert workflow_branches(tmp_path) == ("main", "release", "trunk")


def test_an_unreadable_repository_is_all_that_is_said() -> None:
    checks = list(check_hub(HubFacts(repository=REFUSED)))
    assert [(item.id, item.verdict) for item in checks] == [("github", Verdict.WRONG)]


def test_a_missing_environment_is_open() -> None:
    (check,) = (
        item
        for item in check_hub(replace(HUB, environments={"aft-apply": None}))
        if item.id == "environment-aft-apply"
    )
    assert check.verdict is Verdict.WRONG
    assert "it is open" in check.says
    assert "before the roles" in check.remedy


IDS, NAMES = "repo:acme@1/accounts@2", "repo:acme/accounts"
SERVER = "github.acme.net/_services/token"


@pytest.mark.parametrize(
    ("says", "trusted", "issuer", "found"),
    [
        (IDS, (IDS,), ISSUER, {}),
        (IDS, (NAMES,), ISSUER, {"trust": "wrong"}),
        (IDS, (), ISSUER, {"trust": "wrong"}),
        (IDS, (IDS, NAMES), ISSUER, {"trust": "warning"}),
        (IDS, (IDS, "repo:evil@3/accounts@4"), ISSUER, {"trust": "warning"}),
        (IDS, ("repo:acme@1/vending@2",), ISSUER, {"trust": "wrong"}),
        (IDS, ("repo:acme@9/accounts@2",), ISSUER, {"trust": "wrong"}),
        (NAMES, (NAMES,), ISSUER, {}),
        (NAMES, (IDS,), ISSUER, {"trust": "wrong"}),
        ("", (IDS,), ISSUER, {}),
        ("", (NAMES,), ISSUER, {"trust": "wrong"}),
        ("", (NAMES,), SERVER, {}),
        ("", (IDS,), SERVER, {"trust": "wrong"}),
        (IDS, (IDS,), "token.actions.acme.ghe.com", {}),
        ("", (NAMES,), "token.actions.acme.ghe.com", {}),
    ],
)
def test_trust(says: str, trusted: tuple[str, ...], issuer: str, found: dict[str, str]) -> None:
    facts = TrustFacts(
        issuer=issuer, subject=SubjectSettings(prefix=says), files={"iam/aft-roles.tf": trusted}
    )
    assert verdicts(check_hub(replace(HUB, trust=facts))) == found
