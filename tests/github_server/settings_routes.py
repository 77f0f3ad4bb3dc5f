"""The repository and what its administrators chose."""

from __future__ import annotations

from . import shapes
from .answers import Answer, Refusal
from .model import Environment
from .routing import Call, Route, route


def _repository(call: Call) -> Answer:
    settings = call.state.settings
    owner, _, name = call.state.repository.partition("/")
    return Answer(
        {
            "id": call.state.repository_id,
            "name": name,
            "full_name": call.state.repository,
            "owner": {"id": call.state.owner_id, "login": owner, "type": "Organization"},
            "private": settings.private,
            "visibility": "private" if settings.private else "public",
            "default_branch": settings.default_branch,
            "fork": False,
            "archived": False,
            # only shown to those who may push
            **(
                {
                    "allow_merge_commit": settings.allow_merge_commit,
                    "allow_squash_merge": settings.allow_squash_merge,
                    "allow_rebase_merge": settings.allow_rebase_merge,
                }
                if call.token and call.token.may("contents", "write")
                else {}
            ),
        }
    )


def _branch(call: Call) -> Answer:
    name = call.names["branch"]
    sha = call.git.branch(name)
    if not sha:
        raise Refusal(404, "Branch not found")
    settings = call.state.settings
    protected = name in settings.protection or bool(settings.rules.get(name))
    return Answer({"name": name, "commit": {"sha": sha}, "protected": protected})


def _protection(call: Call) -> Answer:
    protection = call.state.settings.protection.get(call.names["branch"])
    if protection is None:
        raise Refusal(404, "Branch not protected")
    return Answer(dict(protection))


def _rules(call: Call) -> Answer:
    return call.page(call.state.settings.rules.get(call.names["branch"], []))


def _ruleset(call: Call) -> Answer:
    """``bypass_actors`` is shown to who may change the ruleset."""
    number = int(call.names["number"])
    if number not in call.state.settings.rulesets:
        raise Refusal(404, "Not Found")
    body = {"id": number, "enforcement": "active", "target": "branch"}
    if call.token and call.token.may("administration", "write"):
        body["bypass_actors"] = call.state.settings.rulesets[number]
    return Answer(body)


def _environments(call: Call) -> Answer:
    found = call.state.settings.environments.values()
    return call.page([shapes.environment(item) for item in found], "environments")


def _environment(call: Call) -> Environment:
    found = call.state.settings.environments.get(call.names["name"])
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _get_environment(call: Call) -> Answer:
    return Answer(shapes.environment(_environment(call)))


def _branch_policies(call: Call) -> Answer:
    branches = _environment(call).branches
    if not isinstance(branches, tuple):
        raise Refusal(404, "Not Found")
    bodies = [{"id": 1, "name": name, "type": "branch"} for name in branches]
    return call.page(bodies, "branch_policies")


def _actions(call: Call) -> Answer:
    settings = call.state.settings
    body: dict[str, object] = {"enabled": settings.actions_enabled}
    if settings.actions_enabled:
        body["allowed_actions"] = settings.allowed_actions
    if settings.sha_pinning_required is not None:
        body["sha_pinning_required"] = settings.sha_pinning_required
    return Answer(body)


def _workflow_permissions(call: Call) -> Answer:
    settings = call.state.settings
    return Answer(
        {
            "default_workflow_permissions": settings.workflow_permissions,
            "can_approve_pull_request_reviews": settings.actions_may_open_pulls,
        }
    )


def _subject(call: Call) -> Answer:
    """An Enterprise Server tells only whether the default is used."""
    settings = call.state.settings
    body: dict[str, object] = {"use_default": not settings.subject_keys}
    if settings.subject_keys:
        body["include_claim_keys"] = list(settings.subject_keys)
    if call.state.has_ids:
        body["use_immutable_subject"] = settings.immutable_subject
        body["sub_claim_prefix"] = call.state.subject_prefix
    return Answer(body)


def _secrets(call: Call) -> Answer:
    """Names and dates, never values."""
    return call.page([{"name": name} for name in call.state.settings.secrets], "secrets")


def _variables(call: Call) -> Answer:
    found = call.state.settings.variables
    return call.page([{"name": name, "value": value} for name, value in found.items()], "variables")


ROUTES: tuple[Route, ...] = (
    route("GET", "", _repository, "metadata=read"),
    route("GET", "/branches/{branch*}/protection", _protection, "administration=read"),
    route("GET", "/branches/{branch*}", _branch, "contents=read"),
    route("GET", "/rules/branches/{branch*}", _rules, "metadata=read"),
    route("GET", "/rulesets/{number}", _ruleset, "metadata=read"),
    route("GET", "/environments", _environments, "actions=read"),
    route(
        "GET",
        "/environments/{name}/deployment-branch-policies",
        _branch_policies,
        "actions=read",
    ),
    route("GET", "/environments/{name}", _get_environment, "actions=read"),
    route("GET", "/actions/secrets", _secrets, "secrets=read"),
    route("GET", "/actions/variables", _variables, "variables=read"),
    route("GET", "/actions/oidc/customization/sub", _subject, "actions=read"),
    route("GET", "/actions/permissions", _actions, "administration=read"),
    route("GET", "/actions/permissions/workflow", _workflow_permissions, "administration=read"),
)
