"""Text files that people name on a command line. Every failure is a ``UserError`` that names the
file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aft.errors import UserError, system_words
from aft.redaction import redact


def read_text(path: Path, *, most: int | None = None, errors: str = "strict") -> str:
    """The text of a file of at most ``most`` bytes; ``errors`` as ``open`` takes it."""
    try:
        if most is not None and path.stat().st_size > most:
            raise UserError(f"cannot read {path}: it is larger than {most:,} bytes")
        return path.read_text(encoding="utf-8", errors=errors)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {system_words(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Write ``text``, without credentials in it, and make the folders above."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(redact(text), encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"cannot write {path}: {system_words(error)}") from error


def write_scaffold(folder: Path, files: Mapping[str, str]) -> dict[str, bool]:
    """Write the files that are not there. By path, whether it was written; one that was there with
    the same content is not named. Raises ``UserError`` when one cannot be written."""
    done = {path: write_new(folder, path, text) for path, text in files.items()}
    return {
        path: is_new
        for path, is_new in done.items()
        if is_new or not _is_same(folder / path, files[path])
    }


def _is_same(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def write_new(folder: Path, name: str, text: str) -> bool:
    """Write ``text`` to the file ``name`` below ``folder``; false when there is such a file."""
    top = folder.resolve()
    path = top / name
    try:
        if not path.parent.resolve().is_relative_to(top):
            raise UserError(f"{path.parent} leads out of {top}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(redact(text))
    except FileExistsError:
        return False
    except OSError as error:
        raise UserError(f"cannot write {path}: {system_words(error)}") from error
    return True
