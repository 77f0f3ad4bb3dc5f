"""What a step's template would change, found offline: from the template that was last applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.cloudformation.compare import compare_templates
from aft.cloudformation.powers import gains_in
from aft.cloudformation.read import parse_template
from aft.cloudformation.stored import from_stored
from aft.cloudformation.template import EMPTY, TemplateError
from aft.values.parts import Comparison, Gain, PartChange, PartOutcome

_NOT_KEPT = "the template that was last applied is not in the ledger, so nothing can be compared"


MOST_KEPT = 64
_KNOWN: dict[tuple[str | None, str], tuple[Mapping[str, str | None], Comparison]] = {}
"""By both texts: the pseudo parameters that were read with their values, and what was found."""


class _Noting(dict[str, str]):
    """Pseudo parameters, and which of them a template reads."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


def gains_of_rendered(
    before: str | None, after: str, pseudo: Mapping[str, str], *, organization_id: str
) -> tuple[Gain, ...]:
    """Who gains power, of the same templates; no one where they cannot be read."""
    if before == "":
        return ()
    try:
        old = EMPTY if before is None else from_stored(before)
        new = parse_template(after)
    except TemplateError:
        return ()
    return tuple(gains_in(old, new, pseudo, organization_id=organization_id))


def compare_rendered(before: str | None, after: str, pseudo: Mapping[str, str]) -> Comparison:
    """``before`` is what ``stored_form`` kept of the last template: ``None`` for a step that
    never ran, empty where nothing was kept. ``after`` is the rendered template. Accounts whose
    texts are the same, and the values that these read, are compared once."""
    read, found = _KNOWN.get((before, after), ({"": ""}, Comparison()))
    if all(pseudo.get(name) == value for name, value in read.items()):
        return found
    noting = _Noting(pseudo)
    found = _compare(before, after, noting)
    if len(_KNOWN) >= MOST_KEPT:
        _KNOWN.clear()
    _KNOWN[before, after] = {name: pseudo.get(name) for name in noting.read}, found
    return found


def _compare(before: str | None, after: str, pseudo: Mapping[str, str]) -> Comparison:
    if before == "":
        return Comparison(unknown=(_NOT_KEPT,))
    try:
        old = EMPTY if before is None else from_stored(before)
    except TemplateError as error:
        return Comparison(unknown=(f"the template {error}",))
    try:
        new = parse_template(after)
    except TemplateError as error:
        return Comparison(unknown=(f"the new template {error}",))
    found = compare_templates(old, new, pseudo)
    outputs = PartChange(
        id="the stack's outputs",
        noun="",
        outcome=PartOutcome.CHANGED if before is not None else PartOutcome.ADDED,
        properties=found.outputs,
    )
    return Comparison(
        parts=(*found.resources, outputs) if found.outputs else found.resources,
        unknown=found.unknown,
    )
