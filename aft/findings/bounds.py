"""One boundary around the parsers of others.

People choose what their files hold, so a parser may meet what its authors never thought of. It says
so with its own error class, and with any other of Python: nesting beyond a stack, numbers beyond
a limit, halves of characters. All of these are findings of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aft.findings.model import Finding, SourceRef

T = TypeVar("T")


def parsed_by(parse: Callable[[], T], path: str) -> T | Finding:
    """What ``parse`` gives, or the finding that the file at ``path`` cannot be read. Errors that a
    parser documents are for the caller to translate, inside of ``parse``."""
    try:
        return parse()
    except Exception as error:  # noqa: BLE001 - a parser of others raises any class there is
        return unreadable(path, type(error).__name__)


def unreadable(path: str, why: str) -> Finding:
    """The finding that a parser gave up; ``why`` is in our own words, never the file's."""
    return Finding(
        code="AFT114",
        source=SourceRef(path),
        message=f"the file cannot be read: its parser gave up ({why})",
        hint="write it more simply: less nesting, shorter values and numbers",
    )
