"""The management account as an account provider may use it."""

from __future__ import annotations

from datetime import datetime

from aft.aws.session import AwsSessions
from aft.aws.tag_lag import RecentlyTagged
from aft.aws_clients import ClientOf
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

    @property
    def client(self) -> ClientOf:
        return self._sessions.management

    @property
    def client_once(self) -> ClientOf:
        return self._sessions.management_once

    def note_tagged(self, account_id: AccountId, *, at: datetime | None = None) -> None:
        self._tagged.add(account_id, at=at)
