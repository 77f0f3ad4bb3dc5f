"""Wildcards as IAM means them: ``*``, ``?``, and ARNs that are compared segment by segment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

STAR, ONE = object(), object()
Token = object
"""Text that is meant literally (``str``), or one of the two wildcards."""

ARN_SEGMENTS = 6


def tokens_of(text: str) -> tuple[Token, ...]:
    """``text`` with its wildcards separated from its literal parts."""
    found: list[Token] = []
    for part in re.split(r"([*?])", text):
        if part == "*":
            found.append(STAR)
        elif part == "?":
            found.append(ONE)
        elif part:
            found.append(part)
    return tuple(found)


def regex_of(tokens: Iterable[Token], *, any_character: str = r"[\s\S]") -> str:
    """The regular expression of some tokens; ``any_character`` is what a wildcard matches. What
    is between two stars is looked for once and never again (an atomic group): its first place
    is as good as any other, and a hostile pattern cannot make the search explode."""
    chunks = [""]
    for token in tokens:
        if token is STAR:
            chunks.append("")
        else:
            chunks[-1] += any_character if token is ONE else re.escape(str(token))
    if len(chunks) == 1:
        return chunks[0]
    middle = "".join(f"(?>{any_character}*?{chunk})" for chunk in chunks[1:-1] if chunk)
    return f"{chunks[0]}{middle}{any_character}*{chunks[-1]}"


@lru_cache(maxsize=16384)
def compiled(pattern: str) -> re.Pattern[str]:
    """A compiled expression, kept."""
    return re.compile(pattern)


def is_everything(tokens: Sequence[Token]) -> bool:
    """``*``, and nothing else."""
    return bool(tokens) and all(token is STAR for token in tokens)


def segments_of(tokens: Iterable[Token], most: int = ARN_SEGMENTS) -> list[list[Token]]:
    """The tokens cut at the colons of their literal text, into at most ``most`` segments."""
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            segments[-1].append(token)
            continue
        parts = token.split(":", most - len(segments))
        for number, part in enumerate(parts):
            if number:
                segments.append([])
            if part:
                segments[-1].append(part)
    return segments


def resource_regex(tokens: Sequence[Token]) -> str | None:
    """The expression of a Resource ARN, or ``None`` when it is none. Partition, service, region and
    account are compared without regard to case, and a wildcard there stays in its segment; in the
    sixth it spans everything. An ARN with fewer segments counts only when it ends in ``*``, which
    then spans all that follows."""
    segments = segments_of(tokens)
    whole = len(segments) == ARN_SEGMENTS
    if not whole and (not segments[-1] or segments[-1][-1] is not STAR):
        return None
    parts = [f"(?i:{regex_of(part, any_character='[^:]')})" for part in segments[:-1]]
    last = regex_of(segments[-1])
    parts.append(last if whole else f"(?i:{last})")
    return ":".join(parts)


def arn_regex(tokens: Sequence[Token]) -> str | None:
    """The expression of an ARN in a condition, or ``None`` when it is none. Every segment is
    compared by itself and with regard to case, but for the word ``arn``. A text with fewer than
    five segments is no ARN."""
    segments = segments_of(tokens)
    if len(segments) < ARN_SEGMENTS - 1:
        return None
    first = f"(?i:{regex_of(segments[0], any_character='[^:]')})"
    middle = [regex_of(part, any_character="[^:]") for part in segments[1:5]]
    if len(segments) < ARN_SEGMENTS:
        return ":".join([first, *middle])
    return ":".join([first, *middle, regex_of(segments[5])])


def is_arn(value: str) -> bool:
    """Has ``value`` the segments of an ARN?"""
    return value.count(":") >= ARN_SEGMENTS - 2
