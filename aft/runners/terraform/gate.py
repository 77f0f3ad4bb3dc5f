"""What a Terraform plan would do that no one has agreed to.

Creations and updates in place are carried out. A replacement, a removal and a change of who may do
what need consent: to this very plan, by its digest, or by a line of the configuration. A plan that
has one of them is held as a whole: with ``-target`` Terraform carries out a plan that no one has
seen, which may even contain what is to be held, as others depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aft.customizations.model import Consent
from aft.values.parts import PartChange, PartOutcome, Preview

_PROTECTED = "the account is protected"
_BY_A_LINE = "let it go with a line of `what: end` in `allow`; accepting the plan is not enough"


class Verdict(NamedTuple):
    """Whether a plan may be carried out. ``held`` are the parts that stop it, ``why`` and ``hint``
    are for people; ``accepted`` is the digest that lets it through where it needs one."""

    held: tuple[PartChange, ...] = ()
    why: str = ""
    hint: str = ""
    accepted: str = ""


def verdict_of(preview: Preview, consent: Consent) -> Verdict:
    """What people agreed to, against what the plan does."""
    kept = [part for part in preview.parts if part.is_loss and not consent.allows(part)]
    asks = [
        part
        for part in preview.parts
        if part in kept or (part.id in preview.asks and not consent.empowers(part))
    ]
    if not asks:
        return Verdict()
    if consent.is_protected and kept:
        return Verdict(held=tuple(kept), why=_PROTECTED, hint=_BY_A_LINE)
    if preview.digest in consent.accepted:
        return Verdict(accepted=preview.digest)
    hint = "read what it would do; if that is intended, accept exactly this plan: "
    hint += f"`aft apply --accept {preview.digest}`"
    return Verdict(held=tuple(asks), why="no one has agreed to what it would do", hint=hint)


def verdict_of_removal(preview: Preview, consent: Consent) -> Verdict:
    """The same of a plan that destroys what a step made. Who agreed to the removal of the step
    agreed to the end of all that it made, but for what a protection keeps. Such a plan does nothing
    else; one that does was not agreed to."""
    others = tuple(part for part in preview.parts if part.outcome is not PartOutcome.REMOVED)
    if others and preview.digest not in consent.accepted:
        return verdict_of(preview, consent)
    kept = tuple(part for part in preview.parts if part.is_loss and not consent.allows(part))
    if consent.is_protected and kept:
        return Verdict(held=kept, why=_PROTECTED, hint=_BY_A_LINE)
    return Verdict(accepted=preview.digest if preview.digest in consent.accepted else "")


def held_words(parts: Iterable[PartChange]) -> str:
    """The parts on one line, each with what would happen to it."""
    return "; ".join(map(_words, parts))


def _words(part: PartChange) -> str:
    why = f" ({part.reason})" if part.reason else ""
    verb = "" if part.outcome is PartOutcome.MAY_BE_REPLACED else "would be "
    return f"{part.id} {verb}{part.outcome}{why}"
