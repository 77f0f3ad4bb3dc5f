"""The door into one account: what settings and customizations get instead of boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aft.aws_clients import ClientOf
from aft.errors import Denied
from aft.values.ids import AccountId


class AccountSession(Protocol):
    """Short-lived credentials of exactly one account. Clients raise the errors of ``aft.errors``
    (never botocore's); throttling and transient failures are already retried inside."""

    @property
    def account_id(self) -> AccountId:
        """The account that every client of this session works in."""
        ...

    @property
    def home_region(self) -> str:
        """The region of clients that are asked for without one."""
        ...

    @property
    def client(self) -> ClientOf:
        """Gives a boto3-shaped client of a service (``region`` defaults to the home region). Cached
        per (service, region); safe to use from several threads."""
        ...

    def of(self, account_id: AccountId) -> AccountSession:
        """The same door into another account of the organization, or its management account. For
        baseline settings that work with an administrator account. A customization's session raises
        ``Denied``: a team's own code stays in the team's own account."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait between two looks at something; over the sandbox's clock it takes no time."""
        ...

    def environment(self) -> Mapping[str, str]:
        """``AWS_*`` variables with this account's credentials alone, for a child process."""
        ...


class SealedSession:
    """A session that leads into its own account and nowhere else; given to customizations."""

    def __init__(self, session: AccountSession) -> None:
        self._session = session

    @property
    def account_id(self) -> AccountId:
        return self._session.account_id

    @property
    def home_region(self) -> str:
        return self._session.home_region

    @property
    def client(self) -> ClientOf:
        return self._session.client

    def of(self, account_id: AccountId) -> AccountSession:
        """Itself for its own account. Raises ``Denied`` for any other."""
        if account_id == self.account_id:
            return self
        raise Denied(
            f"a customization of account {self.account_id} must not work in account {account_id}",
            hint="give the other account its own customization, and pass values through outputs",
        )

    def sleep(self, seconds: float) -> None:
        self._session.sleep(seconds)

    def environment(self) -> Mapping[str, str]:
        return self._session.environment()

    def __repr__(self) -> str:
        return f"<sealed session in account {self.account_id}>"
