"""Policy documents as they are parsed: one item without its list, text, numbers, booleans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aft.errors import UserError


class NotAPolicy(UserError):
    """The document is no policy that could be evaluated; the message says why."""


def as_list(value: Any) -> list[Any]:
    """Policies write one item without its list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def text_of(value: Any) -> str:
    """A value of a policy as text. Raises ``NotAPolicy``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise NotAPolicy(f"{value!r} is not text")


def statements_of(document: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of a parsed policy. Raises ``NotAPolicy``."""
    if not isinstance(document, Mapping):
        raise NotAPolicy("the policy is not a mapping (a JSON object)")
    for number, statement in enumerate(as_list(document.get("Statement"))):
        if not isinstance(statement, Mapping):
            raise NotAPolicy(f"statement {number + 1} is not a mapping (a JSON object)")
        yield statement
