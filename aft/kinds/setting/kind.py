"""Baseline settings as a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aft.kinds.setting.diff import plan_settings, seen_by, settings_to_look_at
from aft.plan.draft import Draft, Look
from aft.plan.fields import (
    ARRIVAL,
    CIDR,
    TAKES_AWAY,
    field_of,
    gains,
)
from aft.plan.kind import Kind, Risk, Truth, Verb
from aft.plan.model import Action, Change, Plan
from aft.plan.view import PlanView
from aft.plan.words import ARROW, Item, because, gain_in_words

TAKES = Risk("take-away", "something in the account is removed")
OUTSIDE = Risk("outside", "someone outside the organization gains access")
POWER = Risk("power", "someone can do more than before")
WEAKER = Risk("weaker", "a setting protects less than before")
_VERBS: Mapping[Action, Verb] = {
    Action.UPDATE: Verb(label="set", counted=("setting", "settings"), drifted="setting"),
    Action.RELEASE: Verb(
        label="forget", counted=("setting forgotten", "settings forgotten"), tells=True
    ),
}


class Settings(Kind):
    """What a baseline sets inside an account. A key is the setting's name."""

    name = "setting"
    noun = ("setting", "settings")
    title = "Settings"
    truth = Truth.LIVE
    effects = "aft.kinds.setting.effects:SettingEffects"
    is_inside = True
    after = ("customization",)  # what goes over everything must know what runs

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return _VERBS

    @property
    def risks(self) -> Iterable[Risk]:
        return (TAKES, OUTSIDE, POWER, WEAKER)

    def looks(self, view: PlanView, draft: Draft) -> Iterable[Look]:
        return settings_to_look_at(view, draft)

    def recalled(self, plan: Plan, looks: Iterable[Look]) -> Mapping[tuple[str, str], Any]:
        return seen_by(plan, looks)

    def diff(self, view: PlanView, draft: Draft) -> None:
        plan_settings(view, draft, draft.seen.get(self.name))

    def risk(self, change: Change) -> Risk | None:
        self.verb(change)
        if field_of(change, TAKES_AWAY) is not None:
            return TAKES
        if field_of(change, ARRIVAL) is not None:
            return None
        found = {item.field.partition(".")[0] for item in gains(change)}
        return next((risk for risk in (OUTSIDE, POWER, WEAKER) if risk.code in found), None)

    def alike(self, change: Change) -> tuple[str, ...]:
        return () if change.details else (*_gained(change), change.reason)

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        first = changes[0]
        noun = "settings" if len(changes) > 1 else "setting"
        yield Item(
            symbol=first.symbol,
            label="forget" if first.action is Action.RELEASE else noun,
            # What is given away is in front, where no shortened list leaves it out.
            values=tuple(
                _named(item) for item in sorted(changes, key=lambda item: not item.fields)
            ),
            notes=(*_gained(first), *first.details, *because(first)),
            vital=len(_gained(first)),
            is_list=True,
        )

    def in_short(self, item: Item) -> str:
        number = len(item.values)
        return f"{number} setting{'' if number == 1 else 's'}"


def _gained(change: Change) -> tuple[str, ...]:
    """What gets weaker and who gains power, in words; nothing of an account that is new."""
    if field_of(change, ARRIVAL) is not None:
        return ()
    return tuple(gain_in_words(item) for item in gains(change))


def _named(change: Change) -> str:
    """The setting, with the range of addresses it gets, if any."""
    cidr = field_of(change, CIDR)
    if cidr is None or cidr.after is None:
        return change.key
    before = f"{cidr.before} " if cidr.before not in (None, cidr.after) else ""
    return f"{change.key} (cidr {before}{ARROW} {cidr.after})"
