"""Trust that is wider than it looks, in roles that change something: any branch of a repository,
every principal of an account. Pure.

GitHub (About security hardening with OpenID Connect): the subject of a token is
``repo:OWNER@ID/NAME@ID:`` (of older repositories without ids, and on Enterprise Server), and the
job's environment, else ``pull_request``, else its ref. All but the
environment are chosen by everyone who may push a branch; an environment that no rule protects is
made by the first job that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from typing import Any

from aft.baselines.model import Caution
from aft.policy_language.documents import as_list
from aft.settings.iam_roles.parameters import IamRolesParameters, OidcTrust, RoleParameters

ANY_BRANCH, WHOLE_ACCOUNT = "AFT515", "AFT516"
_GITHUB = re.compile(
    r"token\.actions\.(githubusercontent|[A-Za-z0-9-]+\.ghe)\.com(/.*)?|[^/]+/_services/token"
)
"""Issuers: github.com and GHE.com, also for one enterprise, and Enterprise Server."""
_UNKNOWN = "aft-unknown"
_OPEN = (
    "pull_request",
    f"environment:{_UNKNOWN}",
    f"ref:refs/heads/{_UNKNOWN}",
    f"ref:refs/tags/{_UNKNOWN}",
)
"""Ends of subjects that a writer of the repository can have at once."""
_READS = re.compile(r"(Batch)?(Describe|Get|List|Lookup|Query|Scan|Search|Select|View)[A-Za-z*?]*")
_READING_POLICY = re.compile(r".*(ReadOnly|ReadOnlyAccess|ViewOnlyAccess)|SecurityAudit")


def cautions_of(parameters: IamRolesParameters) -> Iterator[Caution]:
    """What to look at again before it is merged."""
    for index, role in enumerate(parameters.roles):
        if not changes_something(role):
            continue
        at = ("roles", index, "trust")
        for place, item in enumerate(role.trust.oidc):
            for number, subject in enumerate(item.subjects):
                if is_open(item, subject):
                    yield Caution(
                        code=ANY_BRANCH,
                        loc=(*at, "oidc", place, "subjects", number),
                        message=f"role {role.name} can change the account, and {subject!r} lets "
                        "in more than one reviewed workflow",
                        hint="name an environment, such as "
                        "repo:acme@ID/web-shop@ID:environment:production, and protect it",
                    )
        if role.trust.accounts and not (role.trust.roles or role.trust.external_id):
            yield Caution(
                code=WHOLE_ACCOUNT,
                loc=(*at, "accounts"),
                message=f"role {role.name} can change the account, and every principal of "
                f"{', '.join(role.trust.accounts)} that may assume roles can assume it",
                hint="name the roles in these accounts: `roles: [deploy]`",
            )


def is_open(trust: OidcTrust, subject: str) -> bool:
    """More than one branch, environment or repository fits ``subject``."""
    if _GITHUB.fullmatch(trust.provider.removeprefix("https://")) is None:
        return subject.rpartition(":")[2].strip("*?") == ""
    kind, _, rest = subject.partition(":")
    repository, _, end = rest.partition(":")
    if _has_wildcard(kind) or _has_wildcard(repository):
        return True
    fits = re.compile(translate(end.replace("[", "[[]"))).fullmatch
    return any(fits(item) for item in _OPEN)


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def changes_something(role: RoleParameters) -> bool:
    """A policy of it does more than read, as far as its name or its text says."""
    names = (name.rpartition("/")[2] for name in role.managed_policies)
    if any(_READING_POLICY.fullmatch(name) is None for name in names):
        return True
    return any(_writes(policy) for policy in role.inline_policies.values())


def _writes(policy: Mapping[str, Any]) -> bool:
    for statement in as_list(policy.get("Statement")):
        if not isinstance(statement, Mapping) or statement.get("Effect") == "Deny":
            continue
        actions = as_list(statement.get("Action"))
        if "NotAction" in statement or not all(map(_is_read, map(str, actions))):
            return True
    return False


def _is_read(action: str) -> bool:
    return _READS.fullmatch(action.partition(":")[2]) is not None
