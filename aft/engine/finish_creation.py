"""What follows a creation: the account is bound, made sure of, placed and labelled.

The binding is durable before anything else is done to the account, so that whatever fails
afterwards is repaired by the next plan, which finds a bound account in the wrong place.
"""

from __future__ import annotations

from aft.account_provider import Creation
from aft.engine.context import RunContext
from aft.engine.effects import StepSuccess
from aft.engine.placement import destination_of, place, tag
from aft.engine.readiness import ensure_usable
from aft.ledger.payloads import Bound
from aft.organization.model import REQUEST_TAG, Account
from aft.plan.fields import NAME, OU, field_of, tags_to_set, wanted
from aft.plan.model import Change
from aft.values.ids import AccountId


def settle_in(
    context: RunContext,
    change: Change,
    account_id: AccountId,
    *,
    creation: Creation | None = None,
    found: Account | None = None,
) -> StepSuccess:
    """Make ``account_id`` the request's. ``found`` is given for an account that this very run
    did not ask for, whose name, tags and place may be other than wanted."""
    provider = context.tools.provider
    how = "created" if creation is not None else "found"
    tags = tags_to_set(change)
    owned = context.owned_tags(change.target, added=tags)
    context.bind(
        change,
        account_id,
        Bound(how=how, creation_id=creation.id if creation else None, tag_keys=owned),
        f"Bind account {account_id} to {change.target} ({how})",
        is_new=creation is not None or bool(found and found.tags.get(REQUEST_TAG) == change.target),
    )
    ensure_usable(context, change, account_id)
    destination = destination_of(context, change)
    born_in = provider.birthplace(destination, context.snapshot)
    source = found.parent_id if found is not None else born_in
    place(context, account_id, source=source, destination=destination, from_anywhere=True)
    if found is not None:
        _label(context, change, found)
    elif not provider.traits.tags_accounts:
        tag(context, account_id, tags)
    ou = field_of(change, OU)
    there = ou.after if ou is not None else destination
    verb = "Create" if creation is not None else "Find"
    return StepSuccess(
        summary=f"{verb} account {account_id} for {change.target} in {there}",
        message=f"account {account_id} in {there}",
        account_id=account_id,
        data={"how": how, "tag_keys": owned},
    )


def _label(context: RunContext, change: Change, found: Account) -> None:
    """Name and tags as the plan has them."""
    missing = {k: v for k, v in tags_to_set(change).items() if found.tags.get(k) != v}
    tag(context, found.id, missing)
    writer, name = context.tools.writer, wanted(change, NAME)
    if found.name != name:
        context.retry(lambda: writer.rename_account(found.id, name))
