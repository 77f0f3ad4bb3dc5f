"""The nearest of the words that would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the closest choice, or an empty string."""
    by_key = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), by_key, n=1, cutoff=0.6)
    return f"did you mean {by_key[near[0]]!r}?" if near else ""
