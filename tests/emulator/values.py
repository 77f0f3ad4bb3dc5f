"""What values are to an expression: truth, text, comparison, the loose kinds of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


class Filtered(list[Any]):
    """What ``*`` gives: a further name is looked up in each item."""


def is_true(value: Any) -> bool:
    match value:
        case None | "" | False:
            return False
        case bool():
            return True
        case int() | float():
            return value != 0 and not math.isnan(value)
    return True


def text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            if math.isnan(value):
                return "NaN"
            if math.isinf(value):
                return "Infinity" if value > 0 else "-Infinity"
            return str(int(value)) if value == int(value) else f"{value:.15g}"
        case str():
            return value
        case Mapping():
            return "Object"
    return "Array"


def number(value: Any) -> float:
    match value:
        case None:
            return 0.0
        case bool():
            return float(value)
        case int() | float():
            return float(value)
        case str():
            stripped = value.strip()
            try:
                return float(int(stripped, 16) if stripped[:2] == "0x" else stripped or 0)
            except ValueError:
                return math.nan
    return math.nan


def compare(operator: str, left: Any, right: Any) -> bool:
    """Texts without regard to case; different types as numbers; objects by identity."""
    match operator:
        case "!=":
            return not compare("==", left, right)
        case "==":
            if isinstance(left, (dict, list)) and isinstance(right, (dict, list)):
                return left is right
            first, second = _alike(left, right)
            return bool(first == second)
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        return False
    first, second = _alike(left, right)
    match operator:
        case "<":
            return bool(first < second)
        case "<=":
            return bool(first <= second)
        case ">":
            return bool(first > second)
        case ">=":
            return bool(first >= second)
    raise AssertionError(operator)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, str) and isinstance(right, str):
        return left.upper(), right.upper()
    return number(left), number(right)


def index(of: Any, key: Any) -> Any:
    """``None`` for what is not there, as GitHub has it."""
    match of:
        case Filtered():
            return Filtered(item for item in (index(item, key) for item in of) if item is not None)
        case Mapping():
            wanted = text(key).lower()
            return next((item for name, item in of.items() if str(name).lower() == wanted), None)
        case list() | tuple() if not isinstance(key, str):
            at = number(key)
            return of[int(at)] if at >= 0 and at == int(at) and at < len(of) else None
    return None


def items(of: Any) -> Sequence[Any]:
    match of:
        case Mapping():
            return list(of.values())
        case list() | tuple():
            return list(of)
    return []
