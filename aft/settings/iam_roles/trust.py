"""The trust policies that the parameters of ``iam-roles`` describe. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.baselines.model import SettingInputs
from aft.baselines.references import account_behind
from aft.settings.iam_roles.parameters import IamRolesParameters, RoleParameters
from aft.settings.shapes import policies as iam_policies
from aft.values.regions import partition_of

Inputs = SettingInputs[IamRolesParameters]


def trust_policy(role: RoleParameters, inputs: Inputs) -> str:
    """The trust policy. Raises ``Terminal`` while an account it names does not exist."""
    account, trust = inputs.account, role.trust
    partition = partition_of(account.home_region)
    statements: list[Mapping[str, Any]] = []
    accounts = [
        f"arn:{partition}:iam::{account_behind(item, account)}:root" for item in trust.accounts
    ]
    secret = {"StringEquals": {"sts:ExternalId": trust.external_id}} if trust.external_id else {}
    if accounts and trust.roles:
        roles = [
            f"{root.removesuffix('root')}role/{name.removeprefix('/')}"
            for root in accounts
            for name in trust.roles
        ]
        named = {"ArnLike": {"aws:PrincipalArn": sorted(roles)}}
        statements.append(iam_policies.allow({"AWS": sorted(accounts)}, {**secret, **named}))
        accounts = []
    if accounts or trust.arns:
        statements.append(iam_policies.allow({"AWS": sorted((*accounts, *trust.arns))}, secret))
    if trust.services:
        statements.append(iam_policies.allow({"Service": sorted(trust.services)}))
    for item in trust.oidc:
        host = item.provider.removeprefix("https://")
        arn = f"arn:{partition}:iam::{account.account_id or ''}:oidc-provider/{host}"
        equals: dict[str, Any] = {f"{host}:aud": list(item.audiences)}
        plain = [subject for subject in item.subjects if "*" not in subject and "?" not in subject]
        conditions: dict[str, Any] = {"StringEquals": equals}
        if len(plain) == len(item.subjects):
            equals[f"{host}:sub"] = plain
        else:
            conditions["StringLike"] = {f"{host}:sub": list(item.subjects)}
        action = "sts:AssumeRoleWithWebIdentity"
        statements.append(iam_policies.allow({"Federated": [arn]}, conditions, action))
    return iam_policies.document(statements)


def policy_arn(policy: str, partition: str) -> str:
    """``ReadOnlyAccess`` is AWS's own policy of that name."""
    return policy if policy.startswith("arn:") else f"arn:{partition}:iam::aws:policy/{policy}"
