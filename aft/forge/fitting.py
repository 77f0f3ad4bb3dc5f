"""Bodies of comments and issues: cut to what a forge takes, and marked as ours."""

from __future__ import annotations

import re

from aft.errors import UserError

_MARKER = re.compile(r"<!-- aft:[a-z][a-z0-9-]{0,40} -->")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


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
    closed."""
    if len(text) <= limit:
        return text
    ending = f"\n\n{note}\n"
    kept = text[: limit - len(ending) - 200]
    kept = kept[: kept.rfind("\n") + 1] or kept
    fences = _FENCE.findall(kept)
    if len(fences) % 2:
        kept += fences[-1] + "\n"
    open_folds = kept.count("<details") - kept.count("</details>")
    return kept + "\n</details>" * min(max(open_folds, 0), 10) + ending
