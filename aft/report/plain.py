"""Makes text from outside safe to show: on a terminal, in Markdown, in HTML.

Names, tags and reasons are written by anyone who can open a pull request or tag an account. None
of it may move a cursor, end a code block, mention a person or become markup.
"""

from __future__ import annotations

import html
import re
import unicodedata

from aft.values.canonical_json import indented_json

_TERMINAL_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # window titles, links
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b."
)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACE = re.compile(r"\s+")
_MARKUP = re.compile(r"([\\`*_\[\]{}<>#|~@&$:!])")
_LINE_START = re.compile(r"^(\s*\d*)([-+=.)])")
_LINKED = re.compile(r"(\\[@#]|\\:(?=//)|(?i:www)(?=\.)|(?i:\bGH)(?=-[0-9]))")
"""What GitHub makes a mention, a reference or a link of, by itself."""
_BACKTICKS = re.compile(r"`+")


def one_line(text: str) -> str:
    """``text`` on one line, without terminal sequences, control and invisible characters."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    text = _SPACE.sub(" ", _TERMINAL_SEQUENCE.sub("", text))
    seen = (letter for letter in text if unicodedata.category(letter) not in _UNSEEN)
    return _SPACE.sub(" ", "".join(seen))


def code_line(text: str) -> str:
    """A line of code, its blanks kept; what people cannot see is shown by its number."""
    return "".join(
        letter
        if letter == " " or unicodedata.category(letter) not in {*_UNSEEN, "Zs"}
        else f"⟨U+{ord(letter):04X}⟩"
        for letter in text.expandtabs(4)
    )


def prose(text: str) -> str:
    """``text`` as Markdown that shows just these characters; pairs of backticks stay code."""
    parts = one_line(text).split("`")
    if len(parts) % 2 == 0:  # an odd backtick opens nothing
        return _escaped("`".join(parts))
    return "".join(
        code_span(part) if index % 2 else _escaped(part) for index, part in enumerate(parts)
    )


def _escaped(text: str) -> str:
    text = _MARKUP.sub(r"\\\1", text)
    text = _LINE_START.sub(r"\1\\\2", text)
    # A mention, reference or address is recognised after the backslash is gone, so it is parted.
    return _LINKED.sub("\\1\u200b", text)


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


def fence_for(lines: list[str]) -> str:
    """A code fence longer than any run of backticks in ``lines``."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)


def json_text(value: object) -> str:
    """Indented JSON; what JSON has no word for as its text."""
    return indented_json(value)
