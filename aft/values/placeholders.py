"""``{id}``-style placeholders in text: defaults of requests, parameters of settings.

``{{`` and ``}}`` mean the braces themselves. No formatting, no attribute access: a
placeholder is a bare name, replaced by text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def has_placeholders(value: Any) -> bool:
    """True when ``expand`` would change ``value``, or a text inside it, or refuse it."""
    match value:
        case str():
            return "{" in value or "}" in value
        case Mapping():
            return any(map(has_placeholders, value.values()))
        case list() | tuple():
            return any(map(has_placeholders, value))
    return False


def expand(text: str, values: Mapping[str, str]) -> str:
    """``text`` with every ``{name}`` replaced by ``values[name]``. Raises ``ValueError``, fit for a
    finding, for an unknown name or a lonely brace."""
    if not has_placeholders(text):
        return text
    allowed = ", ".join(f"{{{name}}}" for name in sorted(values)) or "none"

    def replacement(match: re.Match[str]) -> str:
        token, name = match[0], match[1]
        if token in ("{{", "}}"):
            return token[0]
        if name is None:
            raise ValueError(
                f"{token!r} is a single brace in {text!r}; write {token * 2!r} for a brace itself"
            )
        if name not in values:
            raise ValueError(
                f"unknown placeholder {token} in {text!r}; allowed here: {allowed} "
                f"(write '{{{{' for a brace itself)"
            )
        return values[name]

    return _TOKEN.sub(replacement, text)
