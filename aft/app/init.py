"""A new repository on disk. Never overwrites: what is there already stays, and is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aft.app.text_files import write_new


@dataclass(frozen=True, kw_only=True)
class Scaffolded:
    """Paths relative to the folder, sorted; ``left`` were there with other content."""

    written: tuple[str, ...]
    left: tuple[str, ...]

    def __add__(self, other: Scaffolded) -> Scaffolded:
        return Scaffolded(
            written=tuple(sorted((*self.written, *other.written))),
            left=tuple(sorted((*self.left, *other.left))),
        )


def write_scaffold(folder: Path, files: Mapping[str, str]) -> Scaffolded:
    """Write the files that are not there. Raises ``UserError`` when one cannot be."""
    written: list[str] = []
    left: list[str] = []
    for path, text in sorted(files.items()):
        if write_new(folder, path, text):
            written.append(path)
        elif not _is_same(folder / path, text):
            left.append(path)
    return Scaffolded(written=tuple(written), left=tuple(left))


def _is_same(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
