"""The rules of a branch, from rulesets (readable by all) and from classic branch protection."""

from __future__ import annotations

from collections.abc import Iterable

from aft.errors import NotFound
from aft.github.address import segment
from aft.github.answers import Answer
from aft.github.client import GitHubClient
from aft.github.settings import ADMINISTRATION, METADATA, BranchRules

_MOST = 500


def ruleset_rules(client: GitHubClient, branch: str) -> BranchRules:
    """What active rulesets, the organization's too, ask of a branch."""
    path = f"/rules/branches/{segment(branch)}"
    found: dict[str, list[Answer]] = {}
    for rule in client.pages(path, needs=METADATA, at_most=_MOST):
        parameters = rule.child_or_none("parameters") or Answer({}, rule.where)
        found.setdefault(rule.text("type"), []).append(parameters)
    reviews = found.get("pull_request", [])
    checks = found.get("required_status_checks", [])
    return BranchRules(
        requires_pull_request=bool(reviews),
        approvals=max(
            (_count(item, "required_approving_review_count") for item in reviews), default=0
        ),
        requires_code_owners=_any(reviews, "require_code_owner_review"),
        dismisses_stale_reviews=_any(reviews, "dismiss_stale_reviews_on_push"),
        requires_last_push_approval=_any(reviews, "require_last_push_approval"),
        required_checks=tuple(
            sorted({name for item in checks for name in _contexts(item, "required_status_checks")})
        ),
        requires_up_to_date=_any(checks, "strict_required_status_checks_policy"),
        requires_signatures="required_signatures" in found,
        blocks_force_pushes="non_fast_forward" in found,
        blocks_deletion="deletion" in found,
        # who may bypass is only in the ruleset itself
        binds_administrators=False,
    )


def classic_protection(client: GitHubClient, branch: str) -> BranchRules | None:
    """``None`` when the branch is not protected. Raises ``Denied`` without
    ``administration: read``."""
    try:
        answer = client.get(f"/branches/{segment(branch)}/protection", needs=ADMINISTRATION)
    except NotFound:
        return None
    reviews = answer.child_or_none("required_pull_request_reviews")
    checks = answer.child_or_none("required_status_checks")
    return BranchRules(
        requires_pull_request=reviews is not None,
        approvals=_count(reviews, "required_approving_review_count") if reviews else 0,
        requires_code_owners=_any([reviews], "require_code_owner_reviews"),
        dismisses_stale_reviews=_any([reviews], "dismiss_stale_reviews"),
        requires_last_push_approval=_any([reviews], "require_last_push_approval"),
        required_checks=_contexts(checks, "checks") if checks else (),
        requires_up_to_date=_any([checks], "strict"),
        requires_signatures=_enabled(answer, "required_signatures"),
        blocks_force_pushes=not _enabled(answer, "allow_force_pushes"),
        blocks_deletion=not _enabled(answer, "allow_deletions"),
        binds_administrators=_enabled(answer, "enforce_admins"),
    )


def _any(items: Iterable[Answer | None], key: str) -> bool:
    return any(item is not None and item.flag_or_none(key) is True for item in items)


def _count(item: Answer, key: str) -> int:
    return item.number(key) if key in item.values else 0


def _contexts(item: Answer, key: str) -> tuple[str, ...]:
    return tuple(check.text("context") for check in item.children(key))


def _enabled(answer: Answer, key: str) -> bool:
    found = answer.child_or_none(key)
    return found is not None and found.flag_or_none("enabled") is True
