"""The names of the fields a change carries, and how to read them back. One vocabulary for those who
make changes (``aft.plan``), carry them out (``aft.engine``) and show them (``aft.report``). It
reads changes; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aft.errors import UserError
from aft.plan.model import Change, FieldChange, Plan

ACCOUNT_ID = "account_id"
NAME = "name"
EMAIL = "email"
OU = "ou"
"""An OU's path as it will be once this plan's renames are done."""
OU_ID = "ou_id"
"""AWS's id of an OU; not known while the OU is itself to be created. Never shown to people."""
REQUEST = "request"
"""The request id an account is bound to."""
RERUN = "rerun"
"""Set on a customization step that runs although nothing changed, because someone asked."""
REVISION = "revision"
"""The revision at which a step to be destroyed was last run."""
TAG_PREFIX = "tags."
ARRIVAL = "arrival"
"""Set where an account is brought home that aft itself has started to create: the rest of a routine
creation, which a failure or a killed run left open."""
DOUBT = "doubt"
"""Set on a creation of which something has to be looked at first: an earlier one that was started,
or whether the e-mail address is free. No part of what is carried out."""
ACCEPTED = "accepted"
"""Set where an earlier run was allowed to do the same, and left it undone."""
PROTECTED = "protect"
"""Whether the account is protected."""
RELEASED = "released"
"""When the protection of its account was released, on what is risky there: no review of before
has seen it so."""
POLICIES = "policies"
"""The organization's own policies that hold for an account only before its move, and only after it,
by id. Absent where there are none; not known where they were not read."""
OUTSIDE = "outside"
"""Set where something is put back that was changed outside git, as it was applied."""
CIDR = "cidr"
"""The range of addresses a setting gets, under the setting's name."""
TAKES_AWAY = "takes_away"
"""One thing that a setting or customization takes away in the account, in words, as ``before``."""
CODE = "code"
"""Set where code will run in an account that exists and has not run it as it is now: ``after`` is
``new`` or ``changed``."""
WEAKER_PREFIX = "weaker."
"""Before the parameter of a setting that protects less than it did as last applied."""
POWER_PREFIX = "power."
"""Before what someone can do more of than before; ``after`` says what, in words."""
OUTSIDE_PREFIX = "outside."
"""The same of someone outside the organization."""
GIVEN_PREFIX = "given."
"""Before the variable of a secret that a step is given; the values are ARNs, ``before`` that of the
last time."""
NOT_KEPT = FieldChange(field=f"{WEAKER_PREFIX}kept by aft", before="yes", after="no")
"""What aft has set or made stays as it is, and no run notices that it is changed."""
_GAINS = (WEAKER_PREFIX, POWER_PREFIX, OUTSIDE_PREFIX, GIVEN_PREFIX)


def tag_field(key: str, before: str | None, after: str | None) -> FieldChange:
    """One tag's change; ``after`` ``None`` removes it."""
    return FieldChange(field=TAG_PREFIX + key, before=before, after=after)


def takes_away(what: str) -> FieldChange:
    """Something in the account that will be gone."""
    return FieldChange(field=TAKES_AWAY, before=what, after=None)


def taken_away(change: Change) -> tuple[str, ...]:
    """What ``takes_away`` said of ``change``."""
    return tuple(item.before or "" for item in change.fields if item.field == TAKES_AWAY)


def is_gain(item: FieldChange) -> bool:
    """It says what gets weaker, or who gains power, and is the same for accounts that are alike."""
    return item.field == CODE or item.field.startswith(_GAINS)


def gains(change: Change) -> tuple[FieldChange, ...]:
    """What gets weaker by ``change``, and who gains power; a secret that is given again is none."""
    return tuple(item for item in filter(is_gain, change.fields) if not is_given_again(item))


def is_given_again(item: FieldChange) -> bool:
    """A secret that the step was given when it last ran."""
    return item.field.startswith(GIVEN_PREFIX) and item.before == item.after


def secrets_given(change: Change) -> tuple[FieldChange, ...]:
    """The secrets that the step of ``change`` is given."""
    return tuple(item for item in change.fields if item.field.startswith(GIVEN_PREFIX))


def powers(change: Change) -> tuple[FieldChange, ...]:
    """Who gains power by ``change``, inside or outside the organization, by its part."""
    lead = (POWER_PREFIX, OUTSIDE_PREFIX)
    return tuple(item for item in change.fields if item.field.startswith(lead))


def tags_to_set(change: Change) -> Mapping[str, str]:
    """The tags this change puts on the account, by key."""
    return {key: value for key, value in _tags(change) if value is not None}


def tags_to_remove(change: Change) -> tuple[str, ...]:
    """The keys of the tags this change takes off the account."""
    return tuple(key for key, value in _tags(change) if value is None)


def _tags(change: Change) -> Iterator[tuple[str, str | None]]:
    for item in change.fields:
        if item.field.startswith(TAG_PREFIX):
            yield item.field.removeprefix(TAG_PREFIX), item.after


def allocations_in(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """By target and setting: the ranges the plan gives, or found and remembers."""
    found: dict[str, dict[str, str]] = {}
    for change in plan.changes:
        given = field_of(change, CIDR)
        if given is not None and given.after:
            found.setdefault(change.target, {})[change.key] = given.after
    for item in plan.confirmations:
        if item.allocation:
            found.setdefault(item.target, {})[item.ref.key] = item.allocation
    return found


def wanted(change: Change, name: str) -> str:
    """What ``change`` says its field ``name`` shall be. Raises ``UserError`` where it says
    nothing, which only a manually made plan does."""
    found = field_of(change, name)
    if found is None or found.after is None:
        raise UserError(f"{change.id} does not say its {name}", hint="make a new plan")
    return found.after


def field_of(change: Change, name: str) -> FieldChange | None:
    """The field called ``name``, or ``None``."""
    return next((item for item in change.fields if item.field == name), None)
