"""JSON that others wrote, read within bounds: every failure is one error, with its place.

Python's reader has three ways to give up: its own error, a number of more digits than Python
converts, and nesting beyond the stack. What it accepts may still be nested deeper than functions
that walk it can go, or hold halves of characters, which no file and no pipe takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any

MAX_DEPTH = 200
"""Objects and lists nested deeper than this are refused; Terraform's plans of nested modules are
the deepest there are."""

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class BadJson(ValueError):
    """The text cannot be read; ``message`` says why, ``line`` and ``column`` where, from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


def read_json(
    text: str | bytes,
    *,
    halves: bool = True,
    pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
    number: Callable[[str], Any] | None = None,
) -> Any:
    """The value that ``text`` says. ``halves`` of characters (``\\ud800``) are let pass, or
    refused; ``pairs`` makes an object of its pairs, ``number`` a number of its digits. Raises
    ``BadJson``."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig", "surrogatepass")
        _check_depth(text)
        value = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_float=number)
        if not halves and _HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise BadJson(error.msg, error.lineno, error.colno) from error
    except UnicodeError as error:
        raise BadJson("it holds bytes or halves of characters that are no text") from error
    except BadJson:
        raise
    except ValueError as error:
        # Python's own words on numbers, or what ``pairs`` says.
        raise BadJson("a number is too long" if "digits" in str(error) else str(error)) from error
    except RecursionError as error:
        raise BadJson("it is nested too deeply") from error
    return value


def _check_depth(text: str) -> None:
    """How deep brackets outside of texts are nested; nearly always there are not that many."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    brackets = _NO_BRACKET.sub("", _TEXT.sub("", text))
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise BadJson(f"values are nested more than {MAX_DEPTH} deep")
