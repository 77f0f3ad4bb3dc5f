"""Baseline setting ``ram-shares``: the account is in resource shares of other accounts.

AWS (RAM User Guide, "Sharing your AWS resources"; API ``AssociateResourceShare``): a share is
regional and belongs to one account, which alone may add principals: account ids, OUs or the
organization. With sharing enabled in the organization, its accounts see the resources at once;
otherwise, and for accounts outside, the member gets an invitation that it must accept within seven
days. ``GetResourceShares`` for ``OTHER-ACCOUNTS`` is the member's view: what is there has reached
it, by whichever principal.

Only the account itself is ever added as a principal; a share that reaches it by its OU is left as
it is. The account is not taken out of shares that are no longer listed: something may use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

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

    name: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        description="Name of the share in the account that owns it."
    )
    owner: AccountReference = Field(
        description="The account that owns it: an account id in quotes, or the id of its request."
    )
    region: str | None = Field(
        default=None, description="Where the share is; the home region unless set."
    )
    accept_only: bool = Field(
        default=False,
        description="Only accept the owner's invitation: for owners outside the organization, "
        "whose account aft cannot enter.",
    )


class RamSharesParameters(SettingParameters):
    """Parameters of ``ram-shares``."""

    shares: Annotated[tuple[ShareEntry, ...], Field(min_length=1)] = Field(
        description="The resource shares the account takes part in."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedShare:
    """``arn`` is empty where the owner has no such share (or it cannot be seen from here)."""

    entry: ShareEntry
    is_own: bool = False
    arn: str = ""
    reaches_us: bool = False
    invitation: str = ""
    association: str = ""
    problem: str = ""


Inputs = SettingInputs[RamSharesParameters]


class RamShares(Setting[RamSharesParameters, tuple[ObservedShare, ...]]):
    """The account takes part in the resource shares."""

    name = "ram-shares"
    description = "Resource shares (RAM) the account takes part in."
    parameters_model = RamSharesParameters

    def facts(self, account: AccountFacts) -> object:
        return {"account_id": account.account_id, "home_region": account.home_region}

    def read(self, inputs: Inputs, session: AccountSession) -> tuple[ObservedShare, ...]:
        return tuple(_look(entry, inputs, session) for entry in inputs.parameters.shares)

    def differences(self, inputs: Inputs, observed: tuple[ObservedShare, ...]) -> Differences:
        for share in observed:
            if not (share.is_own or share.reaches_us):
                words = f"resource share {share.entry.name} of {share.entry.owner} {_words(share)}"
                pending = _is_under_way(share)
                yield differs(words, share.association or None, "ASSOCIATED", pending=pending)

    def fix(
        self, inputs: Inputs, observed: tuple[ObservedShare, ...], session: AccountSession
    ) -> None:
        for share in observed:
            if share.is_own or share.reaches_us or _is_under_way(share):
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


def _look(entry: ShareEntry, inputs: Inputs, session: AccountSession) -> ObservedShare:
    owner = account_behind(entry.owner, inputs.account)
    if owner == session.account_id:
        return ObservedShare(entry=entry, is_own=True)
    region = entry.region or session.home_region
    own = session.client("ram", region)
    shares = own.get_paginator("get_resource_shares")
    for page in shares.paginate(resourceOwner="OTHER-ACCOUNTS", name=entry.name):
        for share in page["resourceShares"]:
            if share["owningAccountId"] == owner and share["status"] == "ACTIVE":
                return ObservedShare(entry=entry, arn=share["resourceShareArn"], reaches_us=True)
    if entry.accept_only:
        invited = (entry.name, owner)
        for item in _open_invitations(own):
            if (item["resourceShareName"], item["senderAccountId"]) == invited:
                invitation = item["resourceShareInvitationArn"]
                return ObservedShare(
                    entry=entry, arn=item["resourceShareArn"], invitation=invitation
                )
        return ObservedShare(entry=entry)
    theirs = session.of(owner).client("ram", region)
    arn = _own_share(theirs, entry.name)
    if not arn:
        return ObservedShare(entry=entry)
    status, problem = _association(theirs, arn, session.account_id)
    invitation = _invitation(own, arn=arn)
    return ObservedShare(
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
    for page in own.get_paginator("get_resource_share_invitations").paginate():
        yield from (
            item for item in page["resourceShareInvitations"] if item["status"] == "PENDING"
        )


def _is_under_way(share: ObservedShare) -> bool:
    return share.association == "ASSOCIATING" and not share.invitation


def _words(share: ObservedShare) -> str:
    if not share.arn:
        what = "has sent no invitation" if share.entry.accept_only else "does not exist"
        return f"{what}, the account should be in it"
    if share.invitation:
        return "has invited the account, which should accept"
    if share.association:
        detail = f" ({share.problem})" if share.problem else ""
        return f"is {share.association} with the account{detail}, should be ASSOCIATED"
    return "does not reach the account, should be ASSOCIATED"


def _missing(share: ObservedShare) -> Terminal:
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
