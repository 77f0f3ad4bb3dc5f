"""What administrators chose for the repository; for ``aft doctor``.

Each reader is independent, so that a token which may not read one thing still tells the others:
classic branch protection and Actions settings need ``administration: read``, which a workflow's
own token never has. Rules of rulesets and environments are readable with less.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aft.errors import NotFound
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient

METADATA = "metadata: read"
ACTIONS = "actions: read"
ADMINISTRATION = "administration: read"
_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """The repository itself. The ids stay when it is renamed; the owner's changes with a
    transfer."""

    name: str
    default_branch: str
    is_private: bool
    owner_id: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSettings:
    """What the subject of its jobs' tokens is made of. ``prefix`` is how it begins, empty where the
    server does not say it. ``claims``: what an administrator put in place of the default."""

    prefix: str = ""
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRules:
    """What must be so before a branch changes, and whether only listed people and apps may push it
    (``restricts_pushes``); the stricter where several rules apply. ``checks`` are the names of
    those that must pass. ``binds_administrators``: ``None`` where it is not said. ``bypassed_by``:
    whom the rules do not bind, in words; ``None`` where GitHub does not show it, because only who
    may change a ruleset sees that of it. ``rewritten_by`` and ``pushed_by`` are the same of the
    rules against force pushes and deletion, and of those that restrict pushes."""

    requires_pull_request: bool = False
    approvals: int = 0
    requires_code_owners: bool = False
    dismisses_stale_reviews: bool = False
    requires_last_push_approval: bool = False
    checks: tuple[str, ...] = ()
    binds_administrators: bool | None = None
    blocks_force_pushes: bool = False
    blocks_deletion: bool = False
    bypassed_by: tuple[str, ...] | None = ()
    restricts_pushes: bool = False
    rewritten_by: tuple[str, ...] | None = ()
    pushed_by: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """``branches``: names of branches or patterns that may deploy, none when every protected branch
    may; ``any_branch`` without a rule. ``prevents_self_review``: who started a job may not approve
    it."""

    any_branch: bool
    branches: tuple[str, ...]
    reviewers: tuple[str, ...]
    prevents_self_review: bool = False
    administrators_may_bypass: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsSettings:
    """``requires_pinned_actions``: ``None`` where the server does not know that setting."""

    is_enabled: bool
    requires_pinned_actions: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPermissions:
    """``default`` is ``read`` or ``write``."""

    default: str
    may_open_pull_requests: bool


def repository_settings(client: GitHubClient) -> RepositorySettings:
    """The repository itself. Raises ``NotFound`` also when the token may not see it."""
    answer = client.get("", needs=METADATA)
    return RepositorySettings(
        name=answer.text("full_name"),
        default_branch=answer.text("default_branch"),
        is_private=answer.flag("private"),
        owner_id=answer.child("owner").number("id"),
        id=answer.number("id"),
    )


def subject_settings(client: GitHubClient) -> SubjectSettings:
    """What its tokens say. Raises ``Denied`` without ``actions: read``, ``NotFound`` where the
    server does not know such settings."""
    answer = client.get("/actions/oidc/customization/sub", needs=ACTIONS)
    is_default = answer.flag_or_none("use_default") is not False
    return SubjectSettings(
        prefix=answer.text_or("sub_claim_prefix"),
        claims=() if is_default else answer.texts("include_claim_keys") or ("of its owner",),
    )


def actions_settings(client: GitHubClient) -> ActionsSettings:
    """Which actions may run. Raises ``Denied`` without ``administration: read``."""
    answer = client.get("/actions/permissions", needs=ADMINISTRATION)
    return ActionsSettings(
        is_enabled=answer.flag("enabled"),
        requires_pinned_actions=answer.flag_or_none("sha_pinning_required"),
    )


def workflow_permissions(client: GitHubClient) -> WorkflowPermissions:
    """What a workflow's token may when the workflow does not say. Raises ``Denied`` as above."""
    answer = client.get("/actions/permissions/workflow", needs=ADMINISTRATION)
    return WorkflowPermissions(
        default=answer.text("default_workflow_permissions"),
        may_open_pull_requests=answer.flag("can_approve_pull_request_reviews"),
    )


