"""``aft doctor`` looks at the world: the sandbox, a remote, the local GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_kinds import KINDS
from builders_live import with_remote
from builders_permissions import become, deploy_roles
from builders_repo import CONFIG, Repo
from github_server import Environment, GitHubServer

from aft.app.doctor.aws_facts import _amazon
from aft.app.world import edge_onto
from aft.aws.examination import Examination
from aft.config.model import Config
from aft.doctor.model import Unread
from aft.ledger.events import LedgerState
from aft.sandbox import Sandbox
from aft.scaffold.roles import PLAN_ROLE, RoleNames, roles_template
from aft.values.github_subject import RepositorySubject

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ADMIN = {
    "administration": "read",
    "actions": "read",
    "secrets": "read",
    "variables": "read",
}
STRICT = [
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": 1,
            "require_code_owner_review": True,
            "dismiss_stale_reviews_on_push": True,
            "require_last_push_approval": True,
        },
    },
    {
        "type": "required_status_checks",
        "parameters": {"required_status_checks": [{"context": "plan"}]},
    },
]


def checked(repo: Repo, *arguments: str, sandbox: bool = True) -> tuple[int, dict[str, str]]:
    """The exit code, and the verdicts by check."""
    result = repo.aft("doctor", "--json", *arguments, sandbox=sandbox)
    assert result.out, result.err
    return result.code, {item["id"]: item["verdict"] for item in json.loads(result.out)["checks"]}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.request("shop")
    repo.commit("Ask")
    return repo


def test_on_the_sandbox(repo: Repo) -> None:
    repo.apply()
    code, found = checked(repo)
    assert code == 0
    assert found["credentials"] == found["management-account"] == found["reads"] == "fine"
    assert found["member-role"] == "fine"
    assert found["reader-role"] == "not-checked", "none is named"
    repo.write("aft.yaml", f"{CONFIG}roles: {{reader: aft-reader}}\n")
    assert checked(repo)[1]["reader-role"] == "warning", "named, and not there"


def test_without_credentials_and_with_findings(repo: Repo) -> None:
    code, found = checked(repo, sandbox=False)
    assert (code, found["credentials"]) == (1, "wrong")
    repo.request("odd", ou="Nowhere")
    code, found = checked(repo)
    assert (code, found["repository"]) == (1, "wrong")


def test_the_ledger_s_remote_is_asked_and_not_changed(repo: Repo, tmp_path: Path) -> None:
    bare = with_remote(repo, tmp_path / "origin.git")
    before = Repo(bare).git("for-each-ref")
    assert checked(repo, sandbox=False)[1]["ledger-push"] == "fine"
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    repo.git("remote", "set-url", "origin", str(tmp_path / "gone.git"))
    assert checked(repo, sandbox=False)[1]["ledger-push"] == "wrong"
    assert Repo(bare).git("for-each-ref") == before


def test_text_says_how_to_fix(repo: Repo) -> None:
    said = repo.aft("doctor", sandbox=False)
    assert said.code == 1
    lines = said.out.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("✗ no usable AWS"))
    assert lines[place + 1].startswith("    configure them")
    assert lines[-1].endswith("1 thing to fix, 1 not checked.")


def test_a_role_that_may_not_is_told() -> None:
    """What the plan's own role sees: it may plan, and enter accounts only to read."""
    names = RoleNames(
        repository=RepositorySubject(repository="acme/accounts"), member="M", reader="aft-reader"
    )
    with Sandbox.open(None) as sandbox:
        deploy_roles(sandbox, roles_template(names))
        keys = become(sandbox, PLAN_ROLE, sub="repo:acme/accounts:environment:aft-plan")
        config = Config(home_region="eu-central-1")
        with edge_onto(sandbox, config, reads_only=True, keys=keys) as edge:
            state: Any = type("State", (), {"config": config, "baselines": {}, "requests": ()})
            facts = _amazon(Examination(edge.sessions), state, LedgerState(), KINDS)
    assert facts.refused_reads == {}
    assert isinstance(facts.permissions, Unread), "a role that may not ask is told so"
    assert isinstance(facts.accounts, Unread)


# --- GitHub -----------------------------------------------------------------------------------


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer("acme/accounts") as server:
        yield server


def on(github: GitHubServer, repo: Repo, permissions: dict[str, str]) -> None:
    repo.environ.update(
        GITHUB_API_URL=github.url, GITHUB_TOKEN=github.token(permissions, login="ada")
    )


