"""Steps on an account from outside: adopt, rebind, move, rename, tag, forget.

Each may be repeated without harm. What happens inside an account is ``inside_steps``'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aft.engine.context import RunContext
from aft.engine.done import Done
from aft.engine.journal import why
from aft.engine.run_start import confirmed_events
from aft.errors import Conflict, NotFound, Terminal
from aft.ledger.events import ORGANIZATION, EventKind
from aft.ledger.replay import rebound_data
from aft.plan.accounts import desired_tags
from aft.plan.fields import NAME, OU, OU_ID, REQUEST, field_of, tags_to_remove, tags_to_set
from aft.plan.model import Change
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

MOVE_TRIES = 4


def adopt_account(context: RunContext, change: Change) -> Done:
    """Bind an existing account to the request, in the ledger and by its tag."""
    account_id = context.account_of(change)
    owned = _owned_tags(context, change)
    journal = context.journal
    journal.append(
        journal.event(
            EventKind.BOUND,
            change.target,
            f"Bind account {account_id} to {change.target}: {change.reason}",
            account_id=account_id,
            change=change.id,
            data={"how": "adopted", **owned, **why(context.request(change.target))},
        ),
        durable=True,
    )
    context.bind(change.target, account_id)
    journal.append(*confirmed_events(context, change.target))
    tag(context, account_id, tags_to_set(change))
    return Done(
        summary=f"Adopt account {account_id} as {change.target}",
        account_id=account_id,
        data=owned,
    )


def rebind_account(context: RunContext, change: Change) -> Done:
    """Hand the account over from the request's former id, with all that was done to it."""
    account_id = context.account_of(change)
    field = field_of(change, REQUEST)
    before = field.before if field is not None else None
    if before is None:
        raise Terminal(f"{change.id} does not say which request had the account before")
    context.inherit(change.target, before)
    owned = _owned_tags(context, change)
    journal = context.journal
    # One append: whoever reads the ledger sees the account under exactly one of the two names.
    journal.append(
        journal.event(
            EventKind.BOUND,
            change.target,
            f"Bind account {account_id} to {change.target}, which was {before}",
            account_id=account_id,
            change=change.id,
            data={**rebound_data(context.record(before)), **owned},
        ),
        journal.event(
            EventKind.FORGOTTEN,
            before,
            f"Hand account {account_id} over from {before} to {change.target}",
            account_id=account_id,
            change=change.id,
            data={"rebound_to": change.target},
        ),
        durable=True,
    )
    context.bind(change.target, account_id)
    journal.append(*confirmed_events(context, change.target))
    tag(context, account_id, tags_to_set(change))
    return Done(
        summary=f"Rename request {before} to {change.target} (account {account_id})",
        account_id=account_id,
        data=owned,
    )


def move_account(context: RunContext, change: Change) -> Done:
    """Move the account to the OU the change names."""
    account_id = context.account_of(change)
    destination = destination_of(context, change)
    field = field_of(change, OU_ID)
    source = OrgUnitId(field.before) if field is not None and field.before is not None else None
    place(context, account_id, source=source, destination=destination)
    ou = field_of(change, OU)
    there = ou.after if ou is not None else destination
    return Done(
        summary=f"Move {change.target} ({account_id}) to {there}",
        message=f"to {there}",
        account_id=account_id,
    )


def rename_account(context: RunContext, change: Change) -> Done:
    """Give the account the name the change says."""
    account_id = context.account_of(change)
    field = field_of(change, NAME)
    name = field.after if field is not None and field.after else context.request(change.target).name
    writer = context.tools.writer
    context.retry(lambda: writer.rename_account(account_id, name))
    return Done(
        summary=f"Rename account {account_id} of {change.target} to {name}",
        message=name,
        account_id=account_id,
    )


def tag_account(context: RunContext, change: Change) -> Done:
    """Set and remove the tags the change lists."""
    account_id = context.account_of(change)
    added, removed = tags_to_set(change), tags_to_remove(change)
    tag(context, account_id, added)
    untag(context, account_id, removed)
    told = [f"set {', '.join(sorted(added))}"] if added else []
    told += [f"removed {', '.join(sorted(removed))}"] if removed else []
    return Done(
        summary=f"Tag {change.target} ({account_id}): {'; '.join(told)}",
        message="; ".join(told),
        account_id=account_id,
        data=_owned_tags(context, change, removed),
    )


