"""One key at the top of a file that has errors, perhaps none of them there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aft.findings.model import Finding
from aft.yamldoc import parse_yaml
from aft.yamldoc.text import MAX_BYTES, decode

_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ \t]*:(?=\s|$)")
_GOES_ON = re.compile(r"[ \t#-]|$")
"""Below a key at the top: what is indented, empty, a comment or an item of a list."""


def section_in(content: bytes, name: str) -> tuple[Any, ...]:
    """What the file has at its key ``name``: one value, ``None`` where the key is not there;
    nothing where that cannot be known. Of what is not YAML as a whole, the lines from a key to the
    next are read separately."""
    if len(content) > MAX_BYTES:
        return ()
    document, _ = parse_yaml(content, "")
    if document is not None:
        return (document.data.get(name),)
    text = decode(content, "")
    if isinstance(text, Finding):
        return ()
    if name not in text:
        return (None,)
    parts = list(_parts(text, name))
    if len(parts) != 1 or not parts[0]:
        return ()
    found, problems = parse_yaml(parts[0].encode(), "")
    return (found.data.get(name),) if found is not None and not problems else ()


def _parts(text: str, name: str) -> Iterator[str]:
    """The lines of each key of that name; an empty text where something odd ends them."""
    part: list[str] | None = None
    for line in text.splitlines():
        found = _KEY.match(line)
        if found is None and _GOES_ON.match(line):
            if part is not None:
                part.append(line)
            continue
        if part is not None:
            yield "\n".join(part) if found is not None else ""
        part = [line] if found is not None and found[1] == name else None
    if part is not None:
        yield "\n".join(part)