def test_a_repository_as_it_should_be(repo: Repo, github: GitHubServer) -> None:
    on(github, repo, ADMIN)
    repo.aft(
        *("init", "--github", "acme/accounts", "--action", f"acme/aft@{COMMIT}"),
        *("--management-account", "223005401501"),
    )
    settings = github.state.settings
    settings.rules["main"] = [{**rule, "ruleset_id": 7} for rule in STRICT]
    settings.rulesets[7] = []
    settings.rules["aft/ledger"] = [
        {"type": name} for name in ("non_fast_forward", "deletion", "update")
    ]
    settings.sha_pinning_required = settings.actions_may_open_pulls = True
    settings.variables = {"AFT_PLAN_ROLE": "a", "AFT_APPLY_ROLE": "b"}
    for name in ("aft-plan", "aft-apply"):
        settings.environments[name] = Environment(
            name,
            branches=("main",),
            reviewers=("ada",),
            prevent_self_review=True,
            can_admins_bypass=False,
        )
    on(github, repo, {**ADMIN, "administration": "write"})
    code, found = checked(repo, "--github", "acme/accounts")
    of_github = list(found)[list(found).index("github") :]
    assert {name: found[name] for name in of_github if found[name] != "fine"} == {}
    assert code == 0
    assert all(line.startswith("GET ") for line in github.seen), "it only reads"
    settings.rulesets[7] = [
        {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
    ]
    assert checked(repo, "--github", "acme/accounts")[1]["branch-bypass"] == "warning"
    on(github, repo, ADMIN)
    assert checked(repo, "--github", "acme/accounts")[1]["branch-bypass"] == "not-checked"
    settings.variables["AFT_PREVIEW_ROLE"] = "c"
    settings.environments["aft-preview"] = Environment("aft-preview")
    assert checked(repo, "--github", "acme/accounts")[1]["environment-aft-preview"] == "wrong"
    plan = repo.root / ".github/workflows/plan.yml"
    plan.write_text(plan.read_text().replace("persist-credentials: false", ""))
    (repo.root / ".github/workflows/drift.yml").unlink()
    assert checked(repo, "--github", "acme/accounts")[1]["workflows"] in ("wrong", "warning")


def test_a_repository_as_github_makes_it(repo: Repo, github: GitHubServer) -> None:
    github.state.settings.workflow_permissions = "write"
    github.state.settings.secrets = ("AWS_SECRET_ACCESS_KEY",)
    on(github, repo, ADMIN)
    code, found = checked(repo, "--github", "acme/accounts")
    assert code == 1
    wrong = {name for name, verdict in found.items() if verdict == "wrong"}
    assert found["ledger-pushes"] == "warning"
    assert wrong == {
        "branch-rules",
        "ledger-branch",
        "environment-aft-plan",
        "environment-aft-apply",
        "token",
        "keys-in-secrets",
        "role-variables",
        "workflows",
    }
    assert found["trust"] == "not-checked"


def test_what_the_token_may_not_see_is_not_called_fine(repo: Repo, github: GitHubServer) -> None:
    on(github, repo, {})
    _, found = checked(repo, "--github", "acme/accounts")
    of_settings = ("actions", "token", "keys-in-secrets", "environment-aft-plan")
    for name in ("branch-rules", "ledger-branch", *of_settings):
        assert found[name] == "not-checked", name


INIT = (
    *("init", "--github", "acme/accounts", "--action", f"acme/aft@{COMMIT}"),
    *("--management-account", "223005401501"),
)
ROLES = "iam/aft-roles.cfn.yaml"


def trust_of(repo: Repo) -> tuple[str, str]:
    """The verdict on the trust of the file, and what it says."""
    checks = json.loads(repo.aft("doctor", "--json", "--github", "acme/accounts").out)["checks"]
    (found,) = (item for item in checks if item["id"] == "trust")
    return found["verdict"], found["says"]


def test_the_trust_is_compared_with_what_tokens_say(repo: Repo, github: GitHubServer) -> None:
    """Written for a repository that cannot be read yet, then by ids, then renamed, then moved."""
    made = repo.aft(*INIT, sandbox=False)
    assert "by its names alone" in made.err
    text = (repo.root / ROLES).read_text()
    assert "# NOTE: the trust names the repository without its ids" in text
    assert "repo:acme/accounts:environment:aft-apply" in text
    on(github, repo, ADMIN)
    verdict, says = trust_of(repo)
    assert verdict == "wrong"
    assert says == (
        f"{ROLES} trusts repo:acme/accounts; tokens of acme/accounts say "
        "repo:acme@123456/accounts@456789"
    )
    (repo.root / ROLES).unlink()
    assert "names alone" not in repo.aft(*INIT, sandbox=False).err
    text = (repo.root / ROLES).read_text()
    assert "repo:acme@123456/accounts@456789:environment:aft-apply" in text
    assert "NOTE" not in text
    assert "repo:acme/accounts" not in text
    assert trust_of(repo)[0] == "fine"

    github.state.rename("acme/accounts", owner_id=77)  # another organization took that name
    assert trust_of(repo)[0] == "wrong"
    github.state.owner_id = 123456
    github.state.settings.immutable_subject = False  # from before 2026-07-15
    assert trust_of(repo)[0] == "wrong"
    (repo.root / ROLES).unlink()
    assert "have no ids yet" in repo.aft(*INIT, sandbox=False).err
    (repo.root / ROLES).unlink()
    assert "have no ids yet" not in repo.aft(*INIT, "--trust-names", sandbox=False).err
    assert trust_of(repo)[0] == "warning", "whoever comes to have the names"
    github.state.settings.subject_keys = ("repository_owner", "job_workflow_ref")
    checks = checked(repo, "--github", "acme/accounts")[1]
    assert checks["trust-subject"] == "wrong"
    (repo.root / ROLES).unlink()
    made = repo.aft(*INIT, sandbox=False)
    assert made.code == 1
    assert "job_workflow_ref" in made.err


def test_what_is_deployed_is_compared_too(repo: Repo, github: GitHubServer) -> None:
    on(github, repo, ADMIN)
    repo.aft(*INIT, sandbox=False)
    with repo.sandbox() as sandbox:
        deploy_roles(sandbox, (repo.root / ROLES).read_text().replace("@456789", "@1"))
    found = checked(repo, "--github", "acme/accounts")[1]
    assert found["trust"] == "fine"
    assert found["trust-deployed"] == "wrong"
