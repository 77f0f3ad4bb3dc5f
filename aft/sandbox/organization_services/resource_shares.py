"""Resource Access Manager: shares, principals, invitations.

Facts: botocore's ``ram`` model and the RAM user guide: a share is its owner's, in one region;
accounts of the organization get it at once when sharing in the organization is enabled, all others
by an invitation; OUs and the organization are principals only with sharing enabled, which is
trusted access of ``ram.amazonaws.com``. What is shared is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aft.sandbox.api_errors import ApiError
from aft.sandbox.calls import Handler
from aft.sandbox.organization_services.account_service import Call, Result, guarded, paged
from aft.sandbox.organizations_backend.rules import Context

PRINCIPAL = "ram.amazonaws.com"


@dataclass(slots=True, kw_only=True)
class Share:
    """A share; ``principals`` maps account ids and ARNs to the association's status."""

    arn: str
    name: str
    owner: str
    region: str
    created_at: float
    external: bool
    resources: list[str] = field(default_factory=list)
    principals: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"


@dataclass(slots=True, kw_only=True)
class Invitation:
    """An invitation of one account into one share."""

    arn: str
    share: str
    receiver: str
    sent_at: float
    status: str = "PENDING"


@dataclass(slots=True, kw_only=True)
class Shares:
    """Everybody's, in all regions: shares by ARN."""

    shares: dict[str, Share] = field(default_factory=dict)
    invitations: dict[str, Invitation] = field(default_factory=dict)


def handlers(context: Context) -> Mapping[tuple[str, str], Handler]:
    """Its operations, ready for the dispatcher."""
    return guarded(context, "ram", _OPERATIONS, invalid="InvalidParameterException")


def _all(at: Call) -> Shares:
    return at.state(Shares, at.management, everywhere=True)


def _is_enabled(at: Call) -> bool:
    return PRINCIPAL in at.context.organization.trusted_services


def _unknown(arn: str) -> ApiError:
    return ApiError("UnknownResourceException", f"ResourceShare {arn} could not be found.")


def _not_permitted(message: str) -> ApiError:
    return ApiError("OperationNotPermittedException", message, status=400)


def _own(at: Call) -> Share:
    arn = str(at.params["resourceShareArn"])
    found = _all(at).shares.get(arn)
    if found is None or found.owner != at.caller or found.region != at.region:
        raise _unknown(arn)
    return found


# --- shares ---------------------------------------------------------------------------------


def _create(at: Call) -> Result:
    arn = f"arn:aws:ram:{at.region}:{at.caller}:resource-share/{at.new_id()}"
    share = Share(
        arn=arn,
        name=str(at.params["name"]),
        owner=at.caller,
        region=at.region,
        created_at=at.context.now(),
        external=at.params.get("allowExternalPrincipals", True) is not False,
        resources=list(at.params.get("resourceArns") or ()),
    )
    for principal in at.params.get("principals") or ():
        _invite(at, share, principal)
    _all(at).shares[arn] = share
    return {"resourceShare": _entry(share)}


def _entry(share: Share) -> dict[str, Any]:
    moment = datetime.fromtimestamp(share.created_at, UTC)
    return {
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": share.owner,
        "allowExternalPrincipals": share.external,
        "status": share.status,
        "creationTime": moment,
        "lastUpdatedTime": moment,
        "featureSet": "STANDARD",
    }


def _list(at: Call) -> Result:
    wanted = at.params
    own = wanted["resourceOwner"] == "SELF"
    arns = wanted.get("resourceShareArns")
    found = [
        _entry(share)
        for share in _all(at).shares.values()
        if share.region == at.region
        and (share.owner == at.caller if own else _reaches(at, share))
        and (not arns or share.arn in arns)
        and wanted.get("name") in (None, share.name)
        and wanted.get("resourceShareStatus") in (None, share.status)
    ]
    return paged(found, wanted, name="resourceShares", size=100, lower=True)


def _reaches(at: Call, share: Share) -> bool:
    """Does any principal of the share stand for the caller?"""
    if share.owner == at.caller or share.status != "ACTIVE":
        return False
    account = at.account(at.caller)
    names = {at.caller}
    if account is not None and _is_enabled(at):
        organization = at.context.organization
        names |= {
            organization.arn("ou", unit.id) for unit in organization.ancestors(account.parent_id)
        }
        names.add(organization.arn("organization"))
    return any(share.principals.get(name) == "ASSOCIATED" for name in names)


def _delete(at: Call) -> Result:
    share = _own(at)
    share.status = "DELETED"
    share.principals.clear()
    return {"returnValue": True}


def _enable_in_organization(at: Call) -> Result:
    if not at.is_management:
        raise _not_permitted("Only the management account may enable sharing.")
    at.context.organization.trusted_services.setdefault(PRINCIPAL, at.context.now())
    return {"returnValue": True}


# --- principals -----------------------------------------------------------------------------


