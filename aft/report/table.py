"""Columns of text: as wide as they must be, as narrow as the page wants."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

Cell = tuple[str, str]
"""A text and its style."""


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], *, width: int, elastic: int) -> Text:
    """Aligned columns, two spaces apart; the column ``elastic`` gives way when it is too wide.

    The last column is never cut, but may stand out.
    """
    widths = [
        max((cell_len(text) for text in (title, *(row[index][0] for row in rows))), default=0)
        for index, title in enumerate(head)
    ]
    surplus = sum(widths) + 2 * (len(widths) - 1) - width
    if surplus > 0:
        widths[elastic] = max(len(head[elastic]), 12, widths[elastic] - surplus)
    lines = [_row([(title, "bold") for title in head], widths)]
    lines.extend(_row(row, widths) for row in rows)
    return Text("\n").join(lines)


def _row(cells: Sequence[Cell], widths: Sequence[int]) -> Text:
    line = Text()
    for index, ((text, style), width) in enumerate(zip(cells, widths, strict=True)):
        is_last = index == len(cells) - 1
        shown = text if is_last else _fitted(text, width)
        line.append(shown if not is_last else shown.rstrip(), style=style)
        if not is_last:
            line.append("  ")
    line.rstrip()
    return line


def _fitted(text: str, width: int) -> str:
    """Padded to ``width``; a longer one keeps its beginning and end, where names differ."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    half = (width - 1) // 2
    return set_cell_size(f"{text[: width - 1 - half]}…{text[-half:]}", width)
