"""Where an account is and what tags it carries: single changes, which may be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aft.engine.context import RunContext
from aft.errors import Conflict, NotFound
from aft.plan.fields import OU, OU_ID, field_of
from aft.plan.model import Change
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

MOVE_TRIES = 4


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
    """Bring the account from ``source`` to ``destination``; ``None`` looks where it is. When AWS
    says it is not there, it is looked up: at its destination all is well, at ``source`` the move is
    tried again, and anywhere else somebody has moved it: for a plan to decide, unless the account
    is just arriving (``from_anywhere``)."""
    for attempt in range(MOVE_TRIES):
        here = _parent(context, account_id) if source is None or attempt else source
        if here == destination:
            return
        if source is not None and here != source and not from_anywhere:
            raise Conflict(
                f"account {account_id} was moved to {_named(context, here)} since it was read",
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
