"""One account as Organizations reports it, and its tags, into the model. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aft.aws.session import AwsSessions
from aft.aws.units import KnownUnits, climb, parent_of, path_of
from aft.errors import Terminal
from aft.organization.model import Account, AccountState
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_organizations.type_defs import AccountTypeDef


def account_from(
    raw: AccountTypeDef, *, parent_id: OrgUnitId, ou: OrgUnitPath, tags: Mapping[str, str]
) -> Account:
    """The ``Account`` structure of botocore, placed and tagged."""
    return Account(
        id=AccountId.parse(raw["Id"]),
        name=raw.get("Name", ""),
        email=raw.get("Email", ""),
        state=state_of(raw),
        parent_id=parent_id,
        ou=ou,
        tags=dict(sorted(tags.items())),
    )


def state_of(raw: AccountTypeDef) -> AccountState:
    """``State``, else ``Status`` (retired on 2026-09-09; its values are among ``State``'s)."""
    text = raw.get("State") or raw.get("Status") or ""
    try:
        return AccountState(text)
    except ValueError:
        raise Terminal(
            f"AWS reports account {raw.get('Id')} in state {text!r}, which aft does not know",
            hint="a newer aft may know it; nothing was changed",
        ) from None


def read_tags(client: OrganizationsClient, account_id: str) -> Mapping[str, str]:
    """The account's tags, from Organizations itself. Raises ``NotFound``."""
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=account_id)
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
                if raw.get("Email", "").casefold() == wanted:
                    return self.account(AccountId.parse(raw["Id"]))
        return None
