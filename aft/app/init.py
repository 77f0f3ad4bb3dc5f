"""A new repository on disk. Never overwrites: what is there already stays, and is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aft.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Scaffolded:
    """Paths relative to the folder, sorted. ``same`` were there with just this content."""

    written: tuple[str, ...]
    left: tuple[str, ...]
    same: tuple[str, ...]

    def __add__(self, other: Scaffolded) -> Scaffolded:
        return Scaffolded(
            written=tuple(sorted((*self.written, *other.written))),
            left=tuple(sorted((*self.left, *other.left))),
            same=tuple(sorted((*self.same, *other.same))),
        )


def write_scaffold(folder: Path, files: Mapping[str, str]) -> Scaffolded:
    """Write the files that are not there. Raises ``UserError`` when one cannot be."""
    written: list[str] = []
    left: list[str] = []
    same: list[str] = []
    top = folder.resolve()
    for path, text in sorted(files.items()):
        file = top / path
        try:
            if not file.parent.resolve().is_relative_to(top):
                raise UserError(f"{file.parent} leads out of {top}")
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as out:
                out.write(text)
        except FileExistsError:
            (same if _holds(file, text) else left).append(path)
        except OSError as error:
            raise UserError(f"cannot write {file}: {error.strerror}") from error
        else:
            written.append(path)
    return Scaffolded(written=tuple(written), left=tuple(left), same=tuple(same))


def _holds(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
