"""Steps of customizations as a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aft.config.allowance import POWER
from aft.kinds.customization.comparison import additions, code_of, words_of
from aft.kinds.customization.diff import plan_customizations
from aft.kinds.customization.previewed import preview_words
from aft.plan.draft import Draft
from aft.plan.fields import CODE, field_of, gains, is_given_again, secrets_given
from aft.plan.kind import Kind, Limit, Risk, Truth, Verb
from aft.plan.model import Action, Change
from aft.plan.view import PlanView
from aft.plan.words import Item, because, gain_in_words

ENDS = Risk("end", "something a customization made is replaced or removed")
OUTSIDE = Risk("outside", "someone outside the organization gains access")
UNKNOWN = Risk("unknown-effect", "what a customization changes cannot be known beforehand")
RUNS_CODE = Risk("new-code", "new or changed code runs in an account that exists")
POWERS = Risk(POWER, "someone can do more than before")
GIVEN = Risk("given", "a customization is given a secret that it did not have")
WEAKER = Risk("weaker", "what a customization made stays, and aft no longer keeps it")
DESTROYS = Risk("destroy", "what a customization made is destroyed")
_VERBS: Mapping[Action, Verb] = {
    Action.RUN: Verb(label="run", counted=("customization", "customizations"), tells=True),
    Action.DELETE: Verb(
        label="destroy",
        counted=("customization destroyed", "customizations destroyed"),
        tells=True,
        risk=DESTROYS,
        limit=Limit("destroy", "destructions", "accounts"),
    ),
    Action.RELEASE: Verb(
        label="forget", counted=("customization forgotten", "customizations forgotten"), tells=True
    ),
}


class Customizations(Kind):
    """What customizations do inside an account. A key is ``<customization>/<file>``."""

    name = "customization"
    noun = ("customization", "customizations")
    title = "Customizations"
    truth = Truth.LEDGER
    effects = "aft.kinds.customization.effects:CustomizationEffects"
    is_inside = True

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return _VERBS

    @property
    def risks(self) -> Iterable[Risk]:
        return (ENDS, OUTSIDE, POWERS, GIVEN, UNKNOWN, RUNS_CODE, WEAKER, DESTROYS)

    def diff(self, view: PlanView, draft: Draft) -> None:
        plan_customizations(view, draft)

    def risk(self, change: Change) -> Risk | None:
        known = self.verb(change).risk
        if known is not None:
            return known
        if change.preview is not None:
            is_loss = any(part.is_loss for part in change.preview.parts)
            if is_loss or change.preview.asks:
                return ENDS if is_loss else POWERS
            new = {item.field.partition(".")[0] for item in gains(change)}
            if GIVEN.code in new:
                return GIVEN
            return RUNS_CODE if field_of(change, CODE) is not None else None
        found = change.comparison
        is_first = found is None or found.is_new
        if found is not None and not is_first and any(part.is_loss for part in found.parts):
            return ENDS
        gained = {item.field.partition(".")[0] for item in gains(change)}
        for risk in (OUTSIDE, POWERS, GIVEN, WEAKER):
            if risk.code in gained:
                return risk
        if found is not None and not is_first and found.unknown:
            return UNKNOWN
        return RUNS_CODE if CODE in gained else None

    def alike(self, change: Change) -> tuple[str, ...]:
        found = change.comparison
        is_alone = change.details or change.preview is not None or _gained(change)
        if change.action is not Action.RUN or is_alone or not (found is None or found.is_new):
            return ()
        return (_said(change), *_given(change))

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        first = changes[0]
        if first.action is Action.RUN:
            yield _run_item(changes)
        else:
            label = "destroy" if first.action is Action.DELETE else "forget"
            notes = (*_gained(first), *because(first))
            yield Item(symbol=first.symbol, label=label, values=(first.key,), notes=notes)

    def in_short(self, item: Item) -> str:
        if item.label != "run":
            return super().in_short(item)
        number = len(item.values)
        return f"{number} customization{'' if number == 1 else 's'}"


def _run_item(changes: Sequence[Change]) -> Item:
    """Steps that run for one reason; what each changes where it ran before, else what it makes."""
    first, reason = changes[0], _said(changes[0])
    lines: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    vital = 0
    if first.comparison is not None and not first.comparison.is_new:
        lines, vital = words_of(first.comparison)
        code = code_of(first.comparison)
    else:
        lines = tuple(
            f"{item.key.split('/')[-1]} makes {made}"
            for item in changes
            if item.comparison is not None and (made := additions(item.comparison))
        )
    if first.preview is not None:
        shown, vital = preview_words(first.preview)
        lines = (*shown, *lines) if first.preview.asks or not vital else shown
    return Item(
        symbol=first.symbol,
        label="run",
        values=tuple(item.key for item in sorted(changes, key=lambda item: not item.fields)),
        notes=(
            *_gained(first),
            *_given(first),
            *first.details,
            *lines,
            *((f"({reason})",) if reason else ()),
        ),
        vital=len(_gained(first))
        + len(_given(first))
        + (len(first.details) + vital if vital else 0),
        code=code,
        is_list=True,
    )


def _gained(change: Change) -> tuple[str, ...]:
    """Who gains power, in words."""
    return tuple(gain_in_words(item) for item in gains(change) if item.field != CODE)


def _given(change: Change) -> tuple[str, ...]:
    """Secrets that are given as the last time, in words."""
    return tuple(map(gain_in_words, filter(is_given_again, secrets_given(change))))


def _said(change: Change) -> str:
    """The reason, unless it only repeats the name of the customization."""
    plain = f"customization {change.key.split('/')[0]}"
    return "" if change.reason == plain else change.reason
