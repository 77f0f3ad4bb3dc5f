"""Makes text from outside safe to show: on a terminal, in Markdown, in HTML.

Names, tags and reasons are written by anyone who can open a pull request or tag an account. None
of it may move a cursor, end a code block, mention a person or become markup; what people cannot
see is shown by its number (``aft.text.policy``), so that no two names look the same.
"""

from __future__ import annotations

import html
import re

from aft.text.policy import escaped, one_line, shown
from aft.values.canonical_json import indented_json

__all__ = ["code_html", "code_line", "code_span", "fence_for", "json_text", "one_line", "prose"]

_MARKUP = re.compile(r"([\\`*_\[\]{}<>#|~@&$:!])")
_LINE_START = re.compile(r"^(\s*\d*)([-+=.)])")
_LINKED = re.compile(r"(\\[@#]|\\:(?=//)|(?i:www)(?=\.)|(?i:\bGH)(?=-[0-9]))")
"""What GitHub makes a mention, a reference or a link of, by itself."""
_BACKTICKS = re.compile(r"`+")


def code_line(text: str) -> str:
    """A line of code, its blanks kept; what people cannot see is shown by its number."""
    return shown(text.expandtabs(4))


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
    inside = one_line(text).strip()
    if not inside:
        return ""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(inside)), default=0) + 1)
    pad = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{fence}{pad}{inside}{pad}{fence}"


def code_html(text: str) -> str:
    """``text`` as HTML code, where Markdown is not read (inside ``<summary>``)."""
    return f"<code>{html.escape(one_line(text))}</code>"


def fence_for(lines: list[str]) -> str:
    """A code fence longer than any run of backticks in ``lines``."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    return "`" * max(3, longest + 1)


def json_text(value: object) -> str:
    """Indented JSON; what JSON has no word for as its text, what people cannot see as escapes."""
    return escaped(indented_json(value))
