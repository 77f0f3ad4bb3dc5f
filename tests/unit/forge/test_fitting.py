"""Bodies that fit, and the marker that makes a comment ours."""

from __future__ import annotations

import pytest
from gfm import problems, rendered
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


@pytest.mark.parametrize(
    "middle",
    [
        "`" + "[x](https://evil.example) @ada " * 60 + "`",
        "````diff\n```\n```\n</details>\n@ada",
        "````diff\n```\n@ada\n",
        "~~~~\n```\n@ada\n",
        "<details><summary>x</summary>\n\n```diff\n</details>\n```\n\n- `</details>`",
        "``` `` ``` not a block",
        "```diff\n- a\n```\n\n- `<details>` `````",
    ],
)
def test_the_note_is_read_and_nothing_that_was_code_is_more(middle: str) -> None:
    for limit in (400, 500, 700, 1000):
        text = f"<!-- aft:plan -->\n\n{middle}\n" + "- x\n" * 1000
        body = fitted_body(text, note=NOTE, limit=limit)
        assert len(body) <= limit
        assert problems(body) == [], body
        assert "<blockquote>\n<p>This is not all." in rendered(body)
        assert rendered(body).count("<details>") == rendered(body).count("</details>")
