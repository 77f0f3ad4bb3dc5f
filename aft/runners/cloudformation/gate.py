"""What a change set would lose that no one has reviewed.

AWS's own change set is the last word on what executing it does (API reference,
``ResourceChange``): a ``Modify`` that replaces, or may replace, and a ``Remove`` end a resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aft.customizations.model import Consent
from aft.errors import NotReviewed
from aft.values.parts import PartChange, PartOutcome

_OUTCOMES = {"True": PartOutcome.REPLACED, "Conditional": PartOutcome.MAY_BE_REPLACED}
_KEEPS = ("Retain", "ReplaceAndRetain")
_COVERED_BY: Mapping[PartOutcome, frozenset[PartOutcome]] = {
    PartOutcome.REMOVED: frozenset({PartOutcome.REMOVED}),
    PartOutcome.REPLACED: frozenset({PartOutcome.REPLACED, PartOutcome.MAY_BE_REPLACED}),
    PartOutcome.MAY_BE_REPLACED: frozenset({PartOutcome.REPLACED, PartOutcome.MAY_BE_REPLACED}),
}


def losses(changes: Iterable[Mapping[str, Any]]) -> Iterator[PartChange]:
    """The resources that executing a change set ends, from ``DescribeChangeSet``'s ``Changes``."""
    for change in changes:
        resource = change.get("ResourceChange", {})
        outcome = _OUTCOMES.get(resource.get("Replacement", ""))
        if resource.get("Action") == "Remove":
            outcome = PartOutcome.REMOVED
        if resource.get("Action") == "Dynamic" or _is_nested(resource):
            outcome = outcome or PartOutcome.MAY_BE_REPLACED
        if outcome is None:
            continue
        causes = [
            detail["Target"]["Name"]
            for detail in resource.get("Details", ())
            if detail.get("Target", {}).get("RequiresRecreation", "Never") != "Never"
            and detail["Target"].get("Name")
        ]
        yield PartChange(
            id=resource.get("LogicalResourceId", ""),
            noun=resource.get("ResourceType", ""),
            outcome=outcome,
            reason=", ".join(dict.fromkeys(causes)),
            is_kept=resource.get("PolicyAction") in _KEEPS,
        )


def _is_nested(resource: Mapping[str, Any]) -> bool:
    """A change set says nothing of what a nested stack's own change ends."""
    is_changed = resource.get("Action") == "Modify"
    return is_changed and resource.get("ResourceType") == "AWS::CloudFormation::Stack"


def unreviewed_losses(
    changes: Iterable[Mapping[str, Any]], consent: Consent
) -> tuple[PartChange, ...]:
    """Those of ``losses`` that people have not agreed to, by id, type and outcome."""
    shown = () if consent.is_protected else consent.parts
    seen = {(part.id, part.noun): part.outcome for part in shown if not part.is_kept}
    return tuple(
        part
        for part in losses(changes)
        if part.is_loss
        and not consent.allows(part)
        and seen.get((part.id, part.noun)) not in _COVERED_BY[part.outcome]
    )


def check_consent(
    stack: str, changes: Iterable[Mapping[str, Any]], consent: Consent, *, step: str
) -> None:
    """Raises ``NotReviewed`` for a change set that ends what no one agreed to end."""
    unseen = unreviewed_losses(changes, consent)
    if not unseen:
        return
    why = "no review has seen what would happen"
    hint = f"plan again, so that people can review it, or {_by_a_line(step, unseen)}"
    if consent.is_protected:
        why, hint = "the account is protected", _by_a_line(step, unseen)
    told = "; ".join(_told(part) for part in unseen)
    message = f"stack {stack} was left as it is, because {why}: {told}"
    raise NotReviewed(message, hint=hint, code="NotReviewed")


def check_removal(stack: str, step: str, consent: Consent) -> None:
    """Raises ``NotReviewed`` where the stack of a protected account would go, reviewed or not, and
    no line lets the whole step go."""
    if consent.is_protected and "*" not in consent.allowed:
        raise NotReviewed(
            f"stack {stack} was left as it is, because the account is protected",
            hint=_by_a_line(step),
            code="NotReviewed",
        )


def _by_a_line(step: str, parts: Iterable[PartChange] = ()) -> str:
    """The line of ``allow`` that lets these parts end, or the whole step."""
    items = ", ".join(f"{step}/{part.id}" for part in parts) or step
    line = f"`allow: [{{what: end, items: [{items}], reason: …, until: …}}]`"
    return f"let it go with a line in `allow` of the request: {line}"


def _told(part: PartChange) -> str:
    why = f", because of {part.reason}" if part.reason else ""
    verb = "" if part.outcome is PartOutcome.MAY_BE_REPLACED else "would be "
    return f"{part.id} ({part.noun}) {verb}{part.outcome}{why}"
