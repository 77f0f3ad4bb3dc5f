"""The management account as an account provider may use it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aft.aws.session import AwsSessions
from aft.aws.tag_lag import RecentlyTagged
from aft.values.ids import AccountId


class AwsManagementAccess:
    """Implements ``aft.account_provider.ManagementAccess``."""

    def __init__(self, sessions: AwsSessions, *, member_role: str, tagged: RecentlyTagged) -> None:
        self._sessions = sessions
        self._tagged = tagged
        self.member_role = member_role

    @property
    def home_region(self) -> str:
        return self._sessions.home_region

    @property
    def global_region(self) -> str:
        return self._sessions.global_region

    def client(self, service: str, region: str | None = None, *, once: bool = False) -> Any:
        return self._sessions.management(service, region, once=once)

    def note_tagged(self, account_id: AccountId, *, at: datetime | None = None) -> None:
        self._tagged.add(account_id, at=at)
