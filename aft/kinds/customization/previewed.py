"""What a step's tool itself said that running it would do, in words."""

from __future__ import annotations

from collections.abc import Iterator

from aft.kinds.customization.comparison import ORDER, part_lines
from aft.values.parts import PartOutcome, Preview


def preview_words(preview: Preview) -> tuple[tuple[str, ...], int]:
    """Lines for people, first what needs consent, whole; and how many must not be left out."""
    held = {part.id for part in preview.held}
    parts = sorted(preview.parts, key=lambda part: (part.id not in held, ORDER.index(part.outcome)))
    vital = [line for part in parts if part.id in held for line in part_lines(part, whole=True)]
    rest = [line for part in parts if part.id not in held for line in part_lines(part)]
    if not parts:
        return ("No changes.",), 0
    return (*vital, *rest, *_sums(preview)), len(vital)


def _sums(preview: Preview) -> Iterator[str]:
    """Terraform's own words for how much it is."""
    outcomes = [part.outcome for part in preview.parts]
    replaced = outcomes.count(PartOutcome.REPLACED)
    added = outcomes.count(PartOutcome.ADDED) + replaced
    changed = outcomes.count(PartOutcome.CHANGED) + outcomes.count(PartOutcome.MAY_BE_REPLACED)
    removed = outcomes.count(PartOutcome.REMOVED) + replaced
    yield f"Plan: {added} to add, {changed} to change, {removed} to destroy. {preview.digest}"
