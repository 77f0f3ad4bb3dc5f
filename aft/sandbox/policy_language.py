"""The parts of IAM's policy language that SCPs and trust policies need.

Wildcards, statements and condition operators. An operator that is not here raises
``NotImplementedError``, so that no policy is silently taken for weaker than it is. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | list[str]]
"""Condition keys in lower case."""


def as_list(value: Any) -> list[Any]:
    """Policies write one item without its list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a parsed policy."""
    return [item for item in as_list(document.get("Statement")) if isinstance(item, Mapping)]


@lru_cache(maxsize=4096)
def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    escaped = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """``*`` and ``?`` as IAM means them."""
    return _pattern(pattern, ignore_case=ignore_case).fullmatch(value) is not None


def action_applies(statement: Mapping[str, Any], action: str) -> bool:
    """Does the statement's Action or NotAction cover ``action``?"""
    if "Action" in statement:
        return any(like(action, str(p), ignore_case=True) for p in as_list(statement["Action"]))
    if "NotAction" in statement:
        return not any(
            like(action, str(p), ignore_case=True) for p in as_list(statement["NotAction"])
        )
    return False


def conditions_hold(statement: Mapping[str, Any], context: Context) -> bool:
    """Do all conditions hold? A key the context lacks fails, but for ``...IfExists``, ``Null``
    and negated operators, as in IAM."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            found = context.get(str(key).lower())
            if not _holds(operator, found, [_text(item) for item in as_list(wanted)]):
                return False
    return True


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _holds(operator: str, found: str | list[str] | None, wanted: list[str]) -> bool:
    name = operator
    quantifier = ""
    if ":" in name:
        quantifier, name = name.split(":", 1)
    if name == "Null":
        return (found is None) == (wanted[0].lower() == "true")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if found is None:
        return if_exists or "Not" in name or quantifier == "ForAllValues"
    values = [found] if isinstance(found, str) else found
    results = [_compare(name, value, wanted) for value in values]
    if "Not" in name and quantifier != "ForAnyValue":
        return all(results)
    return all(results) if quantifier == "ForAllValues" else any(results)


def _compare(name: str, value: str, wanted: Iterable[str]) -> bool:
    match name:
        case "StringEquals":
            return value in wanted
        case "StringNotEquals":
            return value not in wanted
        case "StringEqualsIgnoreCase":
            return value.lower() in [item.lower() for item in wanted]
        case "StringNotEqualsIgnoreCase":
            return value.lower() not in [item.lower() for item in wanted]
        case "StringLike" | "ArnLike" | "ArnEquals":
            return any(like(value, item) for item in wanted)
        case "StringNotLike" | "ArnNotLike" | "ArnNotEquals":
            return not any(like(value, item) for item in wanted)
        case "Bool":
            return value.lower() in [item.lower() for item in wanted]
    raise NotImplementedError(f"the condition operator {name} in a policy")
