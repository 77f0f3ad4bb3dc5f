"""Harmless reads for ``aft doctor``: each answers one question, and raises ``aft.errors`` when AWS
does not. Changes nothing; asks nothing that grows with the organization but the list of accounts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from aft.aws.session import AwsSessions
from aft.errors import Denied, NotFound, Terminal
from aft.values.grants import OWN_ACCOUNT, PARTITION, Grant
from aft.values.ids import AccountId

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.type_defs import AccountTypeDef

ACCOUNT_QUOTA = ("organizations", "L-E619E033")
"""Service Quotas, us-east-1: "Default maximum number of accounts"."""
_SIMULATED_AT_ONCE = 50
_SUBJECT = re.compile(r"\"(repo:[^\":]+):environment:")
_ASSUMED = re.compile(r"arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")


def _example(resource: str, source: str, organization: str) -> str:
    """A resource such as ``resource`` is about; ``source`` is in the same account."""
    _, partition, _, _, account, _ = source.split(":", 5)
    own = resource.replace(PARTITION, partition).replace(OWN_ACCOUNT, account)
    return own if own == "*" else own.replace("o-*", organization).replace("*", "example")


class Examination:
    """Questions to AWS, asked as ``sessions`` are."""

    def __init__(self, sessions: AwsSessions) -> None:
        self._sessions = sessions

    def caller(self) -> tuple[str, str]:
        """Account id and ARN."""
        identity = self._sessions.check_credentials()
        return identity.account_id, identity.arn

    def organization(self) -> Mapping[str, str]:
        """``Id``, ``MasterAccountId``, ``FeatureSet``."""
        described = self._organizations.describe_organization()["Organization"]
        return {name: str(described[name]) for name in ("Id", "MasterAccountId", "FeatureSet")}

    def reads(self) -> Mapping[str, Callable[[], object]]:
        """Small reads of everything a plan begins with, by IAM action."""
        organizations = self._organizations
        root = organizations.list_roots
        tags = self._sessions.tagging()

        def root_id() -> str:
            return str(root()["Roots"][0]["Id"])

        return {
            "organizations:ListRoots": root,
            "organizations:ListOrganizationalUnitsForParent": lambda: (
                organizations.list_organizational_units_for_parent(ParentId=root_id())
            ),
            "organizations:ListAccountsForParent": lambda: organizations.list_accounts_for_parent(
                ParentId=root_id()
            ),
            "organizations:ListPolicies": lambda: organizations.list_policies(
                Filter="SERVICE_CONTROL_POLICY"
            ),
            "organizations:ListTagsForResource": lambda: organizations.list_tags_for_resource(
                ResourceId=root_id()
            ),
            "tag:GetResources": lambda: tags.get_resources(ResourcesPerPage=1),
        }

    def simulated(self, arn: str, grants: Iterable[Grant]) -> Mapping[str, bool]:
        """What the caller's own policies allow, of things such as the grants name. A role's path is
        not in the caller's ARN; where it has one AWS does not find the role."""
        if arn.endswith(":root"):
            raise Terminal("the root user's permissions cannot be simulated")
        found = _ASSUMED.fullmatch(arn)
        source = f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn
        organization = self.organization()["Id"]
        iam = self._sessions.management("iam", self._sessions.global_region)
        simulate = iam.get_paginator("simulate_principal_policy").paginate
        allowed: dict[str, bool] = {}
        for grant in grants:
            resources = [_example(item, source, organization) for item in grant.resources]
            for start in range(0, len(grant.actions), _SIMULATED_AT_ONCE):
                pages = simulate(
                    PolicySourceArn=source,
                    ActionNames=grant.actions[start : start + _SIMULATED_AT_ONCE],
                    ResourceArns=resources,
                    ContextEntries=[
                        {
                            "ContextKeyName": key,
                            "ContextKeyType": "string",
                            "ContextKeyValues": values[:1],
                        }
                        for keys in grant.conditions.values()
                        for key, values in keys.items()
                    ],
                )
                for item in (item for page in pages for item in page["EvaluationResults"]):
                    action = item["EvalActionName"]
                    is_allowed = item["EvalDecision"] == "allowed"
                    allowed[action] = allowed.get(action, False) or is_allowed
        return allowed

    def trusted_subjects(self, role: str) -> tuple[str, ...] | None:
        """How subjects of tokens begin that a role of the caller's account trusts; ``None`` where
        there is no such role."""
        iam = self._sessions.management("iam", self._sessions.global_region)
        try:
            found = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        except NotFound:
            return None
        document = json.dumps(found)
        return tuple(sorted(set(_SUBJECT.findall(document))))

    def a_member(self) -> AccountId | None:
        """Some active account that is not the management account's own."""
        own = self._sessions.check_credentials().account_id
        for account in self._accounts():
            if account["Id"] != own and account.get("Status") == "ACTIVE":
                return AccountId(account["Id"])
        return None

    def enter(self, account_id: AccountId, *, reading: bool) -> str:
        """Become the role for changes or that for reading; returns its name. Raises ``Denied``
        also when another role had to replace it."""
        wanted = self.role_name(reading=reading)
        client = self._sessions.member(account_id, reading=reading)("sts")
        found = _ASSUMED.fullmatch(client.get_caller_identity()["Arn"])
        if found is not None and found[3] != wanted:
            raise Denied(
                f"it does not exist or cannot be assumed; {found[3]} is used instead"
                + (", for reading" if reading else "")
            )
        return wanted

    def role_name(self, *, reading: bool) -> str:
        """The name of the role that ``enter`` becomes."""
        return self._sessions.preferred_role(reading=reading)

    def account_count(self) -> int:
        """Every account of the organization, the management account too."""
        return sum(1 for _ in self._accounts())

    def account_quota(self) -> int:
        """How many accounts the organization may have."""
        service, code = ACCOUNT_QUOTA
        client = self._sessions.management("service-quotas", self._sessions.global_region)
        try:
            quota = client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
        except NotFound:  # never raised for this organization: AWS's default holds
            quota = client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)[
                "Quota"
            ]
        return int(quota["Value"])

    def trusted_services(self) -> frozenset[str]:
        """Service principals with trusted access."""
        pages = self._organizations.get_paginator(
            "list_aws_service_access_for_organization"
        ).paginate()
        return frozenset(
            item["ServicePrincipal"] for page in pages for item in page["EnabledServicePrincipals"]
        )

    def administrators(self, principal: str) -> tuple[str, ...]:
        """The accounts that administer a service for the organization."""
        pages = self._organizations.get_paginator("list_delegated_administrators").paginate(
            ServicePrincipal=principal
        )
        return tuple(item["Id"] for page in pages for item in page["DelegatedAdministrators"])

    def clock_skew(self) -> float:
        """Seconds this machine's clock is ahead of AWS's."""
        sts = self._sessions.management("sts")
        stated = sts.get_caller_identity()["ResponseMetadata"]["HTTPHeaders"].get("date")
        if not stated:
            raise Terminal("AWS did not report its time")
        there = parsedate_to_datetime(stated)
        return (self._sessions.clock.now() - there.astimezone(UTC)).total_seconds()

    @property
    def _organizations(self) -> OrganizationsClient:
        return self._sessions.organizations()

    def _accounts(self) -> Iterable[AccountTypeDef]:
        pages = self._organizations.get_paginator("list_accounts").paginate()
        return (account for page in pages for account in page["Accounts"])