def environment(client: GitHubClient, name: str) -> EnvironmentSettings | None:
    """``None`` when there is none of that name."""
    path = f"/environments/{segment(name)}"
    try:
        answer = client.get(path, needs=ACTIONS)
    except NotFound:
        return None
    policy = answer.child_or_none("deployment_branch_policy")
    branches: tuple[str, ...] = ()
    if policy is not None and policy.flag_or_none("custom_branch_policies"):
        policies = f"{path}/deployment-branch-policies"
        pages = client.pages(policies, needs=ACTIONS, key="branch_policies", at_most=_MOST)
        branches = tuple(item.text("name") for item in pages)
    rules = answer.children("protection_rules")
    return EnvironmentSettings(
        any_branch=policy is None,
        branches=branches,
        prevents_self_review=any(rule.flag_or_none("prevent_self_review") for rule in rules),
        administrators_may_bypass=answer.flag_or_none("can_admins_bypass") is not False,
        reviewers=tuple(
            name
            for rule in rules
            if rule.text_or("type") == "required_reviewers"
            for name in _reviewers(rule)
        ),
    )


def _reviewers(rule: Answer) -> tuple[str, ...]:
    """Logins of people, slugs of teams."""
    return tuple(
        person.text_or("login") or person.text_or("slug")
        for entry in rule.children("reviewers")
        if (person := entry.child_or_none("reviewer")) is not None
    )


# --- the rules of a branch ----------------------------------------------------------------------


def ruleset_rules(client: GitHubClient, branch: str) -> BranchRules:
    """What active rulesets, the organization's too, ask of a branch."""
    path = f"/rules/branches/{segment(branch)}"
    found: dict[str, list[Answer]] = {}
    rulesets: dict[str, set[int]] = {}
    for rule in client.pages(path, needs=METADATA, at_most=_MOST):
        parameters = rule.child_or_none("parameters") or Answer({}, rule.where)
        found.setdefault(rule.text("type"), []).append(parameters)
        if "ruleset_id" in rule.values:
            rulesets.setdefault(rule.text("type"), set()).add(rule.number("ruleset_id"))
    everyone = sorted(frozenset[int]().union(*rulesets.values()))
    passing = {number: _bypassed_by(client, number) for number in everyone}

    def past(*rules: str) -> tuple[str, ...] | None:
        of_each = ([passing[number] for number in rulesets.get(rule, ())] for rule in rules)
        return _together(map(_past_all, of_each))

    reviews = found.get("pull_request", [])
    checks = [
        check.text_or("context")
        for item in found.get("required_status_checks", [])
        for check in item.children("required_status_checks")
    ]
    return BranchRules(
        requires_pull_request=bool(reviews),
        approvals=max(map(_approvals, reviews), default=0),
        requires_code_owners=_any(reviews, "require_code_owner_review"),
        dismisses_stale_reviews=_any(reviews, "dismiss_stale_reviews_on_push"),
        requires_last_push_approval=_any(reviews, "require_last_push_approval"),
        checks=tuple(sorted(set(checks))),
        blocks_force_pushes="non_fast_forward" in found,
        blocks_deletion="deletion" in found,
        bypassed_by=_together(passing.values()),
        restricts_pushes="update" in found,
        rewritten_by=past("non_fast_forward", "deletion"),
        pushed_by=past("update"),
    )


_ROLES = {1: "read", 2: "maintain", 3: "triage", 4: "write", 5: "admin"}
"""GitHub's own roles by the number that rulesets name them with."""
_ACTORS = {
    "OrganizationAdmin": "administrators of the organization",
    "EnterpriseOwner": "owners of the enterprise",
    "DeployKey": "deploy keys",
    "RepositoryRole": "role",
    "Integration": "app",
    "Team": "team",
}


def _bypassed_by(client: GitHubClient, ruleset: int) -> tuple[str, ...] | None:
    """Whom the ruleset lets by; an organization's rulesets are asked for in the same way."""
    try:
        answer = client.get(f"/rulesets/{ruleset}", needs=METADATA)
    except NotFound:
        return None
    if "bypass_actors" not in answer.values:
        return None
    return tuple(sorted(_actor(item) for item in answer.children("bypass_actors")))


