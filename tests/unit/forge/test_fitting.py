"""Bodies that fit, and the marker that makes a comment ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.errors import UserError
from aft.forge.fitting import fitted_body, marker_of

NOTE = "> This is not all."


def test_marker_is_the_whole_first_line() -> None:
    assert marker_of("<!-- aft:plan -->\nx") == "<!-- aft:plan -->"
    for text in ("", "x", "<!-- aft: -->", "<!-- aft:a --> <!-- aft:b -->", "\n<!-- aft:plan -->"):
        with pytest.raises(UserError):
            marker_of(text)


def test_text_that_fits_is_left_as_it_is() -> None:
    text = "x" * 100
    assert fitted_body(text, note=NOTE, limit=100) is text


@given(st.lists(st.sampled_from(["<details>", "</details>", "```", "text", "~~~~"]), max_size=99))
def test_cut_text_fits_and_ends_with_the_note(lines: list[str]) -> None:
    text = "<!-- aft:plan -->\n" + "\n".join(lines * 10) + "\n" + "x" * 2000
    body = fitted_body(text, note=NOTE, limit=1000)
    assert len(body) <= 1000
    assert body.endswith(f"\n\n{NOTE}\n")
    assert body.startswith("<!-- aft:plan -->")
