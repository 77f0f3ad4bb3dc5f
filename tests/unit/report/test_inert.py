"""Text from outside does nothing in Markdown: read by GitHub's own parser, then as GitHub reads the
text of the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest
from builders_markdown import ATOMS, HOSTILE_TEXTS
from gfm import problems, shown
from hypothesis import example, given
from hypothesis import strategies as st
from waiting import no_hang

from aft.report.markdown.inert import code_block, code_html, code_span, for_commits, prose, title
from aft.report.plain import code_line, one_line

PLACES: Mapping[str, Callable[[str], str]] = {
    "item": lambda text: f"- {prose(text)}\n- {prose(text)}<br>→ {prose(text)}",
    "quote": lambda text: f"> {prose(text)}\n>\n> {prose(text)}",
    "alert": lambda text: f"> [!CAUTION]\n> {prose(text)}\n>\n> {prose(text)}. Next.",
    "paragraph": lambda text: f"{prose(text)}\n\n{prose(text)}\n{prose(text)}",
    "bold": lambda text: f"- **{prose(text)}** {prose(text)} (found {code_span(text)})",
    "named": lambda text: f"- ❌ {code_span(text)} **AFT201** {prose(text)}<br>→ {prose(text)}",
    "code": lambda text: f"{code_span(text)}, {code_span(text)}: {code_span(text)} {prose(text)}",
    "heading": lambda text: f"#### {code_span(text)} {code_span(text)}\n\n{prose(text)}",
    "fold": lambda text: (
        f"<details><summary>{code_html(text)} alike</summary>\n\n{prose(text)}<br>"
        f"{code_span(text)}\n\n</details>\n\n- {prose(text)}"
    ),
    "block": lambda text: (
        f"{code_span(text)}\n\n{code_block([code_line(text), one_line(text), 'x'], 'diff')}\n\n"
        f"{prose(text)}"
    ),
    "footer": lambda text: f"<sub>revision {code_span(text)} · more {code_span(text)}</sub>",
    "table's neighbour": lambda text: f"{prose(text)}\n{prose(text)}\n{prose(text)}",
}
HOSTILE = st.lists(st.sampled_from(ATOMS) | st.text(max_size=3), max_size=12).map("".join)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_known_attacks_do_nothing(text: str) -> None:
    for place, made in PLACES.items():
        markdown = made(text)
        assert problems(markdown) == [], (place, markdown)


@given(HOSTILE)
@example(":-:")
@example("`a`@b`c`")
@example("x` `@ada`")
def test_no_text_does_anything(text: str) -> None:
    for place, made in PLACES.items():
        markdown = made(text)
        assert problems(markdown) == [], (place, markdown)


@given(HOSTILE)
def test_prose_shows_just_these_characters(text: str) -> None:
    """But for backticks, which make code of what is between them."""
    seen = re.sub(r"[`\s]+", "", shown(prose(text)))
    assert seen == re.sub(r"[`\s]+", "", one_line(text))


@given(HOSTILE)
def test_code_shows_just_these_characters(text: str) -> None:
    assert shown(code_span(text)).strip() == one_line(text).strip()
    assert shown(f"<p>{code_html(text)}</p>").strip() == one_line(text).strip()
    line = one_line(text)
    assert shown(code_block([line, "-"], "diff")).rstrip("\n") == f"{line}\n-"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("", ""),
        ("a`b", "``a`b``"),
        ("``", "``` `` ```"),
        ("x\n\n# heading", "`x # heading`"),
    ],
)
def test_a_code_span_cannot_be_ended_from_inside(text: str, span: str) -> None:
    assert code_span(text) == span


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a plain sentence, with (brackets).", "a plain sentence, with (brackets)."),
        ("write `ou: Prod` here: *", r"write `ou: Prod` here: \*"),
        ("see https://evil.example, (or www.evil.example).", "see `https://evil.example`, (or "),
        ("<img src=x onerror=y>", r"\<img src=x onerror=y\>"),
        ("*bold* _it_ gone~ | cell", r"\*bold\* \_it\_ gone\~ \| cell"),
        ("~gone~ 100% R&D", r"`~gone~` 100% R\&D"),
        ("/merge it", r"\/merge it"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("ask @someone about #12", "ask `@someone` about `#12`"),
        ("one ` backtick", r"one \` backtick"),
        ("&lt;", "`&lt`;"),
        (":tada: $x$ 10:30", "`:tada:` `$x$` 10:30"),
        ("at 123456789012, 5cb9a61", "at `123456789012`, `5cb9a61`"),
        ("to ops@example.com; then", "to `ops@example.com`; then"),
    ],
)
def test_prose_reads_well(text: str, markdown: str) -> None:
    assert prose(text).startswith(markdown)


def test_html_code_is_escaped() -> None:
    assert code_html("</code><script>") == "<code>&lt;/code&gt;&lt;script&gt;</code>"


def test_a_fence_is_longer_than_what_is_inside() -> None:
    assert code_block(["plain"], "diff") == "```diff\nplain\n```"
    assert code_block(["x ```` y"], "yaml") == "`````yaml\nx ```` y\n`````"


SKIPS = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "[CI-Skip]")
CLOSES = re.compile(
    r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:#|gh-|[^\s`]+/[^\s`]+#|[^\s`]+://)[0-9a-z]"
)


@pytest.mark.parametrize("text", [*SKIPS, "a [[skip ci]] b", "[skip\nci]", "[please skip this]"])
def test_no_commit_skips_its_workflows(text: str) -> None:
    for made in (for_commits(text), title(text, most=80), prose(for_commits(text))):
        assert "[" not in re.sub(r"\\\[|\[\(", "", made), made
        for skip in SKIPS:
            assert skip.lower() not in made.lower()


@given(HOSTILE)
@example("fixes #1, closes org/repo#2, resolves: GH-3 and closed https://github.com/o/r/issues/4")
@example("`fixes #1`")
@example("fixes `#1`")
def test_a_title_and_a_commit_mention_and_close_nothing(text: str) -> None:
    made = title(text, most=80)
    assert len(made) <= 80
    assert "\n" not in made
    assert problems(f"- {prose(made)}") == []
    assert not re.search(r"[@`]|#[0-9]|(?i:gh-[0-9]|www\.)|://", made), made
    for message in (made, prose(for_commits(text))):
        assert not CLOSES.search(message), message
        assert not re.search(r"(?<![\w.+-])@[A-Za-z0-9]", message), message
        assert not any(skip.lower() in message.lower() for skip in SKIPS), message


@pytest.mark.parametrize(
    "text", ["`", "` ", ":", ":a", "[ci ", "[", "@", "#", "1", "\\", "a b", "(", "www"]
)
def test_hostile_text_costs_no_time(text: str) -> None:
    long = text * 50_000
    with no_hang():  # were it worse than linear
        prose(long)
        code_block([long], "diff")
        assert len(title(long, most=80)) <= 80