def _together(found: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """All of them; ``None`` where one is not shown."""
    names: set[str] = set()
    for some in found:
        if some is None:
            return None
        names.update(some)
    return tuple(sorted(names))


def _past_all(found: Collection[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Who passes every one of several rulesets that have the same rule."""
    if not found or () in found:
        return ()
    known = [frozenset(some) for some in found if some is not None]
    return None if len(known) < len(found) else tuple(sorted(frozenset.intersection(*known)))


def _actor(item: Answer) -> str:
    """In words; what GitHub may add later keeps GitHub's word."""
    kind = item.text("actor_type")
    words = _ACTORS.get(kind, kind)
    if kind in ("RepositoryRole", "Integration", "Team"):
        number = item.number("actor_id")
        words = f"{words} {_ROLES.get(number, number) if kind == 'RepositoryRole' else number}"
    is_partly = item.text_or("bypass_mode") == "pull_request"
    return f"{words} (by merging pull requests)" if is_partly else words


def classic_protection(client: GitHubClient, branch: str) -> BranchRules | None:
    """``None`` when the branch is not protected. Raises ``Denied`` without
    ``administration: read``."""
    try:
        answer = client.get(f"/branches/{segment(branch)}/protection", needs=ADMINISTRATION)
    except NotFound:
        return None
    reviews = answer.child_or_none("required_pull_request_reviews")
    restrictions = answer.child_or_none("restrictions")
    binds_administrators = _enabled(answer, "enforce_admins")
    free = () if binds_administrators else ("administrators of the repository",)
    asked = [reviews] if reviews is not None else []
    checks = answer.child_or_none("required_status_checks")
    return BranchRules(
        requires_pull_request=reviews is not None,
        approvals=_approvals(reviews) if reviews else 0,
        requires_code_owners=_any(asked, "require_code_owner_reviews"),
        dismisses_stale_reviews=_any(asked, "dismiss_stale_reviews"),
        requires_last_push_approval=_any(asked, "require_last_push_approval"),
        checks=tuple(sorted(item.text_or("context") for item in checks.children("checks")))
        if checks is not None
        else (),
        binds_administrators=binds_administrators,
        blocks_force_pushes=not _enabled(answer, "allow_force_pushes"),
        blocks_deletion=not _enabled(answer, "allow_deletions"),
        restricts_pushes=restrictions is not None,
        bypassed_by=_allowed_past(reviews) if reviews is not None else (),
        rewritten_by=free,
        pushed_by=(*_listed(restrictions), *free) if restrictions is not None else (),
    )


def _allowed_past(reviews: Answer) -> tuple[str, ...]:
    """Who may push without a pull request."""
    allowed = reviews.child_or_none("bypass_pull_request_allowances")
    return _listed(allowed) if allowed is not None else ()


def _listed(allowed: Answer) -> tuple[str, ...]:
    keys = {"users": "login", "teams": "slug", "apps": "slug"}
    return tuple(
        f"{kind.removesuffix('s')} {item.text(key)}"
        for kind, key in keys.items()
        for item in allowed.children(kind)
    )


def _any(reviews: Iterable[Answer], key: str) -> bool:
    return any(item.flag_or_none(key) is True for item in reviews)


def _approvals(reviews: Answer) -> int:
    key = "required_approving_review_count"
    return reviews.number(key) if key in reviews.values else 0


def _enabled(answer: Answer, key: str) -> bool:
    found = answer.child_or_none(key)
    return found is not None and found.flag_or_none("enabled") is True


# --- names of secrets and variables, never their values ------------------------------------------


def secret_names(client: GitHubClient) -> tuple[str, ...]:
    """Names of its secrets for Actions. Raises ``Denied`` without ``secrets: read``."""
    return _names(client, "secrets")


def variable_names(client: GitHubClient) -> tuple[str, ...]:
    """Names of its variables. Raises ``Denied`` without ``variables: read``."""
    return _names(client, "variables")


def _names(client: GitHubClient, key: str) -> tuple[str, ...]:
    pages = client.pages(f"/actions/{key}", needs=f"{key}: read", key=key, at_most=_MOST)
    return tuple(item.text("name") for item in pages)
