"""What settings, templates and scripts may see of one account, drawn from its request."""

from __future__ import annotations

from collections.abc import Mapping

from aft.config.model import Config
from aft.desired.model import AccountRequest
from aft.organization.model import REQUEST_TAG, AccountFacts, Surroundings
from aft.values.ids import AccountId, OrgUnitPath

_NONE: Mapping[str, str] = {}
_ALONE = Surroundings()


def account_facts(
    request: AccountRequest,
    config: Config,
    *,
    account_id: AccountId | None,
    ou: OrgUnitPath,
    around: Surroundings = _ALONE,
    allocations: Mapping[str, str] = _NONE,
) -> AccountFacts:
    """The facts of the account of ``request``; ``ou`` is its path even where the request names
    an OU by AWS's id. ``regions`` are the request's, else the configuration's, home first.
    """
    regions = (config.home_region, *(request.regions or config.governed_regions))
    owner = request.owner
    return AccountFacts(
        request_id=request.id,
        account_id=account_id,
        name=request.name,
        email=request.email,
        ou=ou,
        home_region=config.home_region,
        regions=tuple(dict.fromkeys(regions)),
        tags=request.tags,
        owner={"team": owner.team, "email": owner.email} if owner else {},
        contacts=request.contacts,
        custom_fields=request.custom_fields,
        allocations=allocations,
        budget=request.budget,
        around=around,
    )


def desired_tags(request: AccountRequest) -> Mapping[str, str]:
    """The tags aft answers for: the request's own, and the one that says whose it is."""
    return {**request.tags, REQUEST_TAG: str(request.id)}
