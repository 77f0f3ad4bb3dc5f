"""Calls of AWS Organizations about accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aft.kinds.account.policies import Attached

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.literals import PolicyTypeType


def enabled_policy_types(client: OrganizationsClient) -> Sequence[PolicyTypeType]:
    """The types of policies that the organization uses. Raises ``Denied``."""
    types = client.list_roots()["Roots"][0].get("PolicyTypes", ())
    return sorted(item["Type"] for item in types if item["Status"] == "ENABLED")


def attached_to(
    client: OrganizationsClient, target: str, types: Sequence[PolicyTypeType]
) -> tuple[Attached, ...]:
    """The own policies attached to an OU, the root or an account. Raises ``NotFound`` and
    ``Denied``."""
    paginator = client.get_paginator("list_policies_for_target")
    return tuple(
        Attached(item["Id"], item["Name"], item["Type"])
        for policy_type in types
        for page in paginator.paginate(TargetId=target, Filter=policy_type)
        for item in page["Policies"]
        if not item["AwsManaged"]
    )


def targets_of(client: OrganizationsClient, policy: Attached) -> frozenset[str]:
    """All that a policy is attached to. Raises ``NotFound`` and ``Denied``."""
    pages = client.get_paginator("list_targets_for_policy").paginate(PolicyId=policy.id)
    return frozenset(item["TargetId"] for page in pages for item in page["Targets"])
