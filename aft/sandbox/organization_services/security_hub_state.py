"""Security Hub's state by account and region, and what automatic enabling makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aft.sandbox.api_errors import ApiError
from aft.sandbox.organization_services.account_service import Call

BY_DEFAULT = (
    "standards/aws-foundational-security-best-practices/v/1.0.0",
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0",
)
"""The standards that enabling brings, by the end of their ARN."""


@dataclass(slots=True, kw_only=True)
class Hub:
    """An enabled Security Hub; ``standards`` are ends of ARNs."""

    subscribed_at: str
    generator: str
    auto_enable_controls: bool = True
    standards: list[str] = field(default_factory=list)
    administrator: str = ""


@dataclass(slots=True, kw_only=True)
class Region:
    """One account's Security Hub in one region: as an account, and as an administrator."""

    hub: Hub | None = None
    members: dict[str, str] = field(default_factory=dict)
    """Account id to MemberStatus."""
    auto_enable: bool = False
    auto_enable_standards: str = "DEFAULT"
    auto_enable_since: float = 0.0
    configuration: str = "LOCAL"
    appointed: str = ""
    """In the management account's: who is the administrator."""


def _no_access(at: Call) -> ApiError:
    return ApiError(
        "InvalidAccessException",
        f"Account {at.caller} is not subscribed to AWS Security Hub",
        status=401,
    )


def own_hub(at: Call) -> tuple[Region, Hub]:
    """The caller's hub; InvalidAccessException where there is none."""
    here = settled(at)
    if here.hub is None:
        raise _no_access(at)
    return here, here.hub


def new_hub(at: Call, generator: str = "SECURITY_CONTROL") -> Hub:
    """A hub without standards."""
    return Hub(subscribed_at=at.moment.isoformat(), generator=generator)


def refuse_under_policy(at: Call, hub: Hub) -> None:
    """Members of a centrally configured organization change nothing themselves."""
    if hub.administrator and at.state(Region, hub.administrator).configuration == "CENTRAL":
        raise ApiError(
            "AccessDeniedException",
            "The account is centrally managed; only its administrator may change this.",
            status=403,
        )


def settled(at: Call) -> Region:
    """The caller's state after automatic enabling has done its part."""
    administrator = at.state(Region, at.management).appointed
    admin = at.state(Region, administrator) if administrator else None
    if admin is not None and admin.auto_enable:
        for account in at.context.organization.accounts.values():
            if account.id in (administrator, at.management) or account.state != "ACTIVE":
                continue
            if account.id not in admin.members and account.joined_at > admin.auto_enable_since:
                with_standards = admin.auto_enable_standards == "DEFAULT"
                enrol(at, administrator, account.id, with_standards=with_standards)
    return at.state(Region)


def enrol(at: Call, administrator: str, account_id: str, *, with_standards: bool) -> None:
    """Make an account a member; Security Hub is switched on there where it was off."""
    theirs = at.state(Region, account_id)
    if theirs.hub is None:
        theirs.hub = new_hub(at)
        if with_standards:
            theirs.hub.standards.extend(BY_DEFAULT)
    theirs.hub.administrator = administrator
    at.state(Region, administrator).members[account_id] = "Enabled"
