"""Lines of one subject's story, put together where two runs wrote at the same time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aft.git.ledger.layout import read_line
from aft.ledger.replay import binds_again


def lines_beyond(before: Sequence[bytes], after: Sequence[bytes]) -> list[bytes]:
    """The lines of ``after`` beyond those of ``before``, in order."""
    known = Counter(before)
    added: list[bytes] = []
    for line in after:
        if known[line]:
            known[line] -= 1
        else:
            added.append(line)
    return added


def news(lines: Sequence[bytes], *, since: Sequence[bytes]) -> Sequence[bytes]:
    """``lines`` without bindings that are in ``since`` already, of other runs."""
    told = [event for event in map(read_line, since) if event is not None]
    return [
        line for line in lines if (event := read_line(line)) is None or not binds_again(event, told)
    ]


def merged_lines(
    lines: Sequence[bytes], new: Sequence[bytes], *, seen: frozenset[bytes]
) -> list[bytes]:
    """``new`` put into ``lines`` by time, after the last line that its run had seen."""
    merged = list(lines)
    place = 1 + max((index for index, line in enumerate(lines) if line in seen), default=-1)
    for line in new:
        event = read_line(line)
        while event is not None and place < len(merged):
            there = read_line(merged[place])
            if there is not None and there.at > event.at:
                break
            place += 1
        merged.insert(place, line)
        place += 1
    return merged
