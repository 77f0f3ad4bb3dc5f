"""Accounts as Organizations reports them, and their tags, into the model. Reads only.

Tags of many accounts come through the Resource Groups Tagging API, 100 accounts a call. It answers
for Organizations in the partition's global region and the management account, and lags behind
writes; what must be fresh is read from Organizations instead, so the writer of tags reports it to
``RecentlyTagged``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aft.aws.answers import account_id_in
from aft.aws.session import AwsSessions
from aft.aws.units import KnownUnits, climb, parent_of, path_of
from aft.errors import Terminal
from aft.organization.model import REQUEST_TAG, Account, AccountState
from aft.ports import Clock
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.type_defs import AccountTypeDef


def account_from(
    raw: AccountTypeDef, *, parent_id: OrgUnitId, ou: OrgUnitPath, tags: Mapping[str, str]
) -> Account:
    """The ``Account`` structure of botocore, placed and tagged."""
    return Account(
        id=account_id_in(raw["Id"]),
        name=raw["Name"],
        email=raw["Email"],
        state=state_of(raw),
        parent_id=parent_id,
        ou=ou,
        tags=dict(sorted(tags.items())),
    )


def state_of(raw: AccountTypeDef) -> AccountState:
    """``State``, else ``Status`` (retired on 2026-09-09; its values are among ``State``'s)."""
    text = raw.get("State") or raw["Status"]
    try:
        return AccountState(text)
    except ValueError:
        raise Terminal(
            f"AWS reports account {raw.get('Id')} in state {text!r}, which aft does not know",
            hint="a newer aft may know it; nothing was changed",
        ) from None


def read_tags(client: OrganizationsClient, resource_id: str) -> Mapping[str, str]:
    """The tags of an account or OU, from Organizations itself. Raises ``NotFound``."""
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=resource_id)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def placed_account(
    client: OrganizationsClient, known: KnownUnits, raw: AccountTypeDef, parent_id: OrgUnitId
) -> Account:
    """``raw`` in its OU, with its tags: one read, and those for OUs never seen."""
    ou = path_of(climb(client, known, parent_id))
    return account_from(raw, parent_id=parent_id, ou=ou, tags=read_tags(client, raw["Id"]))


class AwsAccountLookup:
    """Implements ``aft.ports.AccountLookup``: for decisions that must not rest on an old
    snapshot."""

    def __init__(self, sessions: AwsSessions, *, known: KnownUnits) -> None:
        """``known`` spares the reads of OUs that a snapshot has already seen."""
        self._sessions = sessions
        self._known = known

    def account(self, account_id: AccountId) -> Account:
        """Describe, parent, tags: three reads, and those for OUs never seen."""
        client = self._sessions.organizations()
        raw = client.describe_account(AccountId=account_id)["Account"]
        return placed_account(client, self._known, raw, parent_of(client, account_id))

    def account_by_email(self, email: str) -> Account | None:
        """Twenty accounts a call, until it is found; AWS has no search by e-mail."""
        wanted = email.casefold()
        client = self._sessions.organizations()
        for page in client.get_paginator("list_accounts").paginate():
            for raw in page["Accounts"]:
                if raw["Email"].casefold() == wanted:
                    return self.account(account_id_in(raw["Id"]))
        return None


# --- tags of many accounts at once ----------------------------------------------------------------


if TYPE_CHECKING:
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

ACCOUNT_TYPE = "organizations:account"
PAGE = 100
VALUES_PER_FILTER = 20  # AWS: TagFilter Values
SHOWN_WITHIN = timedelta(minutes=15)
"""How long the tagging API is mistrusted. AWS names no figure; minutes are seen at times [R]."""


def bulk_tags(tagging: ResourceGroupsTaggingAPIClient) -> Mapping[AccountId, Mapping[str, str]]:
    """Every account that has tags; the others do not appear."""
    return dict(_resources(tagging))


def accounts_tagged(
    tagging: ResourceGroupsTaggingAPIClient, request_ids: Sequence[str]
) -> frozenset[AccountId]:
    """Accounts bound by their tag to one of these requests."""
    found: set[AccountId] = set()
    wanted = sorted(set(request_ids))
    for start in range(0, len(wanted), VALUES_PER_FILTER):
        values = wanted[start : start + VALUES_PER_FILTER]
        filters = [{"Key": REQUEST_TAG, "Values": values}]
        found |= {account_id for account_id, _ in _resources(tagging, TagFilters=filters)}
    return frozenset(found)


def _resources(
    tagging: ResourceGroupsTaggingAPIClient, **parameters: Any
) -> Iterator[tuple[AccountId, Mapping[str, str]]]:
    pages = tagging.get_paginator("get_resources").paginate(
        ResourceTypeFilters=[ACCOUNT_TYPE], PaginationConfig={"PageSize": PAGE}, **parameters
    )
    for page in pages:
        for resource in page["ResourceTagMappingList"]:
            # arn:aws:organizations::<management>:account/o-…/<account id>
            account_id = account_id_in(resource["ResourceARN"].rpartition("/")[2])
            yield account_id, {tag["Key"]: tag["Value"] for tag in resource["Tags"]}


class RecentlyTagged:
    """Which accounts this process has tagged lately. Thread-safe; forgets by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at: dict[AccountId, datetime] = {}

    def add(self, account_id: AccountId, *, at: datetime | None = None) -> None:
        """Its tags were written ``at`` (now)."""
        moment = at or self._clock.now()
        with self._lock:
            self._at[account_id] = max(moment, self._at.get(account_id, moment))

    @property
    def accounts(self) -> frozenset[AccountId]:
        oldest = self._clock.now() - SHOWN_WITHIN
        with self._lock:
            self._at = {key: moment for key, moment in self._at.items() if moment > oldest}
            return frozenset(self._at)
