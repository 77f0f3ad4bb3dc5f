"""Which changes are risky: the one place that says so.

Risky is what cannot simply be undone, what changes which guardrails hold, what takes something
away, and what puts an account under another name than people think. Such changes are never
folded or shortened in a plan, and ``aft apply --reviewed`` carries out none that nobody has seen
(``aft.plan.reviewed``). Pure: judges a change by what the plan says of it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from aft.organization.model import REQUEST_TAG
from aft.plan.fields import ARRIVAL, EMAIL, TAG_PREFIX, TAKES_AWAY, field_of, tags_to_remove
from aft.plan.model import Change, ChangeKind


class Risk(enum.StrEnum):
    """Why a change is risky."""

    MOVE = "move"
    FORGET = "forget"
    DELETE_OU = "delete-ou"
    DESTROY = "destroy"
    ADOPT = "adopt"
    IDENTITY = "identity"
    UNTAG = "untag"
    TAKE_AWAY = "take-away"


RISK_WORDS: Mapping[Risk, str] = {
    Risk.MOVE: "other guardrails will hold for the account",
    Risk.FORGET: "aft lets go of the account",
    Risk.DELETE_OU: "the OU is gone afterwards",
    Risk.DESTROY: "what a customization made is destroyed",
    Risk.ADOPT: "an account that exists comes under this repository",
    Risk.IDENTITY: "who the account belongs to changes",
    Risk.UNTAG: "tags are removed, and guardrails or access may depend on them",
    Risk.TAKE_AWAY: "something in the account is taken away",
}
"""Each risk in a few words."""

_OF_KIND: Mapping[ChangeKind, Risk] = {
    ChangeKind.MOVE_ACCOUNT: Risk.MOVE,
    ChangeKind.FORGET_ACCOUNT: Risk.FORGET,
    ChangeKind.DELETE_OU: Risk.DELETE_OU,
    ChangeKind.DESTROY_CUSTOMIZATION: Risk.DESTROY,
    ChangeKind.ADOPT_ACCOUNT: Risk.ADOPT,
    ChangeKind.REBIND_ACCOUNT: Risk.IDENTITY,
}

_IDENTITY = frozenset({EMAIL, TAG_PREFIX + REQUEST_TAG})
"""Fields by which an account is recognised; giving one where there was none is no risk."""


def risk_of(change: Change) -> Risk | None:
    """Why ``change`` must be seen by whoever says yes; ``None`` for routine."""
    if field_of(change, ARRIVAL) is not None:
        return None
    if change.kind in _OF_KIND:
        return _OF_KIND[change.kind]
    if any(
        item.field in _IDENTITY and item.before is not None and item.before != item.after
        for item in change.fields
    ):
        return Risk.IDENTITY
    if tags_to_remove(change):
        return Risk.UNTAG
    if any(item.field == TAKES_AWAY for item in change.fields):
        return Risk.TAKE_AWAY
    return None


def is_risky(changes: Iterable[Change]) -> bool:
    """True when something in ``changes`` must be seen by whoever says yes."""
    return any(risk_of(change) is not None for change in changes)
