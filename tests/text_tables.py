"""Write the tables of ``aft/text`` from Unicode's data.

``python -m tests.text_tables CONFUSABLES``, with the oldest Python that aft supports: what this one
calls unassigned is so for all, and its own tables then normalize alike on every Python.
``CONFUSABLES`` is ``confusables.txt`` of https://www.unicode.org/Public/security/.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "aft" / "text"
RELEASED = {"14.0.0": "2021-09-14"}
CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# DerivedCoreProperties.txt, Default_Ignorable_Code_Point: those of other categories.
IGNORABLE = (
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164),
    *(*range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0000, 0xE1000)),
)
# Letters and symbols whose glyph is empty: BRAILLE PATTERN BLANK, OBJECT REPLACEMENT CHARACTER,
# KHITAN SMALL SCRIPT FILLER, MUSICAL SYMBOL NULL NOTEHEAD.
BLANK = (0x2800, 0xFFFC, 0x16FE4, 0x1D159)
LICENSE = """\
# Copyright © 1991-2025 Unicode, Inc. Made from data files of Unicode, under the Unicode License V3
# (https://www.unicode.org/license.txt):
# Permission is hereby granted, free of charge, to any person obtaining a copy of data files and any
# associated documentation (the "Data Files") or software and any associated documentation (the
# "Software") to deal in the Data Files or Software without restriction, including without
# limitation the rights to use, copy, modify, merge, publish, distribute, and/or sell copies of the
# Data Files or Software, and to permit persons to whom the Data Files or Software are furnished to
# do so, provided that either (a) this copyright and permission notice appear with all copies of the
# Data Files or Software, or (b) this copyright and permission notice appear in associated
# Documentation.
# THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
# IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
# PURPOSE AND NONINFRINGEMENT OF THIRD PARTY RIGHTS. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
# HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL INDIRECT OR CONSEQUENTIAL
# DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE
# USE OR PERFORMANCE OF THE DATA FILES OR SOFTWARE. Except as contained in this notice, the name of
# a copyright holder shall not be used in advertising or otherwise to promote the sale, use or other
# dealings in these Data Files or Software without prior written authorization of the copyright
# holder.
"""


def unseen() -> frozenset[int]:
    """The characters that this Python knows people cannot see, or that it does not know."""
    found = {code for code in range(0x110000) if unicodedata.category(chr(code)) in CATEGORIES}
    return frozenset(found.union(IGNORABLE, BLANK) - {ord("\t"), ord("\n"), ord("\r")})


def ranges(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = -2
    for code in sorted(codes):
        if code != last + 1:
            if first >= 0:
                yield first, last
            first = code
        last = code
    yield first, last


def unseen_table() -> str:
    version = unicodedata.unidata_version
    rows = " ".join(
        f"{first:X}" if first == last else f"{first:X}-{last:X}" for first, last in ranges(unseen())
    )
    head = f"# Unicode {version} {RELEASED[version]}: what people cannot see, or is unassigned.\n"
    return head + LICENSE + _wrapped(rows)


def lookalike_table(text: str) -> str:
    """What looks like what, without that which compatibility decomposition makes alike."""
    made = re.search(r"# Date: (\S+),", text)
    version = re.search(r"# Version: (\S+)", text)
    assert made, "not a confusables.txt"
    assert version, "not a confusables.txt"
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for line in text.lstrip("\ufeff").splitlines():
        fields = line.split("#")[0].split(";")
        if len(fields) < 3:
            continue
        source, target = (_text_of(field) for field in fields[:2])
        is_decomposed = unicodedata.normalize("NFKD", source) == source
        if is_decomposed and unicodedata.category(source) != "Cn":
            alike[target].append(source)
    head = f"# Unicode {version[1]} {made[1]}: what looks like the first of each line (UTS #39).\n"
    rows = (f"{_codes(target)}: {_codes(''.join(those))}" for target, those in alike.items())
    return head + LICENSE + "\n".join(sorted(rows)) + "\n"


def _text_of(field: str) -> str:
    return "".join(chr(int(code, 16)) for code in field.split())


def _codes(text: str) -> str:
    return " ".join(f"{ord(letter):X}" for letter in text)


def _wrapped(text: str) -> str:
    return re.sub(r"(.{1,99})(?: |$)", r"\1\n", text)


if __name__ == "__main__":
    (FOLDER / "unseen.txt").write_text(unseen_table(), encoding="utf-8")
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    (FOLDER / "lookalikes.txt").write_text(lookalike_table(source), encoding="utf-8")
