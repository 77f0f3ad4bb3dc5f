"""Fresh reads of single accounts, for decisions that must not rest on an old snapshot."""

from __future__ import annotations

from aft.aws.accounts import read_account
from aft.aws.session import AwsSessions
from aft.aws.units import KnownUnits
from aft.organization.model import Account
from aft.values.ids import AccountId


class AwsAccountLookup:
    """Implements ``aft.ports.AccountLookup``."""

    def __init__(self, sessions: AwsSessions, *, known: KnownUnits) -> None:
        """``known`` spares the reads of OUs that a snapshot has already seen."""
        self._sessions = sessions
        self._known = known

    def account(self, account_id: AccountId) -> Account:
        return read_account(self._sessions.organizations(), self._known, account_id)

    def account_by_email(self, email: str) -> Account | None:
        """Twenty accounts a call, until it is found; AWS has no search by e-mail."""
        wanted = email.casefold()
        client = self._sessions.organizations()
        for page in client.get_paginator("list_accounts").paginate():
            for raw in page["Accounts"]:
                if raw.get("Email", "").casefold() == wanted:
                    return self.account(AccountId.parse(raw["Id"]))
        return None
