"""Text from outside as Markdown that shows just these characters and does nothing.

Names, tags, reasons and messages are written by anyone who can open a pull request, an issue or tag
an account. GitHub reads Markdown twice: first as GFM, then it looks in the text of the result, in
which escapes are gone, for mentions, references, emoji and formulas. In code it looks for none of
them, and nor does GitLab. So signs of GFM are escaped, and a word of which the second reading could
make something becomes code. Not for the cells of a table: a ``|`` ends a cell before code is looked
for.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from aft.report.plain import one_line

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&!])")
_LINE_START = re.compile(r"^(\s*\d*)([-+=.)/])")
"""What makes more of a whole line; a slash does on GitLab, where ``/merge`` is an order."""
_ACTIVE = re.compile(
    r"@"  # a mention, an address, a commit of someone's
    r"|#\w"  # an issue, also org/repo#1
    r"|://|www\."  # a link
    r"|\$"  # a formula
    r"|\[!"  # an alert
    r"|(?<!\w)[!~%&^]\w"  # on GitLab a merge request, label, milestone, epic, alert
    r"|(?<!\w):[\w+-]|:[\w+-]+:"  # an emoji, also one that would end behind the text
    r"|gh-[0-9]|(?:ghsa|cve)-"  # an issue, an advisory
    r"|(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])",  # a commit
    re.IGNORECASE,
)
"""A word that GitHub or GitLab makes something of although it is escaped."""
_BACKTICKS = re.compile(r"`+")
_BEFORE, _AFTER = "([{'\"", ")]}'\",;.!?"
"""What usually surrounds a word without being part of it."""
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_SKIPS = re.compile(r"\b(?:ci|skip|actions)\b", re.IGNORECASE)
"""``[skip ci]`` and the like, anywhere in a commit's message: its push would start no workflow."""
_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)")


def prose(text: str) -> str:
    """``text`` as a paragraph, or a part of one; pairs of backticks stay code."""
    parts = one_line(text).split("`")
    if len(parts) % 2 == 0:  # an odd backtick opens nothing
        return _joined(_words("`".join(parts)))
    return _joined(
        piece
        for index, part in enumerate(parts)
        for piece in ([(True, part)] if index % 2 else _words(part))
    )


def _words(text: str) -> Iterator[tuple[bool, str]]:
    """Pieces of ``text`` in order, and whether each has to be code."""
    for word in re.split(r"( +)", text):
        core = word.lstrip(_BEFORE).rstrip(_AFTER)
        if not _ACTIVE.search(word):
            yield False, word
        elif _ACTIVE.search(core):
            before, _, after = word.partition(core)
            yield from ((False, before), (True, core), (False, after))
        else:
            yield True, word


def _joined(pieces: Iterator[tuple[bool, str]]) -> str:
    """Code next to code is one piece of code, or the backticks between them would be others."""
    filled = (piece for piece in pieces if piece[1])
    merged = (
        (is_code, "".join(text for _, text in group))
        for is_code, group in groupby(filled, key=lambda piece: piece[0])
    )
    shown = [code_span(text) if is_code else _MARKUP.sub(r"\\\1", text) for is_code, text in merged]
    return _LINE_START.sub(r"\1\\\2", "".join(shown))


def code_span(text: str) -> str:
    """``text`` as inline code that nothing inside can end; empty for nothing."""
    shown = one_line(text).strip()
    if not shown:
        return ""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def code_html(text: str) -> str:
    """``text`` as HTML code, where Markdown is not read (inside ``<summary>``)."""
    return f"<code>{html.escape(one_line(text))}</code>"


def code_block(lines: Sequence[str], language: str) -> str:
    """Whole lines as a block of code that none of them can end."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((f"{fence}{language}", *lines, fence))


def for_commits(text: str) -> str:
    """``text`` for a page that may become a commit's message, where nothing is code: no
    ``[skip ci]``, no mention, and no backticks that could hold ``fixes #1``."""
    words = _MENTION.sub("(at)", one_line(text).replace("`", "'"))
    return _BRACKETED.sub(lambda it: f"({it[1]})" if _SKIPS.search(it[1]) else it[0], words)


def title(text: str, *, most: int) -> str:
    """``text`` as a part of a title or a commit's subject, at most ``most`` letters: without the
    words that GitHub would make something of there, where nothing is code."""
    words = ("…" if _ACTIVE.search(word) else word for word in for_commits(text).split(" "))
    shown = " ".join(word for word, _ in groupby(words))
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"
