"""Calls of AWS Organizations for OUs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient


def read_tags(client: OrganizationsClient, unit_id: str) -> Mapping[str, str]:
    """The tags of an OU. Raises ``NotFound`` and ``Denied``."""
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=unit_id)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
