"""A page of docs/ as what can be played: code blocks with the remarks written before them.

A remark is an HTML comment on the lines right above a block:

    <!-- not run: reason -->   the block is for the reader alone
    <!-- exit: 3 -->           what the block's last command exits with, when it is not 0
    <!-- any order -->         the output's lines come in any order
    <!-- file: path -->        the block is written to this file
    <!-- check: request -->    the block is read as this kind of file
    <!-- plays as: command --> a test runs this command in the block's place
    <!-- packages: folder -->  from here on aft finds the packages installed there
    <!-- snapshot: vended -->  what is there before this block is what other pages start from

Inside a console block, lines that begin with ``$ `` are commands, the lines below are what they
say, and a line of ``…`` stands for lines left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ELISION = "…"
_REMARK = re.compile(r"<!-- (?P<name>[a-z0-9 ]+?)(?:: (?P<value>.+?))? -->")
_FENCE = re.compile(r"^(?P<fence>```+)(?P<language>[a-z]*)\s*$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A code block; ``line`` is that of its first line of content, counted from 1."""

    page: Path
    line: int
    language: str
    text: str
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def is_played(self) -> bool:
        return "not run" not in self.remarks and (
            self.language == "console" or "file" in self.remarks
        )


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of a console block and what the page says it answers; ``line`` is its own."""

    text: str
    answer: tuple[str, ...]
    line: int


def blocks_of(page: Path) -> tuple[Block, ...]:
    """All code blocks of a page, in order."""
    return tuple(_blocks(page, page.read_text().splitlines()))


def start_of(page: Path) -> str:
    """What a page begins with: the value of its remark ``start``, or nothing."""
    found = re.search(r"<!-- start: ([a-z]+) -->", page.read_text())
    return found[1] if found else ""


def commands_of(block: Block) -> tuple[Command, ...]:
    """The commands of a console block."""
    found: list[tuple[str, list[str], int]] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if line.startswith("$ "):
            found.append((line[2:], [], number))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f"{block.place}: a console block begins with a command ($ …)")
    return tuple(
        Command(text=text, answer=tuple(_trimmed(answer)), line=line)
        for text, answer, line in found
    )


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    remarks: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence is not None:
            end = next(
                index
                for index in range(number + 1, len(lines))
                if lines[index].rstrip() == fence["fence"]
            )
            yield Block(
                page=page,
                line=number + 2,
                language=fence["language"],
                text="\n".join(lines[number + 1 : end]) + "\n",
                remarks=remarks,
            )
            remarks, number = {}, end
        elif remark := _REMARK.fullmatch(line.strip()):
            remarks = {**remarks, remark["name"]: remark["value"] or ""}
        elif line.strip():
            remarks = {}
        number += 1
