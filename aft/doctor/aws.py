"""The organization on AWS: who we are there, what we may, what it has room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aft.doctor.model import NOT_LOOKED_AT, Check, Unread, fine, unknown, warning, wrong

SKEW_WARNING, SKEW_WRONG = 60.0, 300.0
"""Seconds. AWS refuses signatures that are five minutes off."""
ROOM_WARNING = 0.9
"""The part of the account quota from which on it is worth a word."""


class Whoami(NamedTuple):
    """The caller."""

    account_id: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFacts:
    """``has_all_features`` is false for consolidated billing alone."""

    id: str
    management_account_id: str
    has_all_features: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An attempt to become a role in a member account; ``problem`` is empty when it worked."""

    role: str
    account_id: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Which account should administer a service, and which do."""

    service: str
    setting: str
    wanted: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmazonFacts:
    """``permissions`` says of each action whether policies allow it. ``trusted_needed`` are
    service principals with what needs them."""

    caller: Whoami | Unread
    organization: OrganizationFacts | Unread = NOT_LOOKED_AT
    plan_actions: frozenset[str] = frozenset()
    apply_actions: frozenset[str] = frozenset()
    permissions: Mapping[str, bool] | Unread = NOT_LOOKED_AT
    refused_reads: Mapping[str, str] = field(default_factory=dict)
    """Harmless reads that were refused, by action, with AWS's words."""
    member: Entry | Unread = NOT_LOOKED_AT
    reader: Entry | Unread = NOT_LOOKED_AT
    quota: int | Unread = NOT_LOOKED_AT
    accounts: int | Unread = NOT_LOOKED_AT
    to_create: int = 0
    trusted: frozenset[str] | Unread = NOT_LOOKED_AT
    trusted_needed: Mapping[str, str] = field(default_factory=dict)
    delegations: tuple[Delegation, ...] | Unread = ()
    skew_seconds: float | Unread = NOT_LOOKED_AT
    roles_trust: Mapping[str, tuple[str, ...] | Unread] = field(default_factory=dict)
    """What each role of the workflows trusts: beginnings of subjects of GitHub's tokens."""


def check_amazon(facts: AmazonFacts) -> Iterator[Check]:
    """Every check of the organization; only the first without credentials."""
    if isinstance(facts.caller, Unread):
        yield wrong(
            "credentials",
            facts.caller.why,
            "configure them (aws configure sso, AWS_PROFILE, an OIDC role), or use --sandbox",
        )
        return
    yield fine("credentials", f"account {facts.caller.account_id} as {facts.caller.arn}")
    yield from _organization(facts, facts.caller)
    yield from _permissions(facts)
    yield from _entries(facts)
    yield from _room(facts)
    yield from _services(facts)
    yield _skew(facts.skew_seconds)


def _organization(facts: AmazonFacts, caller: Whoami) -> Iterator[Check]:
    found = facts.organization
    if isinstance(found, Unread):
        yield wrong(
            "organization",
            f"the organization cannot be read: {found.why}",
            "make an organization, or allow organizations:DescribeOrganization",
        )
        return
    if caller.account_id == found.management_account_id:
        yield fine("management-account", f"this is the management account of {found.id}")
    else:
        yield wrong(
            "management-account",
            f"this is a member account; the management account is {found.management_account_id}",
            "use credentials of the management account, or set roles.management: only that "
            "account can create accounts",
        )
    if found.has_all_features:
        yield fine("all-features", "the organization has all features")
    else:
        yield wrong(
            "all-features",
            "the organization has consolidated billing alone",
            "enable all features (AWS Organizations, Settings)",
        )


def _permissions(facts: AmazonFacts) -> Iterator[Check]:
    if facts.refused_reads:
        listed = ", ".join(sorted(facts.refused_reads))
        yield wrong(
            "reads",
            f"refused: {listed}",
            "allow them; docs/how-to/run-on-your-organization.md has the whole list",
        )
    else:
        yield fine("reads", "the organization can be read")
    if isinstance(facts.permissions, Unread):
        yield unknown("permissions", "the other permissions", facts.permissions)
        return
    allowed = {action for action, is_allowed in facts.permissions.items() if is_allowed}
    lacking = sorted(facts.plan_actions - allowed)
    if lacking:
        yield wrong("plan-permissions", f"plans lack {_few(lacking)}", "allow these actions")
    else:
        yield fine("plan-permissions", "may plan")
    lacking = sorted(facts.apply_actions - allowed)
    if lacking:
        yield warning(
            "apply-permissions",
            f"may not apply: {_few(lacking)}",
            "right for a role that only plans; else allow these actions",
        )
    else:
        yield fine("apply-permissions", "may apply")


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _entries(facts: AmazonFacts) -> Iterator[Check]:
    for check, what, entry, key in (
        ("member-role", "the member role", facts.member, "roles.member"),
        ("reader-role", "the reader role", facts.reader, "roles.reader"),
    ):
        if isinstance(entry, Unread):
            yield unknown(check, what, entry)
        elif entry.problem:
            yield warning(
                check,
                f"{entry.role} of account {entry.account_id} cannot be assumed: {entry.problem}",
                f"expected for a role that must not; else check {key} in aft.yaml, the role's "
                "trust and sts:AssumeRole",
            )
        else:
            yield fine(check, f"{entry.role} of account {entry.account_id} can be assumed")


def _room(facts: AmazonFacts) -> Iterator[Check]:
    if isinstance(facts.quota, Unread) or isinstance(facts.accounts, Unread):
        why = facts.quota if isinstance(facts.quota, Unread) else facts.accounts
        yield unknown("quota", "the account quota", why if isinstance(why, Unread) else Unread(""))
        return
    then = facts.accounts + facts.to_create
    says = f"{facts.accounts:,} accounts, {facts.to_create:,} to create, quota {facts.quota:,}"
    remedy = "ask for more in us-east-1: Service Quotas, AWS Organizations, accounts"
    if then > facts.quota:
        yield wrong("quota", says, remedy)
    elif then > facts.quota * ROOM_WARNING:
        yield warning("quota", says, remedy)
    else:
        yield fine("quota", says)


def _services(facts: AmazonFacts) -> Iterator[Check]:
    if isinstance(facts.trusted, Unread):
        yield unknown("trusted-access", "trusted access of services", facts.trusted)
    else:
        lacking = sorted(facts.trusted_needed.keys() - facts.trusted)
        for principal in lacking:
            yield warning(
                "trusted-access",
                f"{principal} has no trusted access, which {facts.trusted_needed[principal]} needs",
                "aws organizations enable-aws-service-access --service-principal " + principal,
            )
        if not lacking:
            yield fine("trusted-access", "services have the trusted access they need")
    if isinstance(facts.delegations, Unread):
        yield unknown("delegation", "delegated administrators", facts.delegations)
        return
    for item in facts.delegations:
        others = [account for account in item.found if account != item.wanted]
        if others and item.wanted not in item.found:
            yield wrong(
                "delegation",
                f"{item.service} is administered by {', '.join(others)}; {item.setting} wants "
                f"{item.wanted}",
                "name that account in the baseline, or deregister it first",
            )


def _skew(skew: float | Unread) -> Check:
    if isinstance(skew, Unread):
        return unknown("clock", "this machine's clock", skew)
    says = f"this machine's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) >= SKEW_WRONG:
        return wrong("clock", says, "set the clock: AWS refuses what is signed at another time")
    if abs(skew) >= SKEW_WARNING:
        return warning("clock", says, "set the clock")
    return fine("clock", "this machine's clock is right")
