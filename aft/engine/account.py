"""One account while a run works on it: whether it can be worked in, where it is, and its tags.

It is waited for by probes with a deadline, never by a fixed sleep: right after an account has been
created its role can often not be assumed yet, and "works on the second run" is what comes of not
looking. Place and tags change one at a time, and each change may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from aft.engine.context import RunContext
from aft.errors import Conflict, NotFound, Terminal, Transient
from aft.plan.fields import OU, OU_ID, field_of
from aft.plan.model import Change
from aft.ports import AccessRefusal
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath

SOONEST = 0.25
LONGEST_WAIT = 10.0
SETTLED_ACCOUNT_SECONDS = 60.0
"""How long an account that is not new may refuse before that counts as final."""
REFUSAL_SAID_SECONDS = 30.0
"""How long a wait says nothing of what is refused, as a role of a new account mostly comes. With
the longest wait between two looks, what is refused is named within the first minute."""


def ensure_usable(context: RunContext, change: Change, account_id: AccountId) -> None:
    """Return once the account answers. The first step that asks looks, the others wait for it; what
    it finds holds for the whole run. Raises ``Terminal`` when it does not in time, ``Stopped`` when
    the run ends first."""
    entrance, is_first = context.entrance(account_id)
    if not is_first:
        entrance.result()
        return
    try:
        _wait(context, change, account_id)
    except BaseException as error:
        entrance.set_exception(error)  # or the others would wait permanently
        raise
    entrance.set_result(None)


def _wait(context: RunContext, change: Change, account_id: AccountId) -> None:
    clock = context.tools.clock
    began = clock.monotonic()
    allowed = _allowed_seconds(context, change.target)
    wait = SOONEST
    while True:
        context.pause.check()
        looked_at = clock.monotonic()
        if _probe(context, account_id):
            return
        waited = looked_at - began
        refusal = None
        if waited >= min(REFUSAL_SAID_SECONDS, allowed):
            refusal = context.tools.members.refusal(account_id)
        if waited >= allowed:  # only a look made after the deadline may say so
            raise _too_late(context, account_id, waited=waited, refusal=refusal)
        context.waiting(change, _why_not_yet(account_id, refusal))
        left = allowed - (clock.monotonic() - began)
        context.pause.wait(max(SOONEST, min(wait, left)))
        wait = min(LONGEST_WAIT, wait * 1.5)


def _probe(context: RunContext, account_id: AccountId) -> bool:
    try:
        return context.tools.members.is_usable(account_id)
    except Transient:
        return False


def _why_not_yet(account_id: AccountId, refusal: AccessRefusal | None) -> str:
    words = f"account {account_id} is not usable yet"
    return f"{words}: {refusal.message}; {refusal.hint}" if refusal is not None else words


def _allowed_seconds(context: RunContext, target: str) -> float:
    """The configured time for a new account, counted from its birth; less for an old one."""
    born = context.born(target)
    if born is None:
        return SETTLED_ACCOUNT_SECONDS
    age = context.tools.clock.now() - born
    within = timedelta(seconds=context.limits.usable_within_seconds)
    if age < within:
        return float(context.limits.usable_within_seconds)
    return SETTLED_ACCOUNT_SECONDS


def _too_late(
    context: RunContext, account_id: AccountId, *, waited: float, refusal: AccessRefusal | None
) -> Terminal:
    within = f"account {account_id} was not usable within {waited:.0f} s"
    if refusal is not None:
        return Terminal(f"{within}: {refusal.message}", hint=f"{refusal.hint}; then run again")
    role = context.desired.config.roles.member
    region = context.desired.config.home_region
    return Terminal(
        f"{within}: the role {role} cannot be assumed, or the account does not answer in {region}",
        hint=f"check that the role {role} exists in account {account_id} and trusts the "
        "management account, and that no policy denies sts:AssumeRole; then run again",
    )


# --- its place and its tags -----------------------------------------------------------------------


MOVE_TRIES = 4


def destination_of(context: RunContext, change: Change) -> OrgUnitId:
    """The OU a change wants the account in: by id if the plan knew it, else by path."""
    field = field_of(change, OU_ID)
    if field is not None and field.after is not None:
        return OrgUnitId(field.after)
    path = field_of(change, OU)
    if path is not None and path.after is not None:
        return context.units.id_of(OrgUnitPath.of_text(path.after))
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
    tried again, and anywhere else someone has moved it: for a plan to decide, unless the account
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
