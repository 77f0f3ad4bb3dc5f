"""``organization.yaml`` as it is written: the raw model, and the keys nothing acts on yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aft.values.ids import MAX_ORG_UNIT_NAME

NOT_ACTED_ON: Mapping[str, str] = {
    "policy_types": "policy types",
    "trusted_services": "trusted access",
    "delegated_administrators": "delegated administrators",
    "foundational_accounts": "foundational accounts",
    "guardrails": "guardrails",
    "policies": "organization policies",
    "sharing": "resource sharing",
    "tag_policies": "tag policies",
    "cost_allocation_tags": "cost allocation tags",
    "root_access": "central root access management",
    "cloudtrail": "the organization trail",
    "config": "Config aggregation",
    "permission_sets": "permission sets",
    "groups": "Identity Center groups",
    "notifications": "notifications",
}
"""Keys of the format that aft knows and does not act on yet."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class UnitEntry(_Section):
    """One OU and the OUs inside it."""

    name: (
        Annotated[str, Field(min_length=1, max_length=MAX_ORG_UNIT_NAME)]
        | Annotated[list[str], Field(min_length=1, max_length=1)]
    ) = Field(
        description="The OU's name, unique among its siblings, ignoring case. A name with a `/` or "
        'blanks around it is written as a list of one: `["R&D / Labs"]`.',
    )
    previously: Annotated[str, Field(min_length=1)] | list[str] | None = Field(
        default=None,
        description="The OU's earlier name (or full path), so that it is renamed and keeps its "
        "accounts and policies. You can keep it after the rename.",
    )
    children: list[UnitEntry] = Field(default=[], description="The OUs inside this one.")


class OrganizationFile(_Section):
    """``customizations/organization/organization.yaml``."""

    organizational_units: list[UnitEntry] = Field(
        default=[], description="The OU tree. OUs that are not listed here are not changed."
    )
    removed: list[str | list[str]] = Field(
        default=[], description="Paths of OUs to delete once they contain no accounts and no OUs."
    )
