"""An apply that did nothing, because a later revision was applied already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aft.report.markdown.fitting import Parts, left_out
from aft.report.markdown.inert import code_span, prose
from aft.report.masking import NO_MASK, Mask
from aft.report.wording import short


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersededPage:
    """``revision`` is part of ``by``, which was applied."""

    revision: str
    by: str
    hint: str
    mask: Mask = NO_MASK

    verb: ClassVar[str] = "apply"
    is_open: ClassVar[bool] = True

    def parts(self, *, everything: bool) -> Parts:  # noqa: ARG002 - there are no lists
        """What was applied instead, and how to go back."""
        said = (
            f"{code_span(short(self.revision))} is part of {code_span(short(self.by))}, which was "
            "applied since: nothing was done."
        )
        top = ("## ⏭️ aft apply: superseded", said, f"→ {prose(self.hint)}")
        return top, [], "", left_out("the log of this job has all")
