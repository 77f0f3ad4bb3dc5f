"""The one rule for text that people review and read.

On the way in, what people cannot see or tell apart is refused (``refused``); on the way out it is
shown by its number, as in ``⟨U+200B⟩``, and never dropped (``shown``). ``unseen.txt`` lists these
characters, of a version of Unicode that every supported Python knows, so that all agree:
``python -m tests.text_tables`` writes it. Pure; text that is ASCII costs next to nothing.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from bisect import bisect_right
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import NamedTuple

JOINERS = frozenset("\u200c\u200d\ufe0f")
"""Zero-width (non-)joiners and the emoji selector: spelling in prose, and invisible elsewhere."""

PROSE_FIELDS = frozenset({"reason", "ticket", "description"})
"""Fields of YAML files that only people read."""

MAX_MARKS = 8
"""Combining marks in a row: more than any language has. Long runs cover their neighbours, and cost
quadratic time to normalize."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROLS_WITH_RETURNS = re.compile(rf"{_CONTROLS.pattern}|\r(?!\n)")  # three times as slow
_SPACE = re.compile(r"(?:[ \t\n]|\r\n)+")
_CONTROLS_OF_NAMES = re.compile(r"[\x00-\x1f\x7f]")


class Use(enum.Enum):
    """What a text is for. Only prose may have joiners. Values have no blanks but spaces, tabs and
    line ends; names have no blanks but spaces."""

    PROSE = "prose"
    CODE = "code"
    VALUE = "value"
    NAME = "name"


class Refusal(NamedTuple):
    """Why a text is refused, where (counted from 0), and what to do about it."""

    offset: int
    message: str
    hint: str


def refused(text: str, use: Use) -> Refusal | None:
    """The first thing in ``text`` that people cannot see or tell from something else."""
    controls = _CONTROLS_WITH_RETURNS if "\r" in text else _CONTROLS
    control = (_CONTROLS_OF_NAMES if use is Use.NAME else controls).search(text)
    if text.isascii():
        return None if control is None else _refused_character(text, control.start())
    odd = frozenset(letter for letter in set(text) if _is_odd(letter, use))
    offset = next((at for at, letter in enumerate(text) if letter in odd), len(text))
    if control is not None:
        offset = min(offset, control.start())
    if offset < len(text):
        return _refused_character(text, offset)
    return _too_many_marks(text) or _not_composed(text)


def shown(text: str) -> str:
    """``text`` with everything shown that people cannot see, and every blank but spaces; marks and
    their like, too, where the text is not in the composed form."""
    if text.isascii() and text.isprintable():
        return text
    odd = _to_show(text)
    return text.translate({ord(it): f"⟨U+{ord(it):04X}⟩" for it in odd}) if odd else text


def shown_lines(text: str) -> str:
    """The same of several lines, whose ends and tabs stay."""
    return "\n".join(map(shown, text.replace("\r\n", "\n").expandtabs(4).split("\n")))


def one_line(text: str) -> str:
    """The same on one line: line ends and runs of blanks become a space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return shown(_SPACE.sub(" ", text))


def escaped(text: str) -> str:
    """JSON text with the same escaped that ``shown`` shows; its values stay what they are."""
    if text.isascii() and "\x7f" not in text:
        return text
    odd = _to_show(text) - {"\n"}  # JSON has no other control character but U+007F
    return text.translate({ord(it): _escape(it) for it in odd}) if odd else text


def is_unseen(letter: str) -> bool:
    """Whether people cannot see this character: it has no glyph, or is not assigned. Tabs and line
    ends can be seen."""
    return bisect_right(_bounds(), ord(letter)) % 2 == 1


def _is_odd(letter: str, use: Use) -> bool:
    if letter.isascii():
        return use is Use.NAME and not letter.isprintable()
    if letter in JOINERS:
        return use is not Use.PROSE
    return is_unseen(letter) or (
        use in (Use.VALUE, Use.NAME) and unicodedata.category(letter) == "Zs"
    )


def _to_show(text: str) -> set[str]:
    letters = set(text)
    odd = {letter for letter in letters if _is_odd(letter, Use.NAME)}
    if _too_many_marks(text) or not unicodedata.is_normalized("NFC", text):
        odd |= {letter for letter in letters if _composes(letter)}
    return odd


def _composes(letter: str) -> bool:
    """Whether NFC makes something else of this character, or of one with it behind."""
    return (
        unicodedata.category(letter).startswith("M")
        or "\u1161" <= letter <= "\u1175"  # vowels and final consonants of Hangul
        or "\u11a8" <= letter <= "\u11c2"
        or not unicodedata.is_normalized("NFC", letter)
    )


@cache
def _bounds() -> tuple[int, ...]:
    """Where ranges of such characters begin and, behind their last, end; in order."""
    found: list[int] = []
    for line in files("aft.text").joinpath("unseen.txt").read_text("utf-8").splitlines():
        for item in line.split() if not line.startswith("#") else ():
            first, _, last = item.partition("-")
            found += (int(first, 16), int(last or first, 16) + 1)
    return tuple(found)


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}" for at in range(0, len(units), 2)
    )


def _refused_character(text: str, offset: int) -> Refusal:
    letter = text[offset]
    start = f"character U+{ord(letter):04X} is refused"
    if letter == "\r":
        message = f"{start}: a carriage return without a line feed ends the line for some readers"
        return Refusal(offset, f"{message} only", "save the file with LF line ends")
    if unicodedata.category(letter) == "Zs" or letter in "\t\n":
        return Refusal(offset, f"{start} here: it looks like a space", "write a space")
    if letter in JOINERS:
        return Refusal(offset, f"{start} outside of prose: people cannot see it", "delete it")
    return Refusal(offset, f"{start}: people cannot see it, or see other text", "delete it")


def _too_many_marks(text: str) -> Refusal | None:
    marks = frozenset(letter for letter in set(text) if unicodedata.combining(letter))
    if not marks:
        return None
    offset = 0
    for is_mark, run in groupby(text, marks.__contains__):
        length = sum(1 for _ in run)
        if is_mark and length > MAX_MARKS:
            message = f"{length} combining marks follow each other; expected at most {MAX_MARKS}"
            return Refusal(offset, message, "delete them")
        offset += length
    return None


def _not_composed(text: str) -> Refusal | None:
    if unicodedata.is_normalized("NFC", text):
        return None
    composed = unicodedata.normalize("NFC", text)
    pairs = enumerate(zip(text, composed, strict=False))
    offset = next((at for at, (has, wanted) in pairs if has != wanted), 0)
    message = (
        f"U+{ord(text[offset]):04X} begins a character that is not in its composed form (NFC), so "
        "it differs from one that looks the same"
    )
    return Refusal(offset, message, f"write it as U+{ord(composed[offset]):04X}")
