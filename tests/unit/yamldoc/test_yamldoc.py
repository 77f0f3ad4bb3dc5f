"""Strict YAML: what is refused, where, and that nothing ever raises or is constructed."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.findings.model import Finding
from aft.yamldoc import parse_yaml
from aft.yamldoc.events import PURE_PARSER


def findings(text: str | bytes) -> list[tuple[str, int, int]]:
    content = text.encode() if isinstance(text, str) else text
    _, found = parse_yaml(content, "f.yaml")
    assert all(item.source.path == "f.yaml" and item.message for item in found)
    return [(item.code, item.source.line, item.source.column) for item in found]


def only(text: str) -> Finding:
    _, found = parse_yaml(text.encode(), "f.yaml")
    assert len(found) == 1
    return found[0]


BAD = [
    pytest.param("a: [1", ("AFT101", 1, 4), id="unclosed bracket"),
    pytest.param("a: 'x\nb: 1\n", ("AFT101", 1, 4), id="unclosed quote"),
    pytest.param("a: b: c\n", ("AFT101", 1, 5), id="colon in text"),
    pytest.param("a: @x\n", ("AFT101", 1, 4), id="reserved character"),
    pytest.param("a:\n\tb: 1\n", ("AFT102", 2, 1), id="tab indents"),
    pytest.param("a: 1\n\tb: 2\n", ("AFT102", 2, 1), id="tab after a value"),
    pytest.param("a: {\n  b: 1,\n  \tc: 2}\n", ("AFT102", 3, 3), id="tab inside brackets"),
    pytest.param("a: 1\nb: 2\na: 3\n", ("AFT103", 3, 1), id="duplicate key"),
    pytest.param("m: {x: 1, y: 2, x: 3}\n", ("AFT103", 1, 17), id="duplicate flow key"),
    pytest.param("- a: 1\n", ("AFT107", 1, 1), id="list at the top"),
    pytest.param("just text\n", ("AFT107", 1, 1), id="text at the top"),
    pytest.param("", ("AFT107", 1, 1), id="empty"),
    pytest.param("# only a comment\n", ("AFT107", 1, 1), id="comment only"),
    pytest.param("---\n", ("AFT107", 1, 1), id="empty document"),
    pytest.param("a: {[1]: 2}\n", ("AFT104", 1, 5), id="list as key"),
    pytest.param("1: a\n", ("AFT104", 1, 1), id="number as key"),
    pytest.param("true: a\n", ("AFT104", 1, 1), id="boolean as key"),
    pytest.param("a: &x 1\n", ("AFT105", 1, 4), id="anchor"),
    pytest.param("a: *x\n", ("AFT105", 1, 4), id="alias"),
    pytest.param("<<: {a: 1}\n", ("AFT105", 1, 1), id="merge key"),
    pytest.param("a: 1\n---\nb: 2\n", ("AFT106", 2, 1), id="second document"),
    pytest.param("a: !!str 1\n", ("AFT108", 1, 4), id="tag"),
    pytest.param("a: !Ref b\n", ("AFT108", 1, 4), id="local tag"),
    pytest.param("a: !!python/object/apply:os.system [x]\n", ("AFT108", 1, 4), id="python tag"),
    pytest.param("%YAML 1.1\n---\na: 1\n", ("AFT108", 1, 1), id="directive"),
    pytest.param(b"a: 1\nb: \xe9\n", ("AFT109", 2, 4), id="latin-1"),
    pytest.param("a: 1\n".encode("utf-16"), ("AFT109", 1, 1), id="utf-16"),
    pytest.param("a: 1\nb: x\x07\n", ("AFT109", 2, 5), id="control character"),
    pytest.param("a: 1\nb: x\u2028y\n", ("AFT109", 2, 5), id="line separator"),
    pytest.param('a: 1\nb: "x\\e[31m"\n', ("AFT109", 2, 4), id="escaped terminal code"),
    pytest.param('"a\\0": 1\n', ("AFT109", 1, 1), id="escaped nothing in a key"),
    pytest.param("a: x\u202ey\n", ("AFT109", 1, 5), id="text direction override"),
    pytest.param("a: .inf\n", ("AFT110", 1, 4), id="infinity"),
    pytest.param("a: 1e999\n", ("AFT110", 1, 4), id="too large a float"),
    pytest.param("a: " + "9" * 5000 + "\n", ("AFT110", 1, 4), id="too many digits"),
    pytest.param("a: " + "[" * 40 + "]" * 40, ("AFT111", 1, 35), id="too deep"),
    pytest.param("a: " + "[" * 100_000, ("AFT111", 1, 35), id="far too deep"),
    pytest.param("a: 1\n" + "#" * 300_000, ("AFT112", 1, 1), id="too large"),
    pytest.param("id: 012345670123\n", ("AFT205", 1, 5), id="leading zero"),
]


@pytest.mark.parametrize(("text", "expected"), BAD)
def test_what_is_refused_and_where(text: str | bytes, expected: tuple[str, int, int]) -> None:
    assert findings(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"), [case for case in BAD if len(str(case.values[0])) < 10_000]
)
def test_the_pure_parser_finds_the_same_codes(
    text: str | bytes, expected: tuple[str, int, int]
) -> None:
    content = text.encode() if isinstance(text, str) else text
    _, found = parse_yaml(content, "f.yaml", parser=PURE_PARSER)
    assert [item.code for item in found] == [expected[0]]


def test_a_bomb_is_refused_at_its_first_anchor_and_costs_nothing() -> None:
    bomb = 'a: &a ["x","x"]\n' + "".join(
        f"{name}: &{name} [*{before},*{before},*{before}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    document, found = parse_yaml(bomb.encode(), "f.yaml")
    assert document is None
    assert {item.code for item in found} == {"AFT105"}
    assert str(found[0].source) == "f.yaml:1:4"


def test_several_duplicates_name_the_first_line() -> None:
    document, found = parse_yaml(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "f.yaml")
    assert document is not None
    assert [(str(item.source), item.message.rpartition("; ")[2]) for item in found] == [
        ("f.yaml:4:3", "first at line 3"),
        ("f.yaml:5:1", "first at line 1"),
    ]


def test_an_unclosed_bracket_is_shown_where_it_was_opened() -> None:
    finding = only("a: 1\nb: [1,\n  2\n")
    assert (finding.source.line, finding.source.column) == (2, 4)
    assert finding.hint == "close the quote or bracket"


def test_leading_zeros_survive_as_text_and_say_what_to_write() -> None:
    document, found = parse_yaml(b"account_id: 012345670123\n", "f.yaml")
    assert document is not None
    assert document.data == {"account_id": "012345670123"}
    assert found[0].hint == 'write "012345670123"'


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = """
    texts: [yes, no, on, off, 2020-01-01, 12:30:45, 1_000, 0b1, "1", 'true', 1.2.3, +a, -, .]
    numbers: [0, 12, -3, +4, 0o17, 0x1F, .5, 1.5e3, 1.]
    others: [true, False, null, ~, '']
    empty:
    """
    document, found = parse_yaml(text.encode(), "f.yaml")
    assert found == ()
    assert document is not None
    assert document.data == {
        "texts": [
            *("yes", "no", "on", "off", "2020-01-01", "12:30:45", "1_000", "0b1", "1", "true"),
            *("1.2.3", "+a", "-", "."),
        ],
        "numbers": [0, 12, -3, 4, 15, 31, 0.5, 1500.0, 1.0],
        "others": [True, False, None, None, ""],
        "empty": None,
    }


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    document, found = parse_yaml(b"\xef\xbb\xbfname: x\n", "f.yaml")
    assert found == ()
    assert document is not None
    assert document.data == {"name": "x"}
    assert str(document.at(("name",), key=True)) == "f.yaml:1:1"


def test_tabs_are_fine_inside_block_text_and_between_tokens() -> None:
    document, found = parse_yaml(b"a:\tb\nscript: |\n  x\n  \ty\n", "f.yaml")
    assert found == ()
    assert document is not None
    assert document.data == {"a": "b", "script": "x\n\ty\n"}


def test_positions_of_values_keys_and_what_is_not_there() -> None:
    text = "a: {b: [1, {c: d}]}\nlist:\n  - x\n  -   y: 1\n      z: 2\n\u00e4: '\u00e9'\n"
    document, _ = parse_yaml(text.encode(), "f.yaml")
    assert document is not None

    def at(*loc: str | int, key: bool = False) -> tuple[int, int]:
        source = document.at(loc, key=key)
        return source.line, source.column

    assert at() == (1, 1)
    assert at("a", "b", 1, "c") == (1, 16)
    assert at("a", "b", 1, "c", key=True) == (1, 13)
    assert at("list") == (3, 3)
    assert at("list", key=True) == (2, 1)
    assert at("list", 1, "z") == (5, 10)
    assert at("\u00e4") == (6, 4)
    assert at("list", 1, "nope", "deeper", key=True) == (4, 7)
    assert at("nope") == (1, 1)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-_ é", min_size=1), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcé:#'-", min_size=1), JSON_VALUES, min_size=1))
def test_json_is_read_as_itself_and_every_value_has_a_place(data: dict[str, object]) -> None:
    text = json.dumps(data, ensure_ascii=False)
    document, found = parse_yaml(text.encode(), "f.yaml")
    if any(item.code == "AFT109" for item in found):
        return  # C1 controls and U+2028, which cannot be part of YAML
    assert found == ()
    assert document is not None
    assert _equal(document.data, data)
    for key in data:
        source = document.at((key,), key=True)
        quoted = json.dumps(key, ensure_ascii=False)
        assert text[source.column - 1 :].startswith(quoted)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(st.binary(max_size=400))
def test_bytes_never_raise(content: bytes) -> None:
    document, found = parse_yaml(content, "f.yaml")
    assert document is not None or found


@given(st.text(alphabet="ab:{}[],-?|>&*!%@`'\"#\t\n 01~<.", max_size=200))
def test_yaml_like_text_never_raises_and_positions_are_inside(text: str) -> None:
    document, found = parse_yaml(text.encode(), "f.yaml")
    assert document is not None or found
    line_count = text.count("\n") + 1
    assert all(1 <= item.source.line <= line_count for item in found)
    if document is not None:
        json.dumps(document.data, allow_nan=False)
        assert all(document.at((key,)).line <= line_count for key in document.data)
