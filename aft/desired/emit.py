"""Request files, and other YAML for people, as a person would write them.

Text is quoted where YAML, or an older YAML reader, would take it for something else: account
ids, ``on`` and ``no``, anything with ``: `` in it. What fits on a line is written on one. Reading
it back gives the same values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aft.desired.raw import RequestFile
from aft.yamldoc.text import plain_scalar

WIDTH = 100
"""Characters a line may have before a mapping or list is written over several."""

_OLD_CONSTANTS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Booleans of YAML 1.1, which other readers of the same file may still know."""
_OLD_NUMBER = re.compile(r"[0-9][0-9_:.+TtZz -]*|[0-9][0-9_.]*[eE][0-9+-]*")
"""Numbers and dates of YAML 1.1: ``12:30``, ``1_000``, ``2027-06-30``."""
_OF_FLOW = frozenset(",[]{}:?")
"""Brackets and commas end a scalar inside brackets; colons and question marks may."""


def request_yaml(values: Mapping[str, Any], *, remark: str = "") -> str:
    """The text of a request file: ``values`` in the order of the reference, under a comment."""
    ordered = {name: values[name] for name in RequestFile.model_fields if name in values}
    comment = "".join(f"# {line}".rstrip() + "\n" for line in remark.splitlines())
    return comment + mapping_yaml(ordered)


def mapping_yaml(values: Mapping[str, Any], *, indent: int = 0) -> str:
    """``values`` as lines ``key: value``; short mappings and lists inside it stay on one line."""
    return "".join(_entry(key, value, indent) for key, value in values.items())


def _entry(key: str, value: Any, indent: int) -> str:
    start = f"{' ' * indent}{_key(key)}:"
    line = f"{start} {_flow(value, outermost=True)}"
    if not isinstance(value, (Mapping, list, tuple)) or not value:
        return line + "\n"
    if len(line) <= WIDTH and _is_flat(value):
        return line + "\n"
    if isinstance(value, Mapping):
        return f"{start}\n{mapping_yaml(value, indent=indent + 2)}"
    return f"{start}\n{_items(value, indent + 2)}"


def _items(values: Sequence[Any], indent: int) -> str:
    lines: list[str] = []
    for value in values:
        inline = f"{' ' * indent}- {_flow(value, outermost=not isinstance(value, Mapping))}\n"
        if isinstance(value, Mapping) and value and not (_is_flat(value) and len(inline) <= WIDTH):
            inside = mapping_yaml(value, indent=indent + 2)
            lines.append(f"{' ' * indent}- {inside[indent + 2 :]}")
        else:
            lines.append(inline)
    return "".join(lines)


def _is_flat(value: Any) -> bool:
    """No mapping inside a list: those read better one below the other."""
    if isinstance(value, Mapping):
        return all(_is_flat(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return not any(isinstance(item, (Mapping, list, tuple)) for item in value)
    return True


def _flow(value: Any, *, outermost: bool = False) -> str:
    match value:
        case Mapping():
            inside = ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in value.items())
            return f"{{{inside}}}"
        case list() | tuple():
            return f"[{', '.join(_flow(item) for item in value)}]"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
    return scalar(str(value), flow=not outermost)


def _key(text: str) -> str:
    return _quoted(text) if ":" in text else scalar(text, flow=True)


def scalar(text: str, *, flow: bool = False) -> str:
    """``text`` as a YAML scalar that is read as this text; ``flow``: inside brackets."""
    return text if _may_be_plain(text, flow=flow) else _quoted(text)


def _may_be_plain(text: str, *, flow: bool) -> bool:
    if not text or not text.isprintable() or not (text[0].isalnum() or text[0] == "/"):
        return False
    if text[-1] in " :" or ": " in text or " #" in text or (flow and _OF_FLOW & set(text)):
        return False
    if text.casefold() in _OLD_CONSTANTS or _OLD_NUMBER.fullmatch(text):
        return False
    try:
        return isinstance(plain_scalar(text), str)
    except ValueError:
        return False


def _quoted(text: str) -> str:
    # YAML's double quotes take JSON's escapes.
    return json.dumps(text, ensure_ascii=False)
