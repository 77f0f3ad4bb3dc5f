"""The one rule: what is refused on the way in, and how it is shown on the way out."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.text.policy import MAX_MARKS, Use, escaped, is_unseen, one_line, refused, shown

UNSEEN = {
    "soft hyphen": "\u00ad",
    "combining grapheme joiner": "\u034f",
    "unassigned": "\u0378",
    "arabic letter mark": "\u061c",
    "hangul choseong filler": "\u115f",
    "hangul jungseong filler": "\u1160",
    "khmer vowel inherent": "\u17b4",
    "mongolian vowel separator": "\u180e",
    "mongolian variation selector": "\u180b",
    "zero width space": "\u200b",
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "isolate": "\u2066",
    "deprecated format character": "\u206a",
    "braille pattern blank": "\u2800",
    "hangul filler": "\u3164",
    "private use": "\ue000",
    "variation selector-1": "\ufe00",
    "text selector": "\ufe0e",
    "byte order mark": "\ufeff",
    "halfwidth hangul filler": "\uffa0",
    "interlinear annotation": "\ufff9",
    "object replacement": "\ufffc",
    "noncharacter": "\uffff",
    "half a character": "\ud800",
    "khitan filler": "\U00016fe4",
    "shorthand format control": "\U0001bca0",
    "null notehead": "\U0001d159",
    "musical begin beam": "\U0001d173",
    "tag letter": "\U000e0041",
    "variation selector supplement": "\U000e0100",
    "private plane": "\U00100000",
    "last of all": "\U0010ffff",
    "next line": "\x85",
    "control sequence introducer": "\x9b",
    "nothing": "\x00",
    "backspace": "\x08",
    "form feed": "\x0c",
    "vertical tab": "\x0b",
    "escape": "\x1b",
    "delete": "\x7f",
}
BLANKS = "\u00a0\u1680\u2003\u2009\u200a\u202f\u205f\u3000"
JOINERS = "\u200c\u200d\ufe0f"


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("letter", UNSEEN.values(), ids=UNSEEN)
def test_what_people_cannot_see_is_refused_everywhere_and_shown(letter: str, use: Use) -> None:
    for text in (f"ab{letter}", f"üb{letter}c", f"üb{letter}"):
        found = refused(text, use)
        assert found is not None
        assert found.offset == 2
        assert f"U+{ord(letter):04X}" in found.message
        assert found.hint
    assert shown(f"a{letter}b") == f"a⟨U+{ord(letter):04X}⟩b"


@pytest.mark.parametrize("letter", JOINERS)
def test_joiners_are_spelling_in_prose_alone_and_shown_everywhere(letter: str) -> None:
    text = f"ab{letter}c"
    assert refused(text, Use.PROSE) is None
    assert all(refused(text, use) for use in (Use.CODE, Use.VALUE, Use.NAME))
    assert shown(text) == f"ab⟨U+{ord(letter):04X}⟩c"


@pytest.mark.parametrize("letter", BLANKS)
def test_odd_blanks_are_in_no_value_and_shown_everywhere(letter: str) -> None:
    text = f"a{letter}b"
    assert refused(text, Use.PROSE) is None
    assert refused(text, Use.CODE) is None
    found = refused(text, Use.VALUE)
    assert found == refused(text, Use.NAME)
    assert found is not None
    assert shown(text) == one_line(text) == f"a⟨U+{ord(letter):04X}⟩b"


def test_lines_and_tabs_are_in_no_name() -> None:
    for text in ("a\tb", "a\nb", "a\r\nb", "a\n", "ü\n"):
        assert [refused(text, use) is None for use in Use] == [True, True, True, False]
        assert one_line(text).isprintable()


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("text", ["a\rb", "ü\rb", "a\r\n\rb", "\r", "ü\r\r\n"])
def test_a_carriage_return_alone_ends_a_line_for_some(text: str, use: Use) -> None:
    found = refused(text, use)
    assert found is not None
    assert "U+000D" in found.message


@pytest.mark.parametrize("use", Use)
def test_text_is_in_its_composed_form(use: Use) -> None:
    for text, offset in (("abe\u0301", 2), ("\u212b", 0), ("x\u2126", 1), ("\u1100\u1161", 0)):
        found = refused(text, use)
        assert found is not None
        assert found.offset == offset
        assert "NFC" in found.message
        assert refused(unicodedata.normalize("NFC", text), use) is None


def test_marks_do_not_pile_up() -> None:
    assert refused("x" + "\u0323" * MAX_MARKS, Use.PROSE) is None
    started = process_time()
    found = refused("ü" + "\u0315\u0323" * 100_000, Use.PROSE)
    assert found is not None
    assert (found.offset, "200000" in found.message) == (1, True)
    assert process_time() - started < 1, "it was not normalized, which is quadratic"


@pytest.mark.parametrize(
    "text",
    [
        "Workloads/Prod",
        "Zürich – Köln",
        "日本語 データ",
        "Ελλάδα",
        "прод",
        "हिन्दी",
        "ไทย",
        "עִבְרִית",
        "العربية",
        "한국어",
        "🚀🔥",
        "a ≠ b → c “d” €",
        "tiếng Việt",
    ],
)
def test_languages_and_symbols_are_welcome_everywhere(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert [refused(text, use) for use in Use] == [None] * len(Use)
    assert shown(text) == escaped(text) == text


@given(st.text())
def test_what_is_shown_is_visible_and_stays_so(text: str) -> None:
    said = shown(text)
    assert shown(said) == said
    assert not any(is_unseen(letter) for letter in said)
    assert unicodedata.is_normalized("NFC", said)
    assert json.loads(escaped(json.dumps(text, ensure_ascii=False))) == text


@given(st.text(), st.sampled_from(Use))
def test_different_texts_that_pass_are_shown_differently(text: str, use: Use) -> None:
    """What passes for a name reads as it is, so two of them never read the same."""
    if refused(text, Use.NAME) is None:
        assert shown(text) == text
        assert unicodedata.normalize("NFC", text) == text
        assert refused(text, use) is None, "names are the narrowest"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Zu\u0308rich", "Zu⟨U+0308⟩rich"),
        ("\u212bngström", "⟨U+212B⟩ngström"),
        ("\u1112\u1161\u11ab", "\u1112⟨U+1161⟩⟨U+11AB⟩"),
        ("x" + "\u0315\u0323" * 5, "x" + "⟨U+0315⟩⟨U+0323⟩" * 5),
        ("\u09c7\u09be", "⟨U+09C7⟩⟨U+09BE⟩"),
    ],
)
def test_what_is_not_composed_is_shown(text: str, said: str) -> None:
    assert shown(text) == said


def test_marks_without_end_are_shown_in_linear_time() -> None:
    started = process_time()
    assert shown("ü" + "\u0315\u0323" * 100_000).startswith("ü⟨U+0315⟩⟨U+0323⟩")
    assert process_time() - started < 1


@given(st.text(), st.text())
def test_different_texts_are_shown_differently(one: str, other: str) -> None:
    assert (shown(one) == shown(other)) == (one == other) or "⟨" in one + other


def test_ascii_reads_no_table() -> None:
    code = (
        "from aft.text import policy, lookalikes\n"
        "assert policy.refused('a' * 100, policy.Use.NAME) is None\n"
        "assert list(lookalikes.lookalikes(['Prod', 'prod'])) == []\n"
        "assert policy._bounds.cache_info().misses == 0\n"
        "assert lookalikes._table.cache_info().misses == 0\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
