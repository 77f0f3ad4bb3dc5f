"""Creates accounts with Organizations' CreateAccount.

CreateAccount has no idempotency token: a call sent twice costs a slot and answers
EMAIL_ALREADY_EXISTS for our own account. So it has a client of its own that sends once, and a lost
answer is reported as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aft.aws.session import AwsSessions
from aft.aws.tag_lag import RecentlyTagged
from aft.errors import Conflict, Transient
from aft.organization.model import REQUEST_TAG
from aft.ports import Creation, CreationState
from aft.values.ids import AccountId, RequestId

MAX_IN_FLIGHT = 5
"""AWS's limit of creations in progress."""


class OrganizationsProvider:
    """Implements ``aft.ports.AccountProvider``."""

    def __init__(
        self,
        sessions: AwsSessions,
        *,
        role_name: str,
        tagged: RecentlyTagged,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        """``role_name``: the role CreateAccount leaves in the account for its management."""
        self._sessions = sessions
        self._tagged = tagged
        self._role_name = role_name
        self.max_in_flight = max_in_flight

    def start_creation(
        self, *, name: str, email: str, request_id: RequestId, tags: Iterable[tuple[str, str]]
    ) -> Creation:
        """See the port. The request's own tag is always among ``tags``."""
        client = self._sessions.management("organizations", self._sessions.global_region, once=True)
        wanted = {REQUEST_TAG: str(request_id), **dict(tags)}
        try:
            answer = client.create_account(
                Email=str(email),
                AccountName=name,
                RoleName=self._role_name,
                Tags=[{"Key": key, "Value": wanted[key]} for key in sorted(wanted)],
            )
        except Conflict as error:
            raise Transient(
                f"{error.message}; no account was created",
                hint="another change to the organization is going on; try again in a moment",
            ) from error
        return self._creation(answer["CreateAccountStatus"])

    def creation(self, creation_id: str) -> Creation:
        answer = self._sessions.organizations().describe_create_account_status(
            CreateAccountRequestId=creation_id
        )
        return self._creation(answer["CreateAccountStatus"])

    def creations(self, states: Sequence[CreationState]) -> Sequence[Creation]:
        """One list for all of them: five slots are watched by one call."""
        if not states:
            return ()
        paginator = self._sessions.organizations().get_paginator("list_create_account_status")
        pages = paginator.paginate(States=[state.value for state in states])
        found = [self._creation(raw) for page in pages for raw in page["CreateAccountStatuses"]]
        return tuple(sorted(found, key=lambda creation: (creation.requested_at, creation.id)))

    def _creation(self, raw: Mapping[str, Any]) -> Creation:
        account_id = AccountId.parse(raw["AccountId"]) if raw.get("AccountId") else None
        if account_id is not None:
            self._tagged.add(account_id, at=raw.get("CompletedTimestamp"))
        return Creation(
            id=raw["Id"],
            account_name=raw.get("AccountName", ""),
            state=CreationState(raw["State"]),
            requested_at=raw["RequestedTimestamp"],
            account_id=account_id,
            failure_reason=raw.get("FailureReason", ""),
        )
