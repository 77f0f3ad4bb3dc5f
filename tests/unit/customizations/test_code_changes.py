"""What changed in the code of a step and in the inputs it reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builders_inside import facts

from aft.customizations.code_changes import compare_code, kept_code
from aft.customizations.model import CustomizationStep, StepFile, StepInputs
from aft.values.parts import Comparison

FOLDER = "customizations/accounts/web"


def step(code: str, *, uses: frozenset[str] = frozenset(), **support: str) -> CustomizationStep:
    return CustomizationStep(
        customization="web",
        name="10-step.py",
        kind="python",
        file=StepFile(path=f"{FOLDER}/10-step.py", content=code.encode()),
        support=tuple(
            StepFile(path=f"{FOLDER}/{name}.py", content=text.encode())
            for name, text in support.items()
        ),
        content_digest="",
        uses=uses,
    )


def inputs(**more: Any) -> StepInputs:
    return StepInputs(account=replace(facts("111111111111"), **more))


def compared(before: CustomizationStep, after: CustomizationStep) -> Comparison:
    return compare_code(after, inputs(), kept_code(before, inputs()))


def test_the_lines_that_changed_are_told_file_by_file() -> None:
    before = step("a = 1\nb = 2\n", lib="x = 1\n")
    found = compared(before, step("a = 1\nb = 3\n", more="y = 1\n"))
    assert found.diff == (
        *("--- 10-step.py", "+++ 10-step.py", "@@ -1,2 +1,2 @@", " a = 1", "-b = 2", "+b = 3"),
        *("--- lib.py", "+++ nothing", "@@ -1 +0,0 @@", "-x = 1"),
        *("--- nothing", "+++ more.py", "@@ -0,0 +1 @@", "+y = 1"),
    )


def test_the_same_code_and_inputs_are_no_change() -> None:
    assert compared(step("a = 1\n"), step("a = 1\n")) == Comparison()


def test_no_change_of_a_file_is_hidden() -> None:
    before = step("a = 1\n", tool="x")
    for content in (b"a = 1\r\n", b"a = 1\x0b", b"a = 1"):
        after = replace(before, file=replace(before.file, content=content))
        assert compared(before, after).diff, content
    one, other = (
        replace(before, support=(StepFile(path=f"{FOLDER}/tool", content=content),))
        for content in (b"\xfe\xfe", b"\xff\xff")
    )
    assert "not text, sha256:" in compared(one, other).diff[-1]
    empty = replace(before, support=(*before.support, StepFile(path=f"{FOLDER}/new", content=b"")))
    assert "+++ new" in compared(before, empty).diff


def test_of_the_inputs_only_those_that_are_read_count() -> None:
    reads = step("a", uses=frozenset({"tags", "account_id"}))
    kept = kept_code(reads, inputs(tags={"env": "dev", "team": "a"}, name="One"))
    found = compare_code(reads, inputs(tags={"env": "prod"}, name="Two"), kept)
    (part,) = found.parts
    assert [(item.path, item.before, item.after) for item in part.properties] == [
        ("tags.env", "dev", "prod"),
        ("tags.team", "a", None),
    ]
    assert found.diff == ()


def test_a_step_that_never_ran_shows_its_code() -> None:
    found = compare_code(step("a = 1\n"), inputs(), None)
    assert found.diff[-1] == "+a = 1"
    assert found.parts == ()


def test_what_was_not_kept_or_is_damaged_is_unknown() -> None:
    for before in ("", "AAAA", "e30=", kept_code(step("a"), inputs())[:-8]):
        assert compare_code(step("a"), inputs(), before).unknown
