"""Baseline setting ``ram-shares``: the account is in resource shares of other accounts.

AWS (RAM User Guide, "Sharing your AWS resources"; API ``AssociateResourceShare``): a share is
regional and belongs to one account; only this account can add principals: account ids, OUs or the
organization. With sharing enabled in the organization, its accounts see the resources at once;
otherwise, and for accounts outside, the account gets an invitation that it must accept within seven
days. ``GetResourceShares`` for ``OTHER-ACCOUNTS`` is the member's view: it returns all shares that
include the account, by any principal.

Only the account itself is ever added as a principal; a share that reaches it by its OU is left as
it is. The account is not taken out of shares that are no longer listed: something may use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Items, Routine, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.baselines.references import AccountReference, account_behind
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs

if TYPE_CHECKING:
    from types_boto3_ram import RAMClient


class ShareEntry(SettingParameters):
    """One resource share."""

    weakens: ClassVar[Directions] = {
        "name": Routine("it says which share, as the owner and the region do"),
        "owner": Routine("it says which share, as the name and the region do"),
        "region": Routine("it says which share, as the name and the owner do"),
        "accept_only": Weaker.ON,
    }

    name: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        description="Name of the share in the account that owns it."
    )
    owner: AccountReference = Field(
        description="The account that owns it: an account id in quotes, or the id of its request."
    )
    region: str | None = Field(
        default=None, description="The share's region; the home region by default."
    )
    accept_only: bool = Field(
        default=False,
        description="Only accept the owner's invitation: for owners outside the organization, "
        "whose account aft cannot access.",
    )


class RamSharesParameters(SettingParameters):
    """Parameters of ``ram-shares``."""

    weakens: ClassVar[Directions] = {"shares": Items(key=("name", "owner", "region"))}

    shares: Annotated[tuple[ShareEntry, ...], Field(min_length=1)] = Field(
        description="The resource shares that include the account."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareToReach:
    """A share that does not reach the account. ``arn`` is empty where the owner has no such share
    (or it cannot be seen from here)."""

    entry: ShareEntry
    arn: str = ""
    invitation: str = ""
    association: str = ""
    problem: str = ""

    @property
    def is_under_way(self) -> bool:
        """AWS is at it."""
        return self.association == "ASSOCIATING" and not self.invitation

    def __str__(self) -> str:
        if not self.arn:
            what = "has sent no invitation" if self.entry.accept_only else "does not exist"
            return f"{what}, the account should be in it"
        if self.invitation:
            return "has invited the account, which should accept"
        if self.association:
            detail = f" ({self.problem})" if self.problem else ""
            return f"is {self.association} with the account{detail}, should be ASSOCIATED"
        return "does not reach the account, should be ASSOCIATED"


Inputs = SettingInputs[RamSharesParameters]
Shares = tuple[ShareToReach, ...]


class RamShares(Setting[RamSharesParameters, Shares]):
    """The account takes part in the resource shares."""

    name = "ram-shares"
    description = "Resource shares (RAM) that include the account."
    stays = "the account stays in the shares"

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id, "home_region": account.home_region}

    def read(self, inputs: Inputs, session: AccountSession) -> Shares:
        looked = (_look(entry, inputs, session) for entry in inputs.parameters.shares)
        return tuple(share for share in looked if share is not None)

    def differences(self, inputs: Inputs, observed: Shares) -> Differences:
        for share in observed:
            words = f"resource share {share.entry.name} of {share.entry.owner} {share}"
            before, pending = share.association or None, share.is_under_way
            yield differs(words, before, "ASSOCIATED", pending=pending)

    def fix(self, inputs: Inputs, observed: Shares, session: AccountSession) -> None:
        for share in observed:
            if share.is_under_way:
                continue
            if not share.arn:
                raise _missing(share)
            region = share.entry.region or session.home_region
            own = session.client("ram", region)
            invitation = share.invitation
            if not invitation and not share.entry.accept_only:
                owner = session.of(account_behind(share.entry.owner, inputs.account))
                owner.client("ram", region).associate_resource_share(
                    resourceShareArn=share.arn, principals=[session.account_id]
                )
                invitation = _invitation(own, arn=share.arn)
            if invitation:
                own.accept_resource_share_invitation(resourceShareInvitationArn=invitation)


def _look(entry: ShareEntry, inputs: Inputs, session: AccountSession) -> ShareToReach | None:
    """``None`` where the share is the account's own, or reaches it."""
    owner = account_behind(entry.owner, inputs.account)
    if owner == session.account_id:
        return None
    region = entry.region or session.home_region
    own = session.client("ram", region)
    pages = own.get_paginator("get_resource_shares").paginate(
        resourceOwner="OTHER-ACCOUNTS", name=entry.name
    )
    for share in (share for page in pages for share in page["resourceShares"]):
        if share["owningAccountId"] == owner and share["status"] == "ACTIVE":
            return None
    if entry.accept_only:
        for item in _open_invitations(own):
            if (item["resourceShareName"], item["senderAccountId"]) == (entry.name, owner):
                arn, invitation = item["resourceShareArn"], item["resourceShareInvitationArn"]
                return ShareToReach(entry=entry, arn=arn, invitation=invitation)
        return ShareToReach(entry=entry)
    theirs = session.of(owner).client("ram", region)
    arn = _own_share(theirs, entry.name)
    if not arn:
        return ShareToReach(entry=entry)
    status, problem = _association(theirs, arn, session.account_id)
    invitation = _invitation(own, arn=arn)
    return ShareToReach(
        entry=entry, arn=arn, association=status, problem=problem, invitation=invitation
    )


def _own_share(owner: RAMClient, name: str) -> str:
    pages = owner.get_paginator("get_resource_shares").paginate(
        resourceOwner="SELF", name=name, resourceShareStatus="ACTIVE"
    )
    found = (share for page in pages for share in page["resourceShares"] if share["name"] == name)
    return next((share["resourceShareArn"] for share in found), "")


def _association(owner: RAMClient, arn: str, account_id: str) -> tuple[str, str]:
    answer = owner.get_resource_share_associations(
        associationType="PRINCIPAL", resourceShareArns=[arn], principal=account_id
    )
    for item in answer["resourceShareAssociations"]:
        if item["status"] not in {"DISASSOCIATED", "DISASSOCIATING"}:
            return item["status"], item.get("statusMessage", "")
    return "", ""


def _invitation(own: RAMClient, *, arn: str) -> str:
    found = (item for item in _open_invitations(own) if item["resourceShareArn"] == arn)
    return next((item["resourceShareInvitationArn"] for item in found), "")


def _open_invitations(own: RAMClient) -> Iterator[Mapping[str, Any]]:
    pages = own.get_paginator("get_resource_share_invitations").paginate()
    found = (item for page in pages for item in page["resourceShareInvitations"])
    return (item for item in found if item["status"] == "PENDING")


def _missing(share: ShareToReach) -> Terminal:
    entry = share.entry
    if entry.accept_only:
        return Terminal(
            f"account {entry.owner} has sent no invitation to resource share {entry.name}",
            hint="ask its owner for one; it lapses after seven days",
        )
    return Terminal(
        f"account {entry.owner} has no active resource share {entry.name!r}",
        hint="create it there first, for example by a customization, or correct the name or region",
    )
