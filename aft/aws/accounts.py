"""One account as Organizations reports it, and its tags, into the model. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

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


def read_account(client: OrganizationsClient, known: KnownUnits, account_id: AccountId) -> Account:
    """Describe, parent, tags: three reads, and those for OUs never seen. Raises ``NotFound``."""
    raw = client.describe_account(AccountId=account_id)["Account"]
    parent_id = parent_of(client, account_id)
    tags = read_tags(client, account_id)
    ou = path_of(climb(client, known, parent_id))
    return account_from(raw, parent_id=parent_id, ou=ou, tags=tags)
