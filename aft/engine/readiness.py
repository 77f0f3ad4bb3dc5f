"""Waiting until an account can really be worked in: probes with a deadline, never a fixed sleep.

Right after an account has been created its role can often not be assumed yet; "works on the second
run" is what comes of not looking.
"""

from __future__ import annotations

from datetime import timedelta

from aft.engine.context import RunContext
from aft.errors import Terminal, Transient
from aft.plan.model import Change
from aft.values.ids import AccountId

SOONEST = 0.25
LONGEST_WAIT = 10.0
SETTLED_ACCOUNT_SECONDS = 60.0
"""How long an account that is not new may refuse before that counts as final."""


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
        if looked_at - began >= allowed:  # only a look made after the deadline may say so
            raise _too_late(context, account_id, waited=looked_at - began)
        context.waiting(change, f"account {account_id} is not usable yet")
        left = allowed - (clock.monotonic() - began)
        context.pause.wait(max(SOONEST, min(wait, left)))
        wait = min(LONGEST_WAIT, wait * 1.5)


def _probe(context: RunContext, account_id: AccountId) -> bool:
    try:
        return context.tools.members.is_usable(account_id)
    except Transient:
        return False


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


def _too_late(context: RunContext, account_id: AccountId, *, waited: float) -> Terminal:
    role = context.desired.config.roles.member
    region = context.desired.config.home_region
    return Terminal(
        f"account {account_id} was not usable within {waited:.0f} s: the role {role} cannot be "
        f"assumed, or the account does not answer in {region}",
        hint=f"check that the role {role} exists in account {account_id} and trusts the "
        "management account, and that no policy denies sts:AssumeRole; then run again",
    )
