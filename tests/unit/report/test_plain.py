from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.report.plain import json_text, one_line
from aft.values.words import counted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcödé 名前", "plain text, ünïcödé 名前"),
        ("\x1b[31mred\x1b[0m", "⟨U+001B⟩[31mred⟨U+001B⟩[0m"),
        ("\x1b]0;title\x07after", "⟨U+001B⟩]0;title⟨U+0007⟩after"),
        ("\x9b2Jgone", "⟨U+009B⟩2Jgone"),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("null\x00 bell\x07 back\x08", "null⟨U+0000⟩ bell⟨U+0007⟩ back⟨U+0008⟩"),
        ("carriage\rreturn", "carriage⟨U+000D⟩return"),
        ("right\u202eto left", "right⟨U+202E⟩to left"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("line\u2028separator", "line⟨U+2028⟩separator"),
        ("next\x85line", "next⟨U+0085⟩line"),
        ("no-break\u00a0space", "no-break⟨U+00A0⟩space"),
        ("lone\ud800surrogate", "lone⟨U+D800⟩surrogate"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("blank\u3164\u2800", "blank⟨U+3164⟩⟨U+2800⟩"),
        ("unassigned\u0378", "unassigned⟨U+0378⟩"),
    ],
)
def test_what_could_move_a_cursor_or_hide_is_shown_by_its_number(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize("text", ["a\u200bb", "\x7f", "\U000e0041", "\ud83d x", "é\u00a0\n"])
def test_json_escapes_what_people_cannot_see_and_keeps_its_values(text: str) -> None:
    written = json_text({text: [text, "ü"]})
    assert one_line(written.replace("\n", "").replace("  ", "")) == (
        written.replace("\n", "").replace("  ", "")
    )
    assert "ü" in written
    assert json.loads(written) == {text: [text, "ü"]}


@given(st.text())
def test_one_line_is_printable_and_final(text: str) -> None:
    shown = one_line(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert one_line(shown) == shown


def test_counts_have_their_plural() -> None:
    assert [counted(number, "account") for number in (0, 1, 1204)] == [
        "0 accounts",
        "1 account",
        "1,204 accounts",
    ]
