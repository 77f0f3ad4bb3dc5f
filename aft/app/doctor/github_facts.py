"""The facts ``aft doctor --github`` judges: the repository's settings, and its workflow files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aft.app.doctor.aws_facts import look
from aft.clock import SystemClock
from aft.config.ledger_section import LedgerConfig
from aft.doctor.github import HubFacts
from aft.doctor.model import Unread
from aft.doctor.trust import Trusted, TrustFacts
from aft.github import settings
from aft.github.forge import GitHubContext
from aft.scaffold.roles import (
    APPLY_ENVIRONMENT,
    PLAN_ENVIRONMENT,
    PREVIEW_ENVIRONMENT,
    PREVIEW_VARIABLE,
    ROLES_PATH,
    TERRAFORM_PATH,
)
from aft.scaffold.workflows import OWN_ACTION, WORKFLOWS, shipped

PATIENCE_SECONDS = 60.0
_SUBJECT = re.compile(r"\brepo:[^\s\"',:]+(?=:environment:)")
"""The beginning of a subject, in CloudFormation and in Terraform."""
NO_ROLES: Trusted = {}
_BRANCHES = re.compile(r"(?m)^    branches: \[([^\[\]\n]+)\]$")
_ACTION = re.compile(r"(?m)^(\s*- uses: )\S+/\.github/actions/aft(?:@\S+)?$")


def hub_facts(
    environ: Mapping[str, str],
    repository: str,
    top: Path,
    *,
    ledger: LedgerConfig,
    deployed: Trusted = NO_ROLES,
) -> HubFacts:
    """What GitHub says of ``ORG/REPO``; ``top`` is its clone here, for the files; ``deployed`` what
    the roles trust, by their names. Raises ``UserError`` when the environment or the name is
    odd."""
    workflows = workflow_states(top)
    context = GitHubContext.read(environ, repository=repository)
    client = look(lambda: context.client(SystemClock(), patience=PATIENCE_SECONDS))
    if isinstance(client, Unread):
        return HubFacts(repository=client, workflows=workflows)
    found = look(lambda: settings.repository_settings(client))
    if isinstance(found, Unread):
        return HubFacts(repository=found, workflows=workflows)
    branch = found.default_branch
    variables = look(lambda: settings.variable_names(client))
    has_previews = not isinstance(variables, Unread) and PREVIEW_VARIABLE in variables
    names = (PLAN_ENVIRONMENT, APPLY_ENVIRONMENT, *([PREVIEW_ENVIRONMENT] if has_previews else ()))
    return HubFacts(
        repository=found,
        rules=look(lambda: settings.ruleset_rules(client, branch)),
        protection=look(lambda: settings.classic_protection(client, branch)),
        ledger=ledger.branch,
        is_signed=ledger.signing_key is not None,
        ledger_rules=look(lambda: settings.ruleset_rules(client, ledger.branch)),
        ledger_protection=look(lambda: settings.classic_protection(client, ledger.branch)),
        environments={name: look(partial(settings.environment, client, name)) for name in names},
        actions=look(lambda: settings.actions_settings(client)),
        permissions=look(lambda: settings.workflow_permissions(client)),
        secrets=look(lambda: settings.secret_names(client)),
        variables=variables,
        workflows=workflows,
        branches=workflow_branches(top),
        trust=TrustFacts(
            issuer=context.address.token_issuer,
            subject=look(lambda: settings.subject_settings(client)),
            files=_written(top),
            roles=deployed,
        ),
    )


def _written(top: Path) -> Trusted:
    """What the files of roles trust."""
    found: dict[str, tuple[str, ...] | Unread] = {}
    for path in (ROLES_PATH, TERRAFORM_PATH):
        try:
            text = (top / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        lines = (line for line in text.splitlines() if not line.lstrip().startswith(("#", "//")))
        found[path] = tuple(sorted(set(_SUBJECT.findall("\n".join(lines)))))
    return found


def workflow_branches(top: Path) -> tuple[str, ...]:
    """The branches that the repository's workflows start for."""
    found: set[str] = set()
    for name in WORKFLOWS:
        try:
            text = (top / ".github/workflows" / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        for names in _BRANCHES.findall(text):
            found.update(item.strip(" '\"") for item in names.split(","))
    return tuple(sorted(found))


def workflow_states(top: Path) -> Mapping[str, bool | None]:
    """Whether each workflow is as shipped, but for where it takes aft from and its branch."""
    states: dict[str, bool | None] = {}
    for name in WORKFLOWS:
        path = f".github/workflows/{name}"
        try:
            text = (top / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            states[path] = None
            continue
        ours = shipped(f"workflows/{name}").read_text(encoding="utf-8")
        usual = _BRANCHES.sub("    branches: [main]", text)
        states[path] = _ACTION.sub(rf"\g<1>{OWN_ACTION}", usual) == ours
    return states
