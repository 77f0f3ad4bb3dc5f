"""Creates accounts with Organizations' CreateAccount.

CreateAccount has no idempotency token: a call sent twice costs a slot and answers
EMAIL_ALREADY_EXISTS for our own account. So it has its own client that sends once, and a lost
answer is reported as such. CreateAccountStatus carries no e-mail address, so what came of a lost
answer is found by the account's name and the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from aft.account_provider import (
    Application,
    Creation,
    CreationRefused,
    CreationState,
    EarlierApplication,
    ManagementAccess,
    ProviderTraits,
)
from aft.errors import Conflict, Terminal, Transient, UnknownOutcome
from aft.organization.model import OrganizationSnapshot
from aft.providers.organizations.failures import failure_in, failure_of
from aft.values.ids import AccountId, OrgUnitId

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.type_defs import CreateAccountStatusTypeDef

SKEW = timedelta(minutes=5)
"""How far AWS's clock may be behind ours."""

TRAITS = ProviderTraits(
    max_in_flight=5,  # AWS's limit
    is_idempotent=False,
    tags_accounts=True,
    settles_after=timedelta(seconds=30),  # a younger creation may not be listed yet [R]
)


class Organizations:
    """The plug-in."""

    name: ClassVar[str] = "organizations"
    effect_version: ClassVar[int] = 1

    def connect(self, management: ManagementAccess) -> OrganizationsProvider:
        return OrganizationsProvider(management)


class OrganizationsProvider:
    """Implements ``aft.account_provider.AccountProvider``."""

    traits: ClassVar[ProviderTraits] = TRAITS

    def __init__(self, management: ManagementAccess) -> None:
        self._management = management

    def birthplace(self, ou: OrgUnitId, organization: OrganizationSnapshot) -> OrgUnitId:  # noqa: ARG002 - the port's
        """AWS (API reference, CreateAccount): every new account is born in the root."""
        return organization.root_id

    def begin(self, application: Application) -> Creation:
        client = self._management.client_once("organizations", self._management.global_region)
        try:
            answer = client.create_account(**self.parameters(application))
        except Conflict as error:
            raise Transient(
                f"{error.message}; no account was created",
                hint="another change to the organization is going on; try again in a moment",
            ) from error
        except Terminal as error:
            raise CreationRefused(error.message, failure=failure_in(error)) from error.__cause__
        try:
            return self._creation(answer["CreateAccountStatus"])
        except Transient as error:  # it may well be on its way
            raise UnknownOutcome(error.message, hint="run again: aft looks first") from error

    def parameters(self, application: Application) -> Mapping[str, Any]:
        """CreateAccount's, for a provider that begins with other ones to change. The role is left
        behind by CreateAccount; aft enters the account by it."""
        tags = application.tags
        return {
            "Email": application.email,
            "AccountName": application.name,
            "RoleName": self._management.member_role,
            "Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)],
        }

    def look(self, creation_id: str) -> Creation:
        answer = self._client().describe_create_account_status(CreateAccountRequestId=creation_id)
        return self._creation(answer["CreateAccountStatus"])

    def in_progress(self) -> Sequence[Creation]:
        """One list for all of them: five slots are watched by one call."""
        return self._listed((CreationState.IN_PROGRESS,))

    def find(self, earlier: EarlierApplication) -> Sequence[Creation]:
        """Creations of that name since then, the newest first."""
        found = [
            creation
            for creation in self._listed(tuple(CreationState))
            if creation.account_name == earlier.name
            and creation.requested_at >= earlier.at - SKEW
            and creation.state is not CreationState.FAILED
        ]
        return sorted(found, key=lambda item: item.requested_at, reverse=True)

    def _client(self) -> OrganizationsClient:
        return self._management.client("organizations", self._management.global_region)

    def _listed(self, states: Sequence[CreationState]) -> Sequence[Creation]:
        pages = (
            self._client()
            .get_paginator("list_create_account_status")
            .paginate(States=[state.value for state in states])
        )
        found = [self._creation(raw) for page in pages for raw in page["CreateAccountStatuses"]]
        return sorted(found, key=lambda creation: (creation.requested_at, creation.id))

    def _creation(self, raw: CreateAccountStatusTypeDef) -> Creation:
        try:
            account_id = AccountId.parse(raw["AccountId"]) if raw.get("AccountId") else None
            state = CreationState(raw["State"])
        except ValueError:
            why = "AWS's answer about the creation of an account could not be read"
            raise Transient(why, hint="the next run tries again") from None
        if account_id is not None:
            self._management.note_tagged(account_id, at=raw.get("CompletedTimestamp"))
        is_failed = state is CreationState.FAILED
        return Creation(
            id=raw["Id"],
            account_name=raw.get("AccountName", ""),
            state=state,
            requested_at=raw["RequestedTimestamp"],
            account_id=account_id,
            failure=failure_of(raw.get("FailureReason", "")) if is_failed else None,
        )
