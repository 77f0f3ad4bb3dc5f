"""What a job that runs code of a pull request found out, for the job that plans it. Pure.

The file comes from where that code ran, so nothing of it is believed: the plan shows what it says,
and the digest is made of what is shown. If it is not what the tool said, no apply ever finds the
same digest again, and what it would end is held.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from aft.errors import UserError
from aft.plan.codec import WrongShape, json_object, read_model
from aft.plan.model import Change, Plan
from aft.text.policy import escaped
from aft.values.canonical_json import plain
from aft.values.parts import PartChange

PREVIEWS = "previews.json"
"""The file's name."""
PREVIEWS_FORMAT = 1
LARGEST = 16 * 1024 * 1024
"""Bytes of the largest file that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPreview:
    """What a tool said of a change that had these ``inputs`` (their digest), or why it failed."""

    change: str
    inputs: str
    parts: tuple[PartChange, ...] = ()
    asks: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFile:
    """The previews of one plan."""

    previews: tuple[FoundPreview, ...]
    format: int = PREVIEWS_FORMAT

    def of(self, change: Change) -> FoundPreview | None:
        """That of ``change``, unless its code or inputs were others."""
        for found in self.previews:
            if (found.change, found.inputs) == (change.id, change.inputs_digest):
                return found
        return None


def previews_to_json(plan: Plan, failed: Iterable[str]) -> str:
    """The previews of ``plan``; ``failed`` are the ids of changes that could not be previewed."""
    failures = frozenset(failed)
    found = [
        FoundPreview(
            change=change.id,
            inputs=change.inputs_digest,
            parts=change.preview.parts if change.preview is not None else (),
            asks=change.preview.asks if change.preview is not None else (),
            failure="; ".join(change.details) if change.id in failures else "",
        )
        for change in plan.changes
        if change.preview is not None or change.id in failures
    ]
    return escaped(json.dumps(plain(PreviewFile(previews=tuple(found))), ensure_ascii=False)) + "\n"


def previews_from_json(text: str) -> PreviewFile:
    """Read ``previews_to_json``'s output. Raises ``UserError`` for anything else."""
    try:
        found = _read(text)
    except WrongShape as error:
        raise UserError(
            f"these are not previews that aft wrote: {error}",
            hint="use the file of `aft plan --save-previews FILE` as it is",
        ) from None
    return found


def _read(text: str) -> PreviewFile:
    found = read_model(PreviewFile, json_object(text), "previews")
    if found.format != PREVIEWS_FORMAT:
        raise WrongShape(f"its format is {found.format}, and not {PREVIEWS_FORMAT}")
    return found
