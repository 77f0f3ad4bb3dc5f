"""Words of the field, plain and modern: in code, messages and documentation alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTEAD = {
    r"(?<![a-z])mend(s|ed|ing)?(?![a-z])": "fix",
    r"\bfor ever\b(?!\w)": "permanently",
    r"\bdear(er)?\b": "expensive",
    r"\bgets? no more\b": "no longer gets",
    r"\bmaster account\b": "management account",
}
"""Patterns that stand nowhere, and what is written instead."""


def written() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    for folder, endings in (
        ("aft", ("py", "toml")),
        ("docs", ("md",)),
        ("customizations", ("md",)),
    ):
        for ending in endings:
            found += (ROOT / folder).rglob(f"*.{ending}")
    return found


@pytest.mark.parametrize("pattern", INSTEAD)
def test_old_words_are_written_no_longer(pattern: str) -> None:
    search = re.compile(pattern, re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: write {INSTEAD[pattern]!r}"
        for path in written()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if search.search(line)
    ]
    assert not found
