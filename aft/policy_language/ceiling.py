"""What the SCPs and RCPs of an organization leave possible: the ceiling.

SCPs bind the principals of a member account, along the way from the root to *that* account; RCPs
every use of a resource of a member account, along the way to the *resource's* account. Both must
let the call through; whether IAM grants it is another question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from aft.policy_language.evaluate import Answer, Decision, Level, combined, decided
from aft.policy_language.principals import PrincipalKind
from aft.policy_language.service_facts import NOT_BOUND_BY_RCPS, RCP_SERVICES
from aft.policy_language.statements import Request

SCP, RCP = "scp", "rcp"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The way from the root to one member account, root first, account last. ``None`` instead of a
    tuple means that the policy type is off, or the account outside of the organization."""

    account: str
    scps: tuple[Level, ...] | None = None
    rcps: tuple[Level, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """The organization as far as one request needs it. ``principal`` and ``resource`` are the ways
    to the caller's and to the resource's account; the management account is bound by neither."""

    principal: Chain | None
    resource: Chain | None = None
    management_account: str = ""


UNBOUND = Answer(decision=Decision.ALLOWED)


def ceiling(organization: Ceiling, request: Request) -> Answer:
    """Denied, allowed by the ceiling, or what it depends on."""
    scp_levels = _scps(organization, request)
    rcp_levels = _rcps(organization, request)
    if not rcp_levels:
        return decided(scp_levels, request) if scp_levels else UNBOUND
    by_resource = decided(rcp_levels, request, needs_allow=False)
    return combined((decided(scp_levels, request), by_resource)) if scp_levels else by_resource


def _scps(organization: Ceiling, request: Request) -> Sequence[Level]:
    chain, kind = organization.principal, request.principal.kind
    if not _is_bound(chain, organization, request):
        return ()
    if kind in (PrincipalKind.SERVICE, PrincipalKind.ANYONE, PrincipalKind.FEDERATED):
        return ()
    return chain.scps or ()


def _rcps(organization: Ceiling, request: Request) -> Sequence[Level]:
    """Of a request without a resource, the caller's account decides."""
    chain = organization.resource or organization.principal
    if not _is_bound(chain, organization, request):
        return ()
    if request.service not in RCP_SERVICES or request.action.lower() in NOT_BOUND_BY_RCPS:
        return ()
    return chain.rcps or ()


def _is_bound(chain: Chain | None, organization: Ceiling, request: Request) -> TypeGuard[Chain]:
    """Neither the management account nor a service-linked role is."""
    is_member = chain is not None and chain.account != organization.management_account
    return is_member and not request.principal.is_service_linked
