"""AWS's own managed policies, one at a time.

moto either has none or loads 1,500 into every account (0.9 s and 32 MiB each); this mixin makes
a policy known to an account in the moment it is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, ManagedPolicy

_ARN = re.compile(r"arn:aws[a-z-]*:iam::aws:policy(?P<path>/(?:.+/)?)(?P<name>[^/]+)")


@lru_cache(maxsize=1)
def _published() -> Mapping[str, Mapping[str, Any]]:
    parsed: Mapping[str, Mapping[str, Any]] = json.loads(aws_managed_policies_data)
    return parsed


def document_of_aws_policy(arn: str) -> str:
    """The text of the AWS managed policy ``arn`` names; empty when there is none."""
    found = _ARN.fullmatch(arn)
    data = _published().get(found["name"]) if found is not None else None
    return json.dumps(data["Document"]) if data is not None else ""


class AwsManagedPolicies:
    """Mixin for the IAM backend, before moto's class."""

    account_id: str
    region_name: str
    managed_policies: dict[str, ManagedPolicy]

    def know_aws_policy(self, arn: str) -> None:
        """Add the AWS managed policy ``arn`` names, if there is one and it is not here yet."""
        found = _ARN.fullmatch(arn)
        if found is None or arn in self.managed_policies:
            return
        data = _published().get(found["name"])
        if data is not None and data.get("Path", "/") == found["path"]:
            self.managed_policies[arn] = AWSManagedPolicy.from_data(
                found["name"], self.account_id, self.region_name, dict(data)
            )

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        self.know_aws_policy(policy_arn)
        super().attach_role_policy(policy_arn, role_name)  # type: ignore[misc]  # mixin

    def attach_user_policy(self, policy_arn: str, user_name: str) -> None:
        self.know_aws_policy(policy_arn)
        super().attach_user_policy(policy_arn, user_name)  # type: ignore[misc]  # mixin

    def attach_group_policy(self, policy_arn: str, group_name: str) -> None:
        self.know_aws_policy(policy_arn)
        super().attach_group_policy(policy_arn, group_name)  # type: ignore[misc]  # mixin

    def get_policy(self, policy_arn: str) -> ManagedPolicy:
        self.know_aws_policy(policy_arn)
        policy: ManagedPolicy = super().get_policy(policy_arn)  # type: ignore[misc]  # mixin
        return policy

    def get_policy_version(self, policy_arn: str, version_id: str) -> Any:
        self.know_aws_policy(policy_arn)
        return super().get_policy_version(policy_arn, version_id)  # type: ignore[misc]  # mixin

    def list_policy_versions(self, policy_arn: str) -> Any:
        self.know_aws_policy(policy_arn)
        return super().list_policy_versions(policy_arn)  # type: ignore[misc]  # mixin
