"""Who gains power when roles are changed: by a new role, a wider trust, wider policies. Pure.

Documents are compared by what they allow (``policy_language.compare.wider``), so that the same in
other words is no change. What a managed policy allows is not known here: one more counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aft.baselines.model import Power, SettingInputs
from aft.errors import Terminal
from aft.policy_language.compare import Verdict, wider
from aft.policy_language.documents import NotAPolicy
from aft.policy_language.policy import Policy, policy_of_text
from aft.policy_language.principals import Principal
from aft.settings.iam_roles.parameters import RoleParameters, Trust
from aft.settings.iam_roles.trust import trust_policy

Inputs = SettingInputs[Any]


def powers_of(
    role: RoleParameters, before: RoleParameters | None, inputs: Inputs, members: frozenset[str]
) -> Iterator[Power]:
    """What the role gives that it did not give ``before``; ``None`` for a role that is new."""
    what = f"role {role.name}"
    if before is None or _is_wider_trust(role, before, inputs):
        for who in _outsiders(role.trust, before.trust if before is not None else None, members):
            yield Power(what=what, gains=f"{who} may assume it", is_outside=True)
        news = f"new, {_policies(role)}" if before is None else "more may assume it"
        yield Power(what=what, gains=news)
    if before is None:
        return
    added = [name for name in role.managed_policies if name not in before.managed_policies]
    yield from (Power(what=what, gains=f"policy {name}") for name in added)
    if _is_wider(before.inline_policies, role.inline_policies):
        changed = (
            name
            for name, policy in role.inline_policies.items()
            if before.inline_policies.get(name) != policy
        )
        names = ", ".join(sorted(changed)) or "without one of them"
        yield Power(what=what, gains=f"inline policies allow more: {names}")
    if before.permissions_boundary not in (None, role.permissions_boundary):
        bounds = f"{before.permissions_boundary} → {role.permissions_boundary or 'none'}"
        yield Power(what=what, gains=f"permissions boundary {bounds}")
    if role.max_session_seconds > before.max_session_seconds:
        yield Power(what=what, gains=f"sessions of {role.max_session_seconds} s")
    if role.adopt and not before.adopt:
        yield Power(what=what, gains="an existing role of this name is adopted")


def _policies(role: RoleParameters) -> str:
    names = (*role.managed_policies, *role.inline_policies)
    return f"with {', '.join(names)}" if names else "without policies"


def _outsiders(trust: Trust, before: Trust | None, members: frozenset[str]) -> Iterator[str]:
    """Who of those that are new is outside the organization."""
    known = _named(before, members) if before is not None else ()
    is_open = before is not None and before.external_id is not None and trust.external_id is None
    yield from (who for who in _named(trust, members) if is_open or who not in known)


def _named(trust: Trust, members: frozenset[str]) -> Sequence[str]:
    others = (item for item in trust.accounts if item.request_id is None)
    accounts = [f"account {item}" for item in others if item not in members]
    arns = [arn for arn in trust.arns if Principal(arn).account not in members]
    tokens = [f"{item.provider} ({subject})" for item in trust.oidc for subject in item.subjects]
    return (*accounts, *arns, *tokens)


def _is_wider_trust(role: RoleParameters, before: RoleParameters, inputs: Inputs) -> bool:
    try:
        old, new = (policy_of_text(trust_policy(item, inputs)) for item in (before, role))
    except (Terminal, NotAPolicy):
        return role.trust != before.trust
    return wider((old,), (new,)).verdict is not Verdict.NO


def _is_wider(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    try:
        old, new = (
            [Policy.of(policy, name) for name, policy in found.items()] for found in (before, after)
        )
    except NotAPolicy:
        return before != after
    return wider(old, new).verdict is not Verdict.NO