def forget_account(context: RunContext, change: Change) -> Done:
    """Take aft's tags off the account and let it go; the account itself is left alone."""
    account_id = context.account_of(change)
    keys = tags_to_remove(change)
    try:
        untag(context, account_id, keys)
    except NotFound:
        keys = ()  # the account has left the organization, and its tags with it
    _leave_networks(context, change, account_id)
    return Done(
        summary=f"Forget {change.target}: its request is gone, account {account_id} is left alone",
        message="left alone",
        account_id=account_id,
        data={"untagged": sorted(keys)},
        event=EventKind.FORGOTTEN,
    )


def _leave_networks(context: RunContext, change: Change, account_id: AccountId) -> None:
    """A forgotten account keeps its networks, so nobody else may get their addresses."""
    ranges = context.record(change.target).allocations
    if ranges:
        context.journal.append(
            context.journal.event(
                EventKind.ALLOCATED,
                ORGANIZATION,
                f"Keep {', '.join(sorted(ranges.values()))} for account {account_id}, which "
                f"{change.target} leaves behind",
                account_id=account_id,
                change=change.id,
                data={
                    "allocations": {f"{account_id}/{name}": cidr for name, cidr in ranges.items()}
                },
            )
        )


def destination_of(context: RunContext, change: Change) -> OrgUnitId:
    """The OU a change wants the account in: by id if the plan knew it, else by path."""
    field = field_of(change, OU_ID)
    if field is not None and field.after is not None:
        return OrgUnitId(field.after)
    path = field_of(change, OU)
    if path is not None and path.after is not None:
        return context.units.id_of(OrgUnitPath.parse(path.after))
    ou = context.request(change.target).ou
    return context.units.id_of(ou) if isinstance(ou, OrgUnitPath) else ou


def place(
    context: RunContext,
    account_id: AccountId,
    *,
    source: OrgUnitId | None,
    destination: OrgUnitId,
    from_anywhere: bool = False,
) -> None:
    """Bring the account from ``source`` to ``destination``; ``None`` looks where it is.

    When AWS says it is not there, it is looked up: at its destination all is well, at ``source``
    the move is tried again, and anywhere else somebody has moved it: for a plan to decide,
    unless the account is just arriving (``from_anywhere``).
    """
    for attempt in range(MOVE_TRIES):
        here = _parent(context, account_id) if source is None or attempt else source
        if here == destination:
            return
        if source is not None and here != source and not from_anywhere:
            raise Conflict(
                f"account {account_id} was moved to {_named(context, here)} by somebody else "
                "since it was read",
                hint="run again: a new plan starts from where it is now",
            )
        try:
            _move_once(context, account_id, here, destination)
            return
        except (Conflict, NotFound):
            if attempt + 1 == MOVE_TRIES:
                raise
        context.pause.wait(context.tools.random() * 0.5 * 2**attempt)


def _move_once(
    context: RunContext, account_id: AccountId, source: OrgUnitId, destination: OrgUnitId
) -> None:
    """One move; retried only where the reason is not the account's place."""

    def move() -> Conflict | None:
        try:
            context.tools.writer.move_account(account_id, source=source, destination=destination)
        except Conflict as error:
            return error
        return None

    if refused := context.retry(move):
        raise refused


def _parent(context: RunContext, account_id: AccountId) -> OrgUnitId:
    lookup = context.tools.lookup
    return context.retry(lambda: lookup.account(account_id)).parent_id


def _named(context: RunContext, unit_id: OrgUnitId) -> str:
    path = context.units.path_of(unit_id)
    return f"{path} ({unit_id})" if path is not None else unit_id


def tag(context: RunContext, account_id: AccountId, tags: Mapping[str, str]) -> None:
    """Put these tags on the account."""
    if tags:
        writer = context.tools.writer
        context.retry(lambda: writer.tag_account(account_id, sorted(tags.items())))


def untag(context: RunContext, account_id: AccountId, keys: Sequence[str]) -> None:
    """Take these tags off the account."""
    if keys:
        writer = context.tools.writer
        context.retry(lambda: writer.untag_account(account_id, keys))


def _owned_tags(
    context: RunContext, change: Change, removed: Sequence[str] = ()
) -> Mapping[str, Any]:
    """Every tag the request names is aft's from now on, even where it was there already (an
    account adopted after a crash): so it goes when it is taken out of the file."""
    wanted = desired_tags(context.request(change.target))
    return context.note_tags(change.target, added=wanted, removed=removed)
