"""A step's outputs (GITHUB_OUTPUT), for the steps behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from aft.errors import Terminal

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VALUE = re.compile(r"[\x20-\x7e]*")


def write_outputs(path: Path | None, outputs: Mapping[str, str]) -> None:
    """Append ``name=value`` lines; nothing without a file.

    Raises ``Terminal`` for a value of several lines, which could pass for outputs of its own.
    """
    for name, value in outputs.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Terminal(f"output {name!r} is not one line of plain characters")
    if path is not None:
        lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
