"""What ``aft doctor`` reads of the repository's settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_github_api import World, client_of, on_github

from aft.errors import Denied, NotFound
from aft.github.client import GitHubClient
from aft.github.settings import (
    BranchRules,
    actions_settings,
    classic_protection,
    environment,
    repository_settings,
    ruleset_rules,
    workflow_permissions,
)

ADMIN = {"administration": "read", "actions": "read", "contents": "write"}
PROTECTION = {
    "required_pull_request_reviews": {
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": True,
        "required_approving_review_count": 2,
        "require_last_push_approval": False,
    },
    "required_status_checks": {
        "strict": True,
        "contexts": ["plan"],
        "checks": [{"context": "plan", "app_id": 15368}],
    },
    "enforce_admins": {"enabled": True},
    "required_signatures": {"enabled": False},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}
RULES = [
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {"type": "required_signatures"},
    {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": 1,
            "require_code_owner_review": False,
            "dismiss_stale_reviews_on_push": True,
            "require_last_push_approval": True,
        },
    },
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": "ci"}, {"context": "plan"}],
        },
    },
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with on_github(tmp_path) as world:
        yield world


@pytest.fixture
def admin(world: World) -> GitHubClient:
    return client_of(world.github, permissions=ADMIN)


def test_repository(world: World, admin: GitHubClient) -> None:
    found = repository_settings(admin)
    assert (found.name, found.default_branch, found.is_private) == (
        "example/accounts",
        "main",
        True,
    )


def test_branch_rules_from_both_places(world: World, admin: GitHubClient) -> None:
    settings = world.github.state.settings
    assert ruleset_rules(admin, "main") == BranchRules()
    assert classic_protection(admin, "main") is None

    settings.protection["main"], settings.rules["main"] = PROTECTION, list(RULES)

    classic = classic_protection(admin, "main")
    assert classic == BranchRules(
        requires_pull_request=True,
        approvals=2,
        requires_code_owners=True,
        dismisses_stale_reviews=True,
        checks=("plan",),
        binds_administrators=True,
        blocks_force_pushes=True,
        blocks_deletion=True,
    )
    rules = ruleset_rules(admin, "main")
    assert rules == BranchRules(
        requires_pull_request=True,
        approvals=1,
        dismisses_stale_reviews=True,
        requires_last_push_approval=True,
        checks=("ci", "plan"),
        blocks_force_pushes=True,
        blocks_deletion=True,
    )


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (
            "write",
            (
                "administrators of the organization",
                "app 15368",
                "deploy keys",
                "role admin (by merging pull requests)",
                "role write",
                "team 9",
                "NewKind",
            ),
        ),
        ("read", None),
    ],
)
def test_whom_rulesets_let_by(world: World, level: str, expected: tuple[str, ...] | None) -> None:
    settings = world.github.state.settings
    settings.rules["main"] = [{**rule, "ruleset_id": 7 + n % 2} for n, rule in enumerate(RULES)]
    settings.rulesets = {
        7: [
            {"actor_id": None, "actor_type": "OrganizationAdmin", "bypass_mode": "always"},
            {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "pull_request"},
            {"actor_id": 4, "actor_type": "RepositoryRole", "bypass_mode": "exempt"},
        ],
        8: [
            {"actor_id": 15368, "actor_type": "Integration", "bypass_mode": "always"},
            {"actor_id": 9, "actor_type": "Team", "bypass_mode": "always"},
            {"actor_id": None, "actor_type": "DeployKey", "bypass_mode": "always"},
            {"actor_id": None, "actor_type": "NewKind", "bypass_mode": "always"},
        ],
    }
    client = client_of(world.github, permissions={**ADMIN, "administration": level})
    found = ruleset_rules(client, "main").bypassed_by
    assert found == (tuple(sorted(expected)) if expected is not None else None)
    settings.rulesets = {7: [], 8: []}
    assert ruleset_rules(client, "main").bypassed_by == (() if expected else None)
    settings.rulesets = {}
    assert ruleset_rules(client, "main").bypassed_by is None


APP = {"actor_id": 7, "actor_type": "Integration", "bypass_mode": "always"}
TEAM = {"actor_id": 9, "actor_type": "Team", "bypass_mode": "always"}


@pytest.mark.parametrize(
    ("rules", "rewritten_by", "pushed_by"),
    [
        ({7: ("update", "non_fast_forward", "deletion")}, ("app 7",), ("app 7",)),
        ({7: ("update",), 8: ("non_fast_forward", "deletion")}, (), ("app 7",)),
        ({7: ("update", "deletion"), 8: ("non_fast_forward",)}, ("app 7",), ("app 7",)),
        ({7: ("non_fast_forward", "deletion"), 8: ("non_fast_forward",)}, ("app 7",), ()),
        ({7: ("non_fast_forward",), 8: ("non_fast_forward",)}, (), ()),
        ({7: ("non_fast_forward",), 9: ("non_fast_forward",)}, ("app 7",), ()),
        ({7: ("update",), 9: ("update", "deletion")}, ("app 7", "team 9"), ("app 7",)),
        ({10: ("update", "deletion")}, None, None),
    ],
)
def test_who_may_rewrite_and_who_may_push_all_the_same(
    world: World,
    rules: dict[int, tuple[str, ...]],
    rewritten_by: tuple[str, ...] | None,
    pushed_by: tuple[str, ...] | None,
) -> None:
    """Who is to rewrite must pass every ruleset that forbids it; ruleset 10 is not shown."""
    settings = world.github.state.settings
    settings.rulesets = {7: [APP], 8: [], 9: [APP, TEAM]}
    settings.rules["aft/ledger"] = [
        {"type": kind, "ruleset_id": number} for number, kinds in rules.items() for kind in kinds
    ]
    admin = client_of(world.github, permissions={**ADMIN, "administration": "write"})
    found = ruleset_rules(admin, "aft/ledger")
    assert (found.rewritten_by, found.pushed_by) == (rewritten_by, pushed_by)


@pytest.mark.parametrize("binds", [True, False])
def test_who_may_push_past_a_classic_protection(
    world: World, admin: GitHubClient, *, binds: bool
) -> None:
    world.github.state.settings.protection["aft/ledger"] = {
        "enforce_admins": {"enabled": binds},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        "restrictions": {"users": [], "teams": [], "apps": [{"slug": "aft"}]},
    }
    found = classic_protection(admin, "aft/ledger")
    assert found is not None
    admins = () if binds else ("administrators of the repository",)
    assert (found.rewritten_by, found.pushed_by) == (admins, ("app aft", *admins))


def test_whom_a_classic_protection_lets_by(world: World, admin: GitHubClient) -> None:
    reviews = {
        **PROTECTION["required_pull_request_reviews"],
        "bypass_pull_request_allowances": {
            "users": [{"login": "ada"}],
            "teams": [{"slug": "core"}],
            "apps": [{"slug": "renovate"}],
        },
    }
    world.github.state.settings.protection["main"] = {
        **PROTECTION,
        "required_pull_request_reviews": reviews,
    }
    found = classic_protection(admin, "main")
    assert found is not None
    assert found.bypassed_by == ("user ada", "team core", "app renovate")


def test_branch_with_a_slash(world: World, admin: GitHubClient) -> None:
    world.github.state.settings.protection["release/1"] = PROTECTION
    assert classic_protection(admin, "release/1") is not None


def test_workflow_s_own_token_may_read_rules_but_not_protection(world: World) -> None:
    world.github.state.settings.rules["main"] = list(RULES)
    reader = client_of(world.github, permissions={"contents": "read"})
    assert ruleset_rules(reader, "main").requires_pull_request
    for read in (actions_settings, workflow_permissions):
        with pytest.raises(Denied, match="not accessible"):
            read(reader)
    with pytest.raises(Denied) as caught:
        classic_protection(reader, "main")
    assert "administration: read" in caught.value.hint


def test_environments(world: World, admin: GitHubClient) -> None:
    world.github.environment("any")
    world.github.environment("protected", branches="protected")
    world.github.environment(
        "aft-apply",
        branches=("main", "release/*"),
        reviewers=("ada", "example/platform"),
        prevent_self_review=True,
        can_admins_bypass=False,
    )
    assert environment(admin, "missing") is None
    anything, protected = environment(admin, "any"), environment(admin, "protected")
    assert anything is not None
    assert (anything.any_branch, anything.reviewers) == (True, ())
    assert (anything.prevents_self_review, anything.administrators_may_bypass) == (False, True)
    assert protected is not None
    assert (protected.any_branch, protected.branches) == (False, ())
    found = environment(admin, "aft-apply")
    assert found is not None
    assert found.branches == ("main", "release/*")
    assert found.reviewers == ("ada", "platform")
    assert (found.prevents_self_review, found.administrators_may_bypass) == (True, False)


def test_actions(world: World, admin: GitHubClient) -> None:
    settings = world.github.state.settings
    settings.sha_pinning_required = True
    settings.workflow_permissions, settings.actions_may_open_pulls = "write", True
    found = actions_settings(admin)
    assert (found.is_enabled, found.requires_pinned_actions) == (True, True)
    assert workflow_permissions(admin).default == "write"
    assert workflow_permissions(admin).may_open_pull_requests

    settings.sha_pinning_required = None  # an older Enterprise Server
    assert actions_settings(admin).requires_pinned_actions is None
    settings.actions_enabled = False
    assert not actions_settings(admin).is_enabled


def test_repository_that_is_hidden(world: World) -> None:
    client = client_of(world.github, token=world.github.token(sees=False))
    with pytest.raises(NotFound):
        repository_settings(client)
