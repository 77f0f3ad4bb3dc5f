"""The first day of an organization: management account, root, policies, trusted access."""

from __future__ import annotations

import random

from aft.sandbox.credentials import CredentialTable
from aft.sandbox.organizations_backend.model import (
    FULL_AWS_ACCESS,
    RCP_FULL_AWS_ACCESS,
    MemberAccount,
    Organization,
    PolicyRecord,
    Unit,
    new_account_id,
    new_id,
)
from aft.sandbox.profiles import Profile, behaviour_of
from aft.sandbox.world import World

MANAGEMENT_EMAIL = "management@example.com"
_TRUSTED = (
    "account.amazonaws.com",
    "iam.amazonaws.com",
    "member.org.stacksets.cloudformation.amazonaws.com",
    "ram.amazonaws.com",
    "sso.amazonaws.com",
    "tagpolicies.tag.amazonaws.com",
)
_ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_RCP_ALLOW_ALL = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
    '"Action":"*","Resource":"*"}]}'
)


def new_world(
    *, profile: Profile, seed: int, home_region: str, now: float, secret_keys: bool = False
) -> World:
    """An organization with all features and SCPs enabled, holding its management account."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    organization = _new_organization(rng, now)
    management_id = organization.management_account_id
    credentials = CredentialTable(rng=rng, secret_keys=secret_keys)
    keys = credentials.issue(
        account_id=management_id,
        arn=f"arn:aws:iam::{management_id}:user/aft-sandbox",
        user_id=new_id(rng, "AIDA", 17).upper(),
        prefix="AKIA",
    )
    return World(
        seed=seed,
        profile=profile,
        home_region=home_region,
        behaviour=behaviour_of(profile),
        rng=rng,
        organization=organization,
        credentials=credentials,
        management_keys=keys,
    )


def _new_organization(rng: random.Random, now: float) -> Organization:
    management_id = new_account_id(rng, {})
    root_id = new_id(rng, "r-", 4)
    organization = Organization(
        id=new_id(rng, "o-", 10),
        root_id=root_id,
        management_account_id=management_id,
        management_email=MANAGEMENT_EMAIL,
        policy_types={"SERVICE_CONTROL_POLICY"},
        trusted_services=dict.fromkeys(_TRUSTED, now),
    )
    everywhere = [FULL_AWS_ACCESS, RCP_FULL_AWS_ACCESS]
    organization.units[root_id] = Unit(
        serial=organization.next_serial(),
        id=root_id,
        name="Root",
        parent_id=None,
        policies=list(everywhere),
    )
    organization.accounts[management_id] = MemberAccount(
        serial=organization.next_serial(),
        id=management_id,
        name="management",
        email=MANAGEMENT_EMAIL,
        parent_id=root_id,
        joined_method="INVITED",
        joined_at=now,
        role_name=None,
        policies=list(everywhere),
    )
    organization.emails[MANAGEMENT_EMAIL.casefold()] = management_id
    organization.root.accounts[management_id] = None
    _add_aws_policies(organization)
    return organization


def _add_aws_policies(organization: Organization) -> None:
    for policy_id, name, kind, content in (
        (FULL_AWS_ACCESS, "FullAWSAccess", "SERVICE_CONTROL_POLICY", _ALLOW_ALL),
        (RCP_FULL_AWS_ACCESS, "RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", _RCP_ALLOW_ALL),
    ):
        organization.policies[policy_id] = PolicyRecord(
            serial=organization.next_serial(),
            id=policy_id,
            name=name,
            type=kind,
            description="Allows access to every operation",
            content=content,
            aws_managed=True,
            targets={organization.root_id: None, organization.management_account_id: None},
        )
