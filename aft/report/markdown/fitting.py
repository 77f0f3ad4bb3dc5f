"""Fits a page into a size without lying about what is missing: what is left out is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from aft.findings.model import Finding
from aft.forge.fitting import OPEN
from aft.report.markdown.inert import code_span, prose
from aft.report.masking import Mask
from aft.values.words import counted, listed

LIMIT = 65_000
"""Characters; GitHub takes 65,536 in a comment."""
SUMMARY_LIMIT = 1_000_000
"""Bytes; GitHub takes 1 MiB of a step's summary."""
_GAP = "\n\n"
LIST = "\n"
"""Between the items of a list."""
_RESERVE = 700
"""Room for the words about what is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One part that is shown whole or not at all. ``tally`` says how many of what it holds."""

    text: str
    tally: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A title and its entries, ``gap`` between two of them; an ``is_vital`` one always stays."""

    title: str
    entries: tuple[Entry, ...]
    is_vital: bool = False
    gap: str = _GAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What found no room: by noun, of vital sections and of the others."""

    vital: tuple[tuple[str, int], ...] = ()
    other: tuple[tuple[str, int], ...] = ()

    @property
    def words(self) -> str:
        """``3 risky accounts and 12 accounts``; empty when all is there."""
        return listed([counted(number, noun) for noun, number in (*self.vital, *self.other)])


def bullets(title: str, entries: Iterable[Entry], *, is_vital: bool = False) -> Section:
    """A section whose entries are items of a list."""
    return Section(title=title, entries=tuple(entries), is_vital=is_vital, gap=LIST)


def left_out(rest: str, advice: str = "") -> Callable[[Missing], str]:
    """The usual notice: ``rest`` says where everything is, ``advice`` what to do if it is vital."""

    def notice(missing: Missing) -> str:
        words = f"{missing.words} found no room here; {rest}."
        return f"> [!CAUTION]\n> {words}{advice}" if missing.vital else f"*{words}*"

    return notice


Parts = tuple[Sequence[str], Sequence[Section], str, Callable[[Missing], str]]
"""Paragraphs at the top, sections, footer, and how to word what found no room."""


class Page(Protocol):
    """Something to read about a run of ``verb``, whose name is in the comment's marker."""

    @property
    def verb(self) -> str: ...

    @property
    def mask(self) -> Mask: ...

    @property
    def is_open(self) -> bool:
        """Something is not done yet, so that a later result takes its place."""
        ...

    def parts(self, *, everything: bool) -> Parts:
        """What the page is made of; with ``everything`` no list is shortened."""
        ...


def comment(page: Page, *, limit: int = LIMIT) -> str:
    """The comment, at most ``limit`` characters, below the marker by which the next run finds it to
    update it in place. When space runs out, what is not vital is left out first, and counted."""
    lead = [f"<!-- aft:{page.verb} -->", OPEN if page.is_open else ""]
    return _whole(page, lead, limit=limit, size=len, everything=False)


def summary(page: Page, *, limit: int = SUMMARY_LIMIT) -> str:
    """All of it for the job's page, at most ``limit`` bytes."""
    return _whole(page, [], limit=limit, size=utf8_size, everything=True)


def _whole(
    page: Page, lead: Sequence[str], *, limit: int, size: Callable[[str], int], everything: bool
) -> str:
    top, sections, footer, notice = page.parts(everything=everything)
    head = _GAP.join(part for part in (*lead, *top) if part)
    return fitted(head, sections, footer, limit=limit, size=size, notice=notice, mask=page.mask)


def fitted(
    head: str,
    sections: Sequence[Section],
    footer: str,
    *,
    limit: int,
    size: Callable[[str], int],
    notice: Callable[[Missing], str],
    mask: Callable[[str], str] = str,
) -> str:
    """``head``, as many entries as ``limit`` has room for, in order, and ``footer``; all of it
    through ``mask``. Entries give way from the end. ``notice`` words what is missing; where
    something vital is, its words are right below the head, else where the page ends."""
    head, footer = mask(head), mask(footer)
    room = limit - size(head) - size(footer) - 2 * size(_GAP) - _RESERVE
    parts: list[str] = []
    vital: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for section in sections:
        shown: list[str] = []
        for entry in section.entries:
            text = mask(entry.text)
            cost = size(text) + size(_GAP) + (0 if shown else size(section.title + _GAP))
            room -= cost
            if room < 0 or vital or other:
                (vital if section.is_vital else other).update(dict(entry.tally))
            else:
                shown.append(text)
        if shown:
            parts += (section.title, section.gap.join(shown))
    missing = Missing(vital=tuple(vital.items()), other=tuple(other.items()))
    words = [notice(missing)] if vital or other else []
    above, below = (words, []) if vital else ([], words)
    return _GAP.join(part for part in (head, *above, *parts, *below, footer) if part) + "\n"


def finding_entries(findings: Iterable[Finding]) -> Iterator[Entry]:
    """A list item each, with place, code, message and hint; errors first."""
    for finding in sorted(findings, key=lambda item: not item.is_error):
        sign = "❌" if finding.is_error else "⚠️"
        hint = f"<br>→ {prose(finding.hint)}" if finding.hint else ""
        yield Entry(
            text=f"- {sign} {code_span(finding.where)} **{finding.code}** "
            f"{prose(finding.message)}{hint}",
            tally=(("error" if finding.is_error else "warning", 1),),
        )


def utf8_size(text: str) -> int:
    """Bytes, for limits that are in bytes."""
    return len(text.encode())
