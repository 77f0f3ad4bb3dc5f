"""The door into one account: what settings and customizations get instead of boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aft.ids import AccountId


class AccountSession(Protocol):
    """Short-lived credentials of exactly one account.

    Clients raise the errors of ``aft.errors`` (never botocore's); throttling and transient
    failures are already retried inside.
    """

    @property
    def account_id(self) -> AccountId: ...

    @property
    def home_region(self) -> str: ...

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3-shaped client of ``service`` (``region`` defaults to the home region).

        Cached per (service, region); safe to use from several threads.
        """
        ...

    def sleep(self, seconds: float) -> None:
        """Wait between two looks at something; over the sandbox's clock it takes no time."""
        ...

    def environment(self) -> Mapping[str, str]:
        """``AWS_*`` variables with this account's credentials alone, for a child process."""
        ...
