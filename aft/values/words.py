"""Numbers and lists as people write them."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, one: str, many: str = "") -> str:
    """``1 account``, ``1,204 accounts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """``a, b and c``."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
