"""What holds the pages to the code would notice if they were wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_pages.answers import differs, normal, renewed
from docs_pages.generated import fresh
from docs_pages.pages import blocks_of, commands_of

PAGE = """\
<!-- start: sample -->
# A page

<!-- exit: 3 -->
```console
$ aft validate
one
…
three
$ aft plan
```

<!-- not run: reason -->
```console
$ aft apply
```

<!-- file: aft.yaml -->
```yaml
home_region: eu-central-1
```
"""


def test_blocks_have_their_remarks_and_commands(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    first, second, third = blocks_of(page)
    assert first.remarks == {"exit": "3"}
    assert (first.line, first.is_played) == (6, True)
    one, two = commands_of(first)
    assert (one.text, one.answer, one.line) == ("aft validate", ("one", "…", "three"), 6)
    assert (two.text, two.answer) == ("aft plan", ())
    assert not second.is_played
    assert third.remarks == {"file": "aft.yaml"}


@pytest.mark.parametrize(
    ("said", "page", "is_same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a"], False),
        (["a"], ["a", "b"], False),
        (["a", "b", "c"], ["a", "…", "c"], True),
        (["a", "b", "c"], ["a", "…", "b"], False),
        (["x", "a", "b"], ["a", "…"], False),
        (["x", "a", "b"], ["…", "a", "b"], True),
        (["x", "a", "b"], ["…", "b", "a"], False),
        (["account 123456789012 at 2026-01-02"], ["account 210987654321 at 2027-03-04"], True),
        (["account 123456789012"], ["account none"], False),
        (["12 accounts"], ["11 accounts"], False),
        (["a"], [], True),
    ],
)
def test_answers_are_compared(said: list[str], page: list[str], *, is_same: bool) -> None:
    assert (differs(said, page) == "") is is_same


def test_lines_in_any_order() -> None:
    assert differs(["b", "a"], ["a", "b"], any_order=True) == ""
    assert "c" in differs(["b", "a"], ["a", "c"], any_order=True)


def test_what_is_cut_off_is_not_compared() -> None:
    assert normal("made default VPC vpc-0123456…") == normal("made default VPC vpc-01…")
    assert normal("made default VPC vpc-0…") != normal("made default key vpc-0…")


def test_renewed_answers_stay_short() -> None:
    before = ["begin 1", "…", "end: 3 done"]
    said = ["begin 2", "much", "more", "end: 4 done"]
    assert renewed(said, before) == ["begin 2", "…", "end: 4 done"]
    assert renewed(said, ["anything"]) == said


def test_generated_parts_are_replaced() -> None:
    stale = "a\n<!-- generated: change-kinds -->old<!-- end -->\nb\n"
    made = fresh(stale)
    assert "`account` (`create`, " in made
    assert "old" not in made
    assert fresh(made) == made