def _associate(at: Call) -> Result:
    share = _own(at)
    if share.status != "ACTIVE":
        raise ApiError("InvalidStateTransitionException", f"The share is {share.status}.")
    share.resources.extend(
        item for item in at.params.get("resourceArns") or () if item not in share.resources
    )
    principals = list(at.params.get("principals") or ())
    for principal in principals:
        _invite(at, share, principal)
    return {"resourceShareAssociations": [_association(share, item) for item in principals]}


def _invite(at: Call, share: Share, principal: str) -> None:
    if share.principals.get(principal) == "ASSOCIATED":
        return
    shared_here = _is_enabled(at)
    if not (len(principal) == 12 and principal.isdigit()):
        if not shared_here or f"/{at.context.organization.id}" not in principal:
            raise _not_permitted(f"{principal} is not a principal of this organization.")
        share.principals[principal] = "ASSOCIATED"
        return
    if shared_here and principal in at.context.organization.accounts:
        share.principals[principal] = "ASSOCIATED"
        return
    if not share.external:
        raise _not_permitted("The resource share allows no principals outside the organization.")
    if share.principals.get(principal) != "ASSOCIATING":
        share.principals[principal] = "ASSOCIATING"
        arn = f"arn:aws:ram:{at.region}:{at.caller}:resource-share-invitation/{at.new_id()}"
        _all(at).invitations[arn] = Invitation(
            arn=arn, share=share.arn, receiver=principal, sent_at=at.context.now()
        )


def _disassociate(at: Call) -> Result:
    share = _own(at)
    gone = [item for item in at.params.get("principals") or () if item in share.principals]
    for principal in gone:
        share.principals[principal] = "DISASSOCIATED"
    return {"resourceShareAssociations": [_association(share, item) for item in gone]}


def _association(share: Share, principal: str) -> dict[str, Any]:
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": principal,
        "associationType": "PRINCIPAL",
        "status": share.principals[principal],
        "external": False,
    }


def _associations(at: Call) -> Result:
    arns = at.params.get("resourceShareArns")
    for arn in arns or ():
        share = _all(at).shares.get(arn)
        if share is None or share.owner != at.caller:
            raise _unknown(arn)
    found = [
        item
        for share in _all(at).shares.values()
        if share.owner == at.caller and share.region == at.region
        if not arns or share.arn in arns
        for item in _associated(at, share)
    ]
    return paged(found, at.params, name="resourceShareAssociations", size=100, lower=True)


def _associated(at: Call, share: Share) -> Iterator[dict[str, Any]]:
    if at.params["associationType"] == "RESOURCE":
        for resource in share.resources:
            yield {
                "resourceShareArn": share.arn,
                "resourceShareName": share.name,
                "associatedEntity": resource,
                "associationType": "RESOURCE",
                "status": "ASSOCIATED",
            }
        return
    for principal, status in share.principals.items():
        if at.params.get("principal") in (None, principal) and at.params.get(
            "associationStatus"
        ) in (None, status):
            yield _association(share, principal)


# --- invitations ----------------------------------------------------------------------------


def _invitations(at: Call) -> Result:
    arns = at.params.get("resourceShareArns")
    found = [
        _invitation(at, item)
        for item in _all(at).invitations.values()
        if item.receiver == at.caller
        and _all(at).shares[item.share].region == at.region
        and (not arns or item.share in arns)
    ]
    return paged(found, at.params, name="resourceShareInvitations", size=100, lower=True)


def _invitation(at: Call, item: Invitation) -> dict[str, Any]:
    share = _all(at).shares[item.share]
    return {
        "resourceShareInvitationArn": item.arn,
        "resourceShareName": share.name,
        "resourceShareArn": share.arn,
        "senderAccountId": share.owner,
        "receiverAccountId": item.receiver,
        "invitationTimestamp": datetime.fromtimestamp(item.sent_at, UTC),
        "status": item.status,
    }


def _accept(at: Call) -> Result:
    arn = str(at.params["resourceShareInvitationArn"])
    item = _all(at).invitations.get(arn)
    if item is None or item.receiver != at.caller:
        raise ApiError(
            "ResourceShareInvitationArnNotFoundException", "The invitation could not be found."
        )
    if item.status == "ACCEPTED":
        raise ApiError("ResourceShareInvitationAlreadyAcceptedException", "It is already accepted.")
    item.status = "ACCEPTED"
    _all(at).shares[item.share].principals[at.caller] = "ASSOCIATED"
    return {"resourceShareInvitation": _invitation(at, item)}


_OPERATIONS = {
    "CreateResourceShare": _create,
    "GetResourceShares": _list,
    "DeleteResourceShare": _delete,
    "EnableSharingWithAwsOrganization": _enable_in_organization,
    "AssociateResourceShare": _associate,
    "DisassociateResourceShare": _disassociate,
    "GetResourceShareAssociations": _associations,
    "GetResourceShareInvitations": _invitations,
    "AcceptResourceShareInvitation": _accept,
}
