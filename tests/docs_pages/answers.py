"""Whether what a command says is what the page says: up to what differs from run to run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from .pages import ELISION

_VARIES = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "REQUEST"),
        (r'"seconds": [0-9.e-]+', '"seconds": N'),
        (r"\d{8}T\d{6}-[0-9a-f]{6}", "RUN"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?", "TIME"),
        (r"\d{4}-\d\d-\d\d", "DATE"),
        (r"\d\d:\d\d:\d\d", "TIME"),
        (r"\b(vpc|igw|subnet)-[0-9a-f]{8,17}\b", "ID"),
        (r"\b(o|r|ou|car)-[0-9a-z]{4,32}(-[0-9a-z]{8,32})?\b", "ID"),
        (r"sha256:[0-9a-f]*…?", "DIGEST"),
        (r"\b[0-9a-f]{7,64}\b", "ID"),  # commits, and account ids
        (r" \(\d+ s\)", ""),
        (r"\b\d+ s\b", "SECONDS"),
        (r"127\.0\.0\.1:\d+", "HOST"),
        (r"\b\d+ AWS calls", "N AWS calls"),
        (r"/[^\s']*/organization\.state", "STATE"),
        (r"[~/][^\s']*/aft/runs/", "RUNS/"),
    )
)


def normal(line: str) -> str:
    """``line`` with everything that differs from run to run replaced by a word for it.

    The last word of a line that was cut off is left out: where it was cut depends on its length.
    """
    if line.endswith(ELISION) and line != ELISION:
        line = re.sub(r"\S*…$", ELISION, line)
    for pattern, word in _VARIES:
        line = pattern.sub(word, line)
    return " ".join(line.split())


def differs(said: Sequence[str], page: Sequence[str], *, any_order: bool = False) -> str:
    """Why the answer ``said`` is not what the ``page`` shows; an empty string when it is."""
    if not page:
        return ""
    actual = [normal(line) for line in said]
    if any_order:
        missing = [line for line in page if line != ELISION and normal(line) not in actual]
        return f"the command does not say: {missing[0]}" if missing else ""
    at = 0
    for index, piece in enumerate(_pieces(page)):
        wanted = [normal(line) for line in piece]
        starts = range(at, len(actual) - len(wanted) + 1)
        if index == 0:
            starts = range(1)  # the first piece is at the very beginning (or is empty)
        found = next((i for i in starts if actual[i : i + len(wanted)] == wanted), None)
        if found is None:
            return "\n".join(difflib.unified_diff(wanted, actual[at:], "page", "says", n=1))
        at = found + len(wanted)
    if page[-1] != ELISION and at != len(actual):
        return f"the command says more: {said[at]}"
    return ""


def renewed(said: Sequence[str], page: Sequence[str]) -> list[str]:
    """``page`` with the words of ``said``, shortened in the same places as far as can be told."""
    pieces = _pieces(page)
    if len(pieces) == 1:
        return list(said)
    result: list[str] = []
    at = 0
    for index, piece in enumerate(pieces):
        if index:
            result.append(ELISION)
        if not piece:
            continue
        starts = range(at, len(said) - len(piece) + 1)
        if index == 0:
            starts = range(1)
        elif index == len(pieces) - 1:
            starts = range(len(said) - len(piece), len(said) - len(piece) + 1)
        best = max(starts, key=lambda i: _likeness(said[i : i + len(piece)], piece), default=at)
        result += said[best : best + len(piece)]
        at = best + len(piece)
    return result


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    return sum(
        difflib.SequenceMatcher(None, normal(a), normal(b)).ratio()
        for a, b in zip(one, other, strict=False)
    )


def _pieces(page: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for line in page:
        if line == ELISION:
            pieces.append([])
        else:
            pieces[-1].append(line)
    return pieces
