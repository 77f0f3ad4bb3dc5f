"""The rows of the table: what was measured, what was promised, and whether it was kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

WIDTH = 80
_MEASURED, _BOUND, _VERDICT = 11, 9, 3


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement. ``bound`` is ``None`` for what is only good to know; ``at_least`` turns
    the bound round. ``unit`` is written behind both numbers."""

    group: str
    name: str
    measured: float
    bound: float | None = None
    at_least: bool = False
    unit: str = ""
    detail: str = ""

    @property
    def is_kept(self) -> bool:
        if self.bound is None:
            return True
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return ""
        return "ok" if self.is_kept else "NOT"


def table(rows: Sequence[Row]) -> str:
    """The rows in 80 columns, under a line per group."""
    lines: list[str] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            lines += ["", group, "-" * WIDTH]
        lines.append(_line(row))
        if row.detail:
            lines += [f"    {part}" for part in _wrapped(row.detail, WIDTH - 4)]
    missed = [row for row in rows if not row.is_kept]
    bound = sum(row.bound is not None for row in rows)
    verdict = f"{len(missed)} of {bound} promises NOT kept" if missed else f"{bound} promises kept"
    return "\n".join([*lines, "", f"{verdict}."]).lstrip("\n")


def as_json(rows: Sequence[Row]) -> str:
    """The same for machines."""
    return json.dumps([{**asdict(row), "ok": row.is_kept} for row in rows], indent=2)


def _line(row: Row) -> str:
    room = WIDTH - _MEASURED - _BOUND - _VERDICT - 3
    sign = "≥" if row.at_least else "≤"
    bound = "" if row.bound is None else f"{sign} {_number(row.bound)}{row.unit}"
    measured = f"{_number(row.measured)}{row.unit}"
    name = row.name.ljust(room, ".") if len(row.name) < room else row.name
    return f"{name} {measured:>{_MEASURED}} {bound:>{_BOUND}} {row.verdict:>{_VERDICT}}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _wrapped(text: str, width: int) -> Iterable[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".lstrip()
    if line:
        yield line
