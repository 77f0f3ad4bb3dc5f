"""The repository on GitHub: what keeps the two roles out of a stranger's hands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aft.doctor.model import NOT_LOOKED_AT, Check, Unread, fine, unknown, warning, wrong
from aft.doctor.trust import TrustFacts, check_trust
from aft.github.settings import (
    ActionsSettings,
    BranchRules,
    EnvironmentSettings,
    RepositorySettings,
    WorkflowPermissions,
)

_KEYS = re.compile(r"(?i)aws.*(access_?key|secret)|^aws_session_token$")
PLAN_CHECK, PLAN_JOB = "aft/plan", "plan"
"""What plan.yml says on the head of every pull request, and its job, which a pull request of the
issue form has not."""
ROLE_VARIABLES = ("AFT_PLAN_ROLE", "AFT_APPLY_ROLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFacts:
    """``ledger`` is the ledger's branch, ``is_signed`` whether its heads are. ``environments`` by
    name, ``None`` where there is none. ``workflows`` by path: whether the file is as shipped,
    ``None`` where there is none. ``branches`` are those that workflows start for."""

    repository: RepositorySettings | Unread
    rules: BranchRules | Unread = NOT_LOOKED_AT
    protection: BranchRules | Unread | None = NOT_LOOKED_AT
    ledger: str = ""
    is_signed: bool = False
    ledger_rules: BranchRules | Unread = NOT_LOOKED_AT
    ledger_protection: BranchRules | Unread | None = NOT_LOOKED_AT
    environments: Mapping[str, EnvironmentSettings | Unread | None] = field(default_factory=dict)
    actions: ActionsSettings | Unread = NOT_LOOKED_AT
    permissions: WorkflowPermissions | Unread = NOT_LOOKED_AT
    secrets: tuple[str, ...] | Unread = NOT_LOOKED_AT
    variables: tuple[str, ...] | Unread = NOT_LOOKED_AT
    workflows: Mapping[str, bool | None] = field(default_factory=dict)
    branches: tuple[str, ...] = ()
    trust: TrustFacts = field(default_factory=TrustFacts)


def _default_branch(branch: str, named: tuple[str, ...]) -> Check:
    if set(named) <= {branch}:
        return fine("default-branch", f"the default branch is {branch}")
    others = " and ".join(name for name in named if name != branch)
    return wrong(
        "default-branch",
        f"the default branch is {branch}, but workflows are for {others}",
        "rename the branch, or change it in the workflows (`branches:`), in the environments' "
        "rules and in the roles (`ref:refs/heads/…`)",
    )


def check_hub(facts: HubFacts) -> Iterator[Check]:
    """Every check of the repository on GitHub."""
    found = facts.repository
    if isinstance(found, Unread):
        yield wrong(
            "github",
            f"the repository cannot be read: {found.why}",
            "check ORG/REPO, and set AFT_GITHUB_TOKEN to a token that may read it",
        )
        return
    yield fine("github", f"{found.name}, {'private' if found.is_private else 'public'}")
    yield _default_branch(found.default_branch, facts.branches)
    yield from _branch(facts, found.default_branch)
    yield from _bypass(facts, found.default_branch)
    if facts.ledger:
        yield from _ledger(facts)
    yield from _environments(facts.environments, found.default_branch)
    yield from _actions(facts)
    yield from _names(facts)
    yield from _workflows(facts.workflows)
    yield from check_trust(facts.trust, found)


def _branch(facts: HubFacts, branch: str) -> Iterator[Check]:
    known = [item for item in (facts.rules, facts.protection) if isinstance(item, BranchRules)]
    unread = next((i for i in (facts.rules, facts.protection) if isinstance(i, Unread)), None)
    wanted = (
        ("pull requests", [item.requires_pull_request for item in known], True),
        ("an approval", [item.approvals > 0 for item in known], True),
        (
            "that a push dismisses approvals",
            [item.dismisses_stale_reviews for item in known],
            True,
        ),
        (
            "an approval of the last push by someone else",
            [item.requires_last_push_approval for item in known],
            True,
        ),
        ("reviews of code owners", [item.requires_code_owners for item in known], False),
        (
            f"the check {PLAN_CHECK}",
            [not {PLAN_CHECK, PLAN_JOB}.isdisjoint(item.checks) for item in known],
            False,
        ),
        ("it of administrators, too", [_binds_administrators(facts)], False),
        ("no force pushes", [item.blocks_force_pushes for item in known], True),
        ("no deletion", [item.blocks_deletion for item in known], False),
    )
    needed = [name for name, has, is_needed in wanted if is_needed and not any(has)]
    better = [name for name, has, is_needed in wanted if not is_needed and not any(has)]
    remedy = f"require it in a ruleset for {branch} (Settings, Rules)"
    if not needed and not better:
        yield fine("branch-rules", f"{branch} is protected")
    elif unread is not None:
        yield unknown("branch-rules", f"whether {branch} is protected enough", unread)
    else:
        if needed:
            says = f"{branch} does not require {', '.join(needed)}"
            yield wrong("branch-rules", says, remedy)
        if better:
            says = f"{branch} does not require {', '.join(better)}"
            yield warning("branch-rules-more", says, remedy)


def _bypass(facts: HubFacts, branch: str) -> Iterator[Check]:
    """Whom the rules of the branch do not bind. What a classic protection still asks, a ruleset
    that can be bypassed need not; the stricter of two applies."""
    rules = [item for item in (facts.rules, facts.protection) if isinstance(item, BranchRules)]
    asking = [item for item in rules if item.requires_pull_request]
    if not asking or any(item.bypassed_by == () for item in asking):
        return
    hidden = "GitHub shows it only to someone who may change the rules"
    known = [item.bypassed_by for item in asking if item.bypassed_by is not None]
    if not known:
        yield unknown("branch-bypass", f"who can bypass the rules of {branch}", Unread(hidden))
        return
    names = ", ".join(sorted({name for found in known for name in found}))
    yield warning(
        "branch-bypass",
        f"the rules of {branch} do not bind: {names}",
        "empty the bypass list of the ruleset (Settings, Rules)",
    )


def _binds_administrators(facts: HubFacts) -> bool:
    """Rulesets bind everyone but those that they list (see ``_bypass``)."""
    classic, rules = facts.protection, facts.rules
    by_ruleset = isinstance(rules, BranchRules) and rules.requires_pull_request
    return by_ruleset or (isinstance(classic, BranchRules) and bool(classic.binds_administrators))


def _ledger(facts: HubFacts) -> Iterator[Check]:
    """Who may rewrite the ledger, and who may write it at all."""
    sources, branch = (facts.ledger_rules, facts.ledger_protection), facts.ledger
    known = [item for item in sources if isinstance(item, BranchRules)]
    unread = next((item for item in sources if isinstance(item, Unread)), None)
    open_to = [
        name
        for name, closed in (
            ("force pushes", [item.blocks_force_pushes for item in known]),
            ("deletion", [item.blocks_deletion for item in known]),
        )
        if not any(closed)
    ]
    if open_to and unread is not None:
        yield unknown("ledger-branch", f"whether {branch} can be rewritten", unread)
    elif open_to:
        yield wrong(
            "ledger-branch",
            f"{branch} is open to {' and '.join(open_to)}",
            f"block both in a ruleset for {branch} (Settings, Rules)",
        )
    else:
        yield fine("ledger-branch", f"{branch} can be neither rewritten nor deleted")
    yield from _ledger_bypass(known, branch)
    if any(item.requires_pull_request for item in known):
        yield wrong(
            "ledger-pull-requests",
            f"{branch} requires pull requests, and applies push to it",
            f"leave {branch} out of the ruleset that requires them",
        )
    if facts.is_signed:
        yield fine("ledger-pushes", f"{branch} is signed")
    elif any(item.restricts_pushes for item in known):
        pushing = [item.pushed_by for item in known if item.restricts_pushes]
        names = ", ".join(sorted({name for some in pushing for name in some or ()}))
        only = f": {names}" if names else ""
        yield fine("ledger-pushes", f"not everyone who can write may push {branch}{only}")
    elif unread is not None:
        yield unknown("ledger-pushes", f"who may push {branch}", unread)
    else:
        yield warning(
            "ledger-pushes",
            f"everyone who can write to the repository may push {branch}, also workflows on "
            "branches",
            "sign the ledger (ledger.signing_key in aft.yaml), or restrict updates in a ruleset to "
            "the app that pushes it",
        )


def _ledger_bypass(known: Iterable[BranchRules], branch: str) -> Iterator[Check]:
    """Who may rewrite or delete the ledger all the same; the stricter of two applies."""
    guarding = [item for item in known if item.blocks_force_pushes and item.blocks_deletion]
    if not guarding or any(item.rewritten_by == () for item in guarding):
        return
    shown = [item.rewritten_by for item in guarding if item.rewritten_by is not None]
    if not shown:
        hidden = "GitHub shows it only to someone who may change the rules"
        yield unknown("ledger-bypass", f"who can rewrite {branch} all the same", Unread(hidden))
        return
    names = ", ".join(sorted({name for some in shown for name in some}))
    yield warning(
        "ledger-bypass",
        f"the rules against rewriting and deleting {branch} do not bind: {names}",
        "block force pushes and deletion in a separate ruleset, with an empty bypass list: the app "
        "that pushes the ledger needs neither",
    )


def _environments(
    environments: Mapping[str, EnvironmentSettings | Unread | None], branch: str
) -> Iterator[Check]:
    for name, found in environments.items():
        check = f"environment-{name}"
        if isinstance(found, Unread):
            yield unknown(check, f"the environment {name}", found)
        elif found is None:
            yield wrong(
                check,
                f"there is no environment {name}: it is open, because GitHub makes it for the "
                "first job that names it, without rules, on any branch",
                f"make it for the branch {branch} alone, before the roles (Settings, Environments)",
            )
        elif found.any_branch or set(found.branches) != {branch}:
            which = "any branch" if found.any_branch else ", ".join(found.branches)
            which = which or "every protected branch"
            yield wrong(
                check,
                f"{name} is open to {which}: a workflow there gets the role",
                f"let in the branch {branch} alone (Settings, Environments, {name})",
            )
        elif name.endswith("apply") and not found.reviewers:
            yield warning(
                check,
                f"{name} is for {branch} only, and an apply needs no approval",
                "add reviewers, unless the review of the pull request is approval enough",
            )
        else:
            yield fine(check, f"{name} is for {branch} alone")
        if isinstance(found, EnvironmentSettings):
            yield from _weak_spots(name, found)


def _weak_spots(name: str, found: EnvironmentSettings) -> Iterator[Check]:
    """Who gets past the rules of an environment that has them."""
    if found.administrators_may_bypass and not found.any_branch:
        yield warning(
            f"bypass-{name}",
            f"administrators of the repository can bypass the rules of {name}",
            f"switch it off (Settings, Environments, {name}, Allow administrators to bypass)",
        )
    if found.reviewers and not found.prevents_self_review:
        yield warning(
            f"self-review-{name}",
            f"{name} lets people approve the jobs they started",
            f"prevent self-review (Settings, Environments, {name})",
        )


def _actions(facts: HubFacts) -> Iterator[Check]:
    if isinstance(facts.actions, Unread):
        yield unknown("actions", "settings of Actions", facts.actions)
    elif not facts.actions.is_enabled:
        yield wrong("actions", "Actions are switched off", "switch them on (Settings, Actions)")
    elif facts.actions.requires_pinned_actions is False:
        yield warning(
            "actions",
            "actions need not be pinned to a full commit id",
            "require it (Settings, Actions, General); the shipped workflows are",
        )
    else:
        yield fine("actions", "Actions are on, and pinned")
    if isinstance(facts.permissions, Unread):
        yield unknown("token", "default permissions of workflow tokens", facts.permissions)
        return
    if facts.permissions.default == "read":
        yield fine("token", "workflow tokens read unless a workflow says otherwise")
    else:
        yield wrong(
            "token",
            "workflow tokens may write unless a workflow says otherwise",
            "Settings, Actions, General, Workflow permissions: read",
        )
    if facts.permissions.may_open_pull_requests:
        yield fine("pull-requests", "workflows may open pull requests")
    else:
        yield warning(
            "pull-requests",
            "workflows are not allowed to open pull requests, so requests by issue end at a branch",
            "Settings, Actions, General: allow Actions to create pull requests",
        )


def _names(facts: HubFacts) -> Iterator[Check]:
    listed: list[str] = []
    for kind, names in (("secrets", facts.secrets), ("variables", facts.variables)):
        if isinstance(names, Unread):
            yield unknown(f"keys-in-{kind}", f"names of {kind}", names)
            continue
        listed += names
        found = sorted(name for name in names if _KEYS.search(name))
        if found:
            yield wrong(
                f"keys-in-{kind}",
                f"the {kind} hold long-lived AWS keys: {', '.join(found)}",
                "delete them there and in IAM; the workflows use OIDC",
            )
        else:
            yield fine(f"keys-in-{kind}", f"no AWS keys among the {kind}")
    if not isinstance(facts.variables, Unread):
        lacking = [name for name in ROLE_VARIABLES if name not in listed]
        if lacking:
            yield wrong(
                "role-variables",
                f"not set: {', '.join(lacking)}",
                "set them to the outputs of iam/aft-roles.cfn.yaml (Settings, Variables)",
            )
        else:
            yield fine("role-variables", "the roles are set")


def _workflows(workflows: Mapping[str, bool | None]) -> Iterator[Check]:
    missing = [path for path, found in workflows.items() if found is None]
    changed = [path for path, found in workflows.items() if found is False]
    if missing:
        yield wrong(
            "workflows",
            f"not there: {', '.join(missing)}",
            "aft init --github writes what is missing",
        )
    if changed:
        yield warning(
            "workflows",
            f"not as this version ships them: {', '.join(changed)}",
            "move them away and run aft init --github, unless you mean them so",
        )
    if not missing and not changed:
        yield fine("workflows", "the workflows are those of this version")
