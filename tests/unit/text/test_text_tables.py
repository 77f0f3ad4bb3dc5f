"""The shipped tables: dated, and what every supported Python agrees with."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files

import pytest
import text_tables

from aft.text.policy import is_unseen

TABLES = ("unseen.txt", "lookalikes.txt")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_its_version_day_and_license(name: str) -> None:
    text = files("aft.text").joinpath(name).read_text("utf-8")
    assert re.match(r"# Unicode \d+\.\d+\.\d+ \d{4}-\d{2}-\d{2}: ", text)
    assert "Unicode License V3" in text


def test_the_table_is_what_this_python_says_of_the_characters_of_that_version() -> None:
    """Newer Pythons know more characters, and say the same of those."""
    here = text_tables.unseen()
    listed = {code for code in range(0x110000) if is_unseen(chr(code))}
    assert here <= listed
    assert all(chr(code).isascii() is False for code in listed if code > 0x7F)
    newer = listed - here
    if unicodedata.unidata_version in text_tables.RELEASED:
        assert newer == set()
        written = files("aft.text").joinpath("unseen.txt").read_text("utf-8")
        assert text_tables.unseen_table() == written


def test_the_oldest_python_knows_the_version() -> None:
    version = next(iter(text_tables.RELEASED))
    known = tuple(map(int, unicodedata.unidata_version.split(".")))
    assert known >= tuple(map(int, version.split(".")))


def test_lookalikes_are_made_from_the_published_form() -> None:
    source = (
        "\ufeff# confusables.txt\n# Date: 2025-07-22, 05:49:37 GMT\n# Version: 17.0.0\n"
        "0430 ;\t0061 ;\tMA\t# ( а → a )\n"
        "FF41 ;\t0061 ;\tMA\t# ( ａ → a ) its decomposition says so\n"
        "0251 ;\t0061 ;\tMA\t#\n"
        "118F5 ;\t0072 006E ;\tMA\t#\n"
    )
    lines = text_tables.lookalike_table(source).splitlines()
    assert lines[0].startswith("# Unicode 17.0.0 2025-07-22: ")
    assert [line for line in lines if not line.startswith("#")] == ["61: 430 251"] + (
        ["72 6E: 118F5"] if unicodedata.category("\U000118f5") != "Cn" else []
    )
