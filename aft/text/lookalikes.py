"""Names that people take for each other although their characters differ.

Two names look alike when their skeletons (Unicode Technical Standard #39) are equal, case aside. A
pair of ASCII names is left to its readers. ``lookalikes.txt`` is written by
``python -m tests.text_tables``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files


def lookalikes(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of different names that look alike, of which one is not ASCII: the later one first."""
    names = tuple(dict.fromkeys(names))
    if all(map(str.isascii, names)):
        return
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(skeleton(name), name)
        if other != name and not (name.isascii() and other.isascii()):
            yield name, other


def skeleton(name: str) -> str:
    """Text that is equal for names that look alike; of no other use."""
    decomposed = unicodedata.normalize("NFKD", name)
    return unicodedata.normalize("NFD", decomposed.translate(_table())).casefold()


@cache
def _table() -> Mapping[int, str]:
    found: dict[int, str] = {}
    for line in files("aft.text").joinpath("lookalikes.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            target, _, those = line.partition(":")
            text = "".join(chr(int(code, 16)) for code in target.split())
            found.update((int(code, 16), text) for code in those.split())
    return found
