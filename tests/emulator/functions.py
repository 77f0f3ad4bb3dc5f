"""The functions of the expression language that need nothing but their arguments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .expressions import BadExpression
from .values import compare, text


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(whole, (list, tuple)):
        return any(compare("==", item, part) for item in whole)
    return text(part).lower() in text(whole).lower()


def _starts(whole: Any, part: Any) -> bool:
    return text(whole).lower().startswith(text(part).lower())


def _ends(whole: Any, part: Any) -> bool:
    return text(whole).lower().endswith(text(part).lower())


def _format(template: Any, *arguments: Any) -> str:
    def part(found: re.Match[str]) -> str:
        match found[0]:
            case "{{" | "}}":
                return found[0][0]
            case "{" | "}":
                raise BadExpression(f"a lone {found[0]} in format({template!r})")
        number = int(found[1])
        if number >= len(arguments):
            raise BadExpression(f"format() has no argument {number}")
        return text(arguments[number])

    return re.sub(r"\{\{|\}\}|\{(\d+)\}|\{|\}", part, text(template))


def _join(parts: Any, separator: Any = ",") -> str:
    if not isinstance(parts, (list, tuple)):
        return text(parts)
    return text(separator).join(text(item) for item in parts)


def _to_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _from_json(value: Any) -> Any:
    try:
        return json.loads(text(value))
    except ValueError as error:
        raise BadExpression(f"fromJSON: {error}") from error


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": _contains,
    "startsWith": _starts,
    "endsWith": _ends,
    "format": _format,
    "join": _join,
    "toJSON": _to_json,
    "fromJSON": _from_json,
}


def hash_files(workspace: Path) -> Callable[..., str]:
    """``hashFiles`` of one workspace: nothing outside of it is seen."""

    def hashed(*patterns: Any) -> str:
        found = sorted(
            {
                path
                for pattern in patterns
                for path in workspace.glob(text(pattern))
                if path.is_file() and path.resolve().is_relative_to(workspace.resolve())
            }
        )
        whole = hashlib.sha256()
        for path in found:
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        return whole.hexdigest() if found else ""

    return hashed
