"""Tags of many accounts at once, through the Resource Groups Tagging API: 100 accounts a call.

It answers for Organizations in the partition's global region and the management account, and
lags behind writes; what must be fresh is read from Organizations instead, so whoever writes tags
says it to ``RecentlyTagged``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aft.organization.model import REQUEST_TAG
from aft.ports import Clock
from aft.values.ids import AccountId

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
            account_id = AccountId.parse(resource["ResourceARN"].rpartition("/")[2])
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
