"""Placeholders in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.values.placeholders import expand, has_placeholders

VALUES = {"id": "shop", "folder": "prod"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("aws+{id}@example.com", "aws+shop@example.com"),
        ("{folder}/{id}", "prod/shop"),
        ("{{id}}", "{id}"),
        ("{{{id}}}", "{shop}"),
        ('{{"a": 1}}', '{"a": 1}'),
    ],
)
def test_placeholders_are_filled_in(text: str, expected: str) -> None:
    assert expand(text, VALUES) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{nope}", "unknown placeholder {nope} in '{nope}'; allowed here: {folder}, {id}"),
        ("{id.__class__}", "unknown placeholder {id.__class__}"),
        ("{id!r:>9}", "unknown placeholder {id!r:>9}"),
        ("{}", "unknown placeholder {}"),
        ("a{b", "'{' is a single brace"),
        ("a}b", "'}' is a single brace"),
    ],
)
def test_what_cannot_be_filled_in_says_what_can(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        expand(text, VALUES)
    assert said in str(raised.value)


@given(st.text())
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert expand(escaped, VALUES) == text
    assert has_placeholders(escaped) == (escaped != text)


@given(st.text(alphabet="ab{}id", max_size=30))
def test_text_is_expanded_or_refused_and_values_are_never_expanded_again(text: str) -> None:
    try:
        result = expand(text, {"id": "{b}"})
    except ValueError:
        return
    assert result.count("{b}") >= text.replace("{{", "").replace("}}", "").count("{id}")
