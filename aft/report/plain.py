"""Makes text from outside safe to show on a terminal.

Names, tags and reasons are written by anyone who can open a pull request or tag an account. None
of it may move a cursor or end a line; what people cannot see is shown by its number
(``aft.text.policy``), so that no two names look the same. For Markdown, see
``aft.report.markdown.inert``.
"""

from __future__ import annotations

from aft.text.policy import escaped, one_line, shown
from aft.values.canonical_json import indented_json

__all__ = ["code_line", "json_text", "one_line"]


def code_line(text: str) -> str:
    """A line of code, its blanks kept; what people cannot see is shown by its number."""
    return shown(text.expandtabs(4))


def json_text(value: object) -> str:
    """Indented JSON; what JSON has no word for as its text, what people cannot see as escapes."""
    return escaped(indented_json(value))
