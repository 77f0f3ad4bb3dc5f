"""Bodies of comments and issues: cut to what a forge takes, and marked as ours."""

from __future__ import annotations

import re

from aft.errors import UserError

_MARKER = re.compile(r"<!-- aft:[a-z][a-z0-9-]{0,40} -->")
OPEN = "<!-- aft:open -->"
"""A line of a result that a later run brings up to date: something is not done yet."""
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<rest>.*)")


def marker_of(text: str) -> str:
    """The first line of ``text``, which says which of our comments it is. Raises ``UserError``."""
    first = text.partition("\n")[0].strip()
    if not _MARKER.fullmatch(first):
        raise UserError(
            "the first line is not a marker such as <!-- aft:plan -->",
            hint="use the comment.md that aft plan, apply or new wrote with --report",
        )
    return first


def fitted_body(text: str, *, note: str, limit: int) -> str:
    """``text`` when it fits into ``limit`` characters; else whole lines of its beginning, and
    ``note``. aft's own pages fit already. A block of code or a fold that the cut left open is
    closed; half a line could leave code open, and is left out."""
    if len(text) <= limit:
        return text
    ending = f"\n\n{note}\n"
    kept = text[: limit - len(ending) - 200]
    kept = kept[: kept.rfind("\n") + 1]
    fence, folds = _left_open(kept)
    if fence:
        kept += f"{fence}\n"
    return kept + "\n</details>" * min(folds, 10) + ending


def _left_open(text: str) -> tuple[str, int]:
    """The fence of the block of code that ``text`` ends in, and the number of folds."""
    fence, folds = "", 0
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and not fence:
            fence = "" if "`" in found["rest"] else found["fence"]  # code in a line opens none
        elif found and found["fence"].startswith(fence) and not found["rest"].strip():
            fence = ""
        elif not fence and line.startswith(("<details", "</details")):
            folds = max(0, folds + (1 if line.startswith("<d") else -1))
    return fence, folds
