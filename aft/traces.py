"""The traceback of an unexpected exception, without what others' exceptions say."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from aft.errors import is_ours


def trace(error: BaseException, *, speaks: Callable[[BaseException], bool] = is_ours) -> str:
    """A traceback, causes first, with the text of those exceptions alone that ``speaks`` admits."""
    parts: list[str] = []
    link: BaseException | None = error
    while link is not None:
        frames = "".join(traceback.format_list(traceback.extract_tb(link.__traceback__)))
        said = f": {link}" if speaks(link) else ""
        parts.append(f"Traceback (most recent call last):\n{frames}{type(link).__name__}{said}\n")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\nwhich led to:\n\n".join(reversed(parts))
