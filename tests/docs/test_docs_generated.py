"""What is made from the code is current: ``make docs`` would change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_pages.generated import (
    DOCS,
    PARTS,
    SCHEMAS,
    fresh_file,
    generated_files,
    parts_used,
)


@pytest.mark.parametrize("path", generated_files(), ids=lambda path: str(path.relative_to(DOCS)))
def test_a_page_is_current(path: Path) -> None:
    assert path.exists(), "run `make docs`"
    assert path.read_text() == fresh_file(path), "run `make docs`"


def test_every_generated_part_is_shown_somewhere() -> None:
    assert parts_used() == PARTS.keys()


def test_every_schema_has_a_file_and_no_other_is_there() -> None:
    there = set((DOCS / "reference" / "schemas").glob("*.json"))
    assert there == SCHEMAS.keys()
