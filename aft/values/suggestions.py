"""The nearest of the words that would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

MOST_SUGGESTIONS = 20
"""In one pass over a file or a repository: comparing words is slow, and people read the first."""
_LONGEST = 128
"""Characters of a word that is compared with others."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the closest choice, or an empty string."""
    if len(word) > _LONGEST:
        return ""
    by_key = {choice.casefold(): choice for choice in choices if len(choice) <= _LONGEST}
    near = difflib.get_close_matches(word.casefold(), by_key, n=1, cutoff=0.6)
    return f"did you mean {by_key[near[0]]!r}?" if near else ""


class Suggestions:
    """``did_you_mean`` for the first words of a pass that can meet any number of wrong ones."""

    def __init__(self, most: int = MOST_SUGGESTIONS) -> None:
        self._left = most

    def __call__(self, word: str, choices: Collection[str]) -> str:
        """``did_you_mean``, and an empty string for the words after the first ones."""
        self._left -= 1
        return did_you_mean(word, choices) if self._left >= 0 else ""
