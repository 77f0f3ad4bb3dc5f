"""What a step's template would change, found offline: from the template that was last applied."""

from __future__ import annotations

from collections.abc import Mapping

from aft.cloudformation.compare import compare_templates
from aft.cloudformation.read import parse_template
from aft.cloudformation.stored import from_stored
from aft.cloudformation.template import EMPTY, TemplateError
from aft.values.parts import Comparison, PartChange, PartOutcome

_NOT_KEPT = "the template that was last applied is not in the ledger, so nothing can be compared"


def compare_rendered(before: str | None, after: str, pseudo: Mapping[str, str]) -> Comparison:
    """``before`` is what ``stored_form`` kept of the last template: ``None`` for a step that
    never ran, empty where nothing was kept. ``after`` is the rendered template."""
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
