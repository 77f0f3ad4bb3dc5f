"""Reads which SCPs and RCPs are attached on the way from the root to one account, and their texts.

Two lists per level and one read per policy; the texts of a policy that is attached twice are read
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from aft.aws.answers import account_id_in
from aft.aws.session import AwsSessions
from aft.aws.units import below_itself
from aft.organization.model import AttachedLevel, AttachedPolicies, AttachedPolicy
from aft.policy_language.policy_types import RCP, SCP
from aft.values.ids import AccountId

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient


def read_attached(sessions: AwsSessions, account_id: AccountId) -> AttachedPolicies:
    """Raises what AWS answers, ``NotFound`` for an account that is not there."""
    client = sessions.organizations()
    organization = client.describe_organization()["Organization"]
    root = client.list_roots()["Roots"][0]
    types = {item["Type"] for item in root.get("PolicyTypes", ()) if item["Status"] == "ENABLED"}
    ids = _way(client, account_id)

    @cache
    def text(policy_id: str) -> str:
        return client.describe_policy(PolicyId=policy_id)["Policy"]["Content"]

    def attached(target: str, policy_type: str) -> tuple[AttachedPolicy, ...] | None:
        if policy_type not in types:
            return None
        pages = client.get_paginator("list_policies_for_target").paginate(
            TargetId=target, Filter=policy_type
        )
        found = [item for page in pages for item in page["Policies"]]
        return tuple(
            AttachedPolicy(id=item["Id"], name=item["Name"], content=text(item["Id"]))
            for item in found
        )

    return AttachedPolicies(
        account_id=account_id,
        organization_id=organization["Id"],
        management_account_id=account_id_in(organization["MasterAccountId"]),
        path="/".join((organization["Id"], *ids[:-1], "")),
        levels=tuple(
            AttachedLevel(id=item, scps=attached(item, SCP), rcps=attached(item, RCP))
            for item in ids
        ),
    )


def _way(client: OrganizationsClient, account_id: AccountId) -> Sequence[str]:
    """Ids from the root to the account."""
    ids = [str(account_id)]
    while True:
        parent = client.list_parents(ChildId=ids[0])["Parents"][0]
        if parent["Id"] in ids:
            raise below_itself(parent["Id"])
        ids.insert(0, parent["Id"])
        if parent["Type"] == "ROOT":
            return ids
