"""Each line about who can do what names a test, and that test is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from docs_pages.generated import DOCS

PAGE = DOCS / "explanation" / "security.md"
HEADER = ("attempt", "what stops it", "what does not", "test")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def rows() -> list[tuple[str, ...]]:
    """Of all tables below the heading, without those that name the columns."""
    part = PAGE.read_text().partition("\n## Who can do what\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [row for row in cells if row != HEADER and set("".join(row)) != {"-"}]


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_a_line_names_tests_that_exist(row: tuple[str, ...]) -> None:
    assert len(row) == len(HEADER), "four columns"
    attempt, stops, remains, tests = row
    assert attempt
    assert stops or remains
    links = _LINK.findall(tests)
    assert links, "which test shows it?"
    for name, link in links:
        path = (PAGE.parent / link).resolve()
        assert path.is_file(), link
        assert f"test_{name}" in functions_of(path), f"{link} has no test_{name}"


def test_every_kind_of_access_has_its_table() -> None:
    part = PAGE.read_text().partition("\n## Who can do what\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^### ", part, re.MULTILINE)) == part.count("| " + " | ".join(HEADER))
    assert len(rows()) >= 20
