"""Service-linked roles: their names as AWS writes them, and one of each.

Facts: the IAM user guide, "Create a service-linked role", and the services' own pages for the
names. Services not listed get moto's guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import Role

from aft.sandbox.services.moto_seams import Refusal

_NAMES: Mapping[str, str] = {
    "access-analyzer.amazonaws.com": "AWSServiceRoleForAccessAnalyzer",
    "cloudtrail.amazonaws.com": "AWSServiceRoleForCloudTrail",
    "config.amazonaws.com": "AWSServiceRoleForConfig",
    "guardduty.amazonaws.com": "AWSServiceRoleForAmazonGuardDuty",
    "organizations.amazonaws.com": "AWSServiceRoleForOrganizations",
    "securityhub.amazonaws.com": "AWSServiceRoleForSecurityHub",
    "support.amazonaws.com": "AWSServiceRoleForSupport",
}


class ServiceLinkedRoles:
    """Mixin for the IAM backend."""

    def create_service_linked_role(self, service_name: str, description: str, suffix: str) -> Role:
        name = _NAMES.get(service_name)
        roles: Iterable[Any] = self.roles.values()  # type: ignore[attr-defined]  # IAMBackend's
        if name is not None and any(role.name == name for role in roles):
            raise Refusal(
                "InvalidInput",
                f"Service role name {name} has been taken in this account, please try a different "
                "suffix.",
            )
        made: Role = super().create_service_linked_role(  # type: ignore[misc]  # before IAMBackend
            service_name, description, suffix
        )
        if name is not None and not suffix:
            made.name = name
        return made
