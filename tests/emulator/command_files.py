"""The files a step writes to: GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH, GITHUB_STEP_SUMMARY."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of one step's summary; a longer one is not shown at all."""
_PROTECTED = ("GITHUB_", "RUNNER_")


class BadFile(Exception):
    """What was written has not the form GitHub asks for."""


@dataclass(frozen=True)
class Written:
    outputs: Mapping[str, str]
    env: Mapping[str, str]
    path: tuple[str, ...]
    summary: str


class CommandFiles:
    """A fresh set for one step, below ``folder``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._files = {
            name: folder / name.lower()
            for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        }
        for file in self._files.values():
            file.touch()

    @property
    def environ(self) -> Mapping[str, str]:
        return {name: str(file) for name, file in self._files.items()}

    def read(self) -> Written:
        """Raises ``BadFile``."""
        env = pairs(self._text("GITHUB_ENV"))
        if "NODE_OPTIONS" in env:
            raise BadFile("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
        summary = self._text("GITHUB_STEP_SUMMARY")
        if len(summary.encode()) > SUMMARY_LIMIT:
            raise BadFile("$GITHUB_STEP_SUMMARY upload aborted, supports content up to 1024k")
        return Written(
            outputs=pairs(self._text("GITHUB_OUTPUT")),
            env={name: text for name, text in env.items() if not name.startswith(_PROTECTED)},
            path=tuple(line for line in self._text("GITHUB_PATH").splitlines() if line),
            summary=summary,
        )

    def _text(self, name: str) -> str:
        return self._files[name].read_text(encoding="utf-8")


def pairs(text: str) -> Mapping[str, str]:
    """``name=value`` lines and ``name<<END`` blocks. Raises ``BadFile``."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if heredoc >= 0 and (equals < 0 or heredoc < equals):
            name, _, end = line.partition("<<")
            found[name] = "\n".join(_until(lines, end))
        elif equals > 0:
            name, _, found_value = line.partition("=")
            found[name] = found_value
        else:
            raise BadFile(f"Invalid format {line!r}")
    return found


def _until(lines: object, end: str) -> list[str]:
    block: list[str] = []
    for line in lines:  # type: ignore[attr-defined]
        if line == end:
            return block
        block.append(line)
    raise BadFile(f"Matching delimiter not found {end!r}")
