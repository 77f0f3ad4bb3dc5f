"""Refusals and checks that several operations of Organizations share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.clock import VirtualClock
from aft.sandbox.organizations_backend.model import MemberAccount, Organization, PolicyRecord, Unit
from aft.sandbox.world import World

MAX_TAGS = 50  # AWS quota per resource


@dataclass(frozen=True, slots=True)
class Context:
    """What every operation works on."""

    world: World
    clock: VirtualClock

    @property
    def organization(self) -> Organization:
        return self.world.organization

    def now(self) -> float:
        return self.clock.timestamp()


def constraint(reason: str, message: str) -> ApiError:
    """A limit of the organization is reached."""
    return ApiError("ConstraintViolationException", message, Reason=reason)


def invalid(reason: str, message: str) -> ApiError:
    """The input is wrong."""
    return ApiError("InvalidInputException", message, Reason=reason)


def account_of(context: Context, account_id: str) -> MemberAccount:
    """The account, or AccountNotFoundException."""
    found = context.organization.accounts.get(account_id)
    if found is None:
        raise ApiError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return found


def parent_of(context: Context, parent_id: str) -> Unit:
    """The root or OU, or ParentNotFoundException."""
    found = context.organization.units.get(parent_id)
    if found is None:
        raise ApiError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return found


def unit_of(context: Context, unit_id: str) -> Unit:
    """The OU (not the root), or OrganizationalUnitNotFoundException."""
    found = context.organization.units.get(unit_id)
    if found is None or found.parent_id is None:
        raise ApiError(
            "OrganizationalUnitNotFoundException",
            "You specified an organizational unit that doesn't exist.",
        )
    return found


def policy_of(context: Context, policy_id: str) -> PolicyRecord:
    """The policy, or PolicyNotFoundException."""
    found = context.organization.policies.get(policy_id)
    if found is None:
        raise ApiError("PolicyNotFoundException", "You specified a policy that doesn't exist.")
    return found


def tags_from(items: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Tags of a request, held to AWS's rules."""
    tags: dict[str, str] = {}
    for item in items or ():
        key, value = str(item["Key"]), str(item["Value"])
        if key in tags:
            raise invalid("DUPLICATE_TAG_KEY", "Tag keys must be unique on the same entity.")
        if key.casefold().startswith("aws:"):
            raise invalid(
                "INVALID_SYSTEM_TAGS_PARAMETER",
                f"Tag key {key!r} is a system tag; keys beginning with aws: are reserved.",
            )
        tags[key] = value
    check_tag_count(tags)
    return tags


def check_tag_count(tags: Mapping[str, str]) -> None:
    """Raise when a resource would have more tags than AWS keeps."""
    if len(tags) > MAX_TAGS:
        raise constraint(
            "MAX_TAG_LIMIT_EXCEEDED",
            f"You have exceeded the number of tags ({MAX_TAGS}) allowed on this resource.",
        )


def default_policies(organization: Organization) -> list[str]:
    """What AWS attaches to a new OU or account: its allow-all policies."""
    return [policy.id for policy in organization.policies.values() if policy.aws_managed]
