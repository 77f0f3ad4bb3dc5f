"""Lines of one subject's story, put together where two runs wrote at the same time. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from aft.git.ledger.layout import read_line
from aft.ledger.codec import line_digest
from aft.ledger.events import EventKind
from aft.ledger.replay import binds_again

_PREVIOUS = re.compile(rb',?"previous":"sha256:[0-9a-f]{64}"')


def lines_beyond(before: Sequence[bytes], after: Sequence[bytes]) -> list[bytes]:
    """The lines of ``after`` beyond those of ``before``, in order. What a line follows is not part
    of what it says: ``news`` may have changed it on the way to the remote."""
    known = Counter(map(_said, before))
    added: list[bytes] = []
    for line in after:
        said = _said(line)
        if known[said]:
            known[said] -= 1
        else:
            added.append(line)
    return added


def _said(line: bytes) -> bytes:
    return _PREVIOUS.sub(b"", line)


def news(
    lines: Sequence[bytes], *, since: Sequence[bytes], instead: dict[str, str]
) -> Sequence[bytes]:
    """``lines`` without bindings that are in ``since`` already, of other runs. What followed such
    a binding follows the one that is there: ``instead`` holds, by the digests of lines that are
    left out or changed, those that others follow instead, for this and later calls."""
    there = [(line, event) for line in since if (event := read_line(line)) is not None]
    events = [event for _, event in there]
    bindings = [line for line, event in there if event.kind is EventKind.BOUND]
    kept: list[bytes] = []
    for line in lines:
        event = read_line(line)
        if event is not None and binds_again(event, events):
            instead[line_digest(line)] = line_digest(bindings[-1])
            continue
        after = event.previous if event is not None else ""
        if after in instead:
            moved = line.replace(after.encode(), instead[after].encode())
            instead[line_digest(line)] = line_digest(moved)
            line = moved  # noqa: PLW2901 - the same event, after another line
        kept.append(line)
    return kept


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
