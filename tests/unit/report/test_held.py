"""What an apply holds back is said in few rows, none of which leaves anything out."""

from __future__ import annotations

from builders_kinds import KINDS

from aft.plan.model import Action, Change
from aft.plan.outcome import Status, StepOutcome
from aft.report.held import held_rows

WEAKER = "not reviewed, and risky: a setting protects less than before"


def setting(target: str, key: str) -> Change:
    number = f"account/{target}/update-setting/{key}"
    return Change(id=number, kind="setting", action=Action.UPDATE, key=key, target=target)


def held(of: Change, message: str = WEAKER, *, hint: str = "ask", shown: str = "") -> StepOutcome:
    return StepOutcome(
        change=of,
        status=Status.HELD,
        message=message,
        hint=hint,
        shown=(shown,) if shown else (),
    )


def rows(*steps: StepOutcome) -> list[tuple[str, str, int, str]]:
    found = held_rows(KINDS, steps)
    return [(row.words, row.message, row.number, row.hint) for row in found]


def test_what_is_alike_is_one_row() -> None:
    steps = [
        held(setting(name, key)) for name in ("a", "b", "c") for key in ("budget", "guardduty")
    ]
    assert rows(*steps) == [("~ a, b, c: setting budget, guardduty", WEAKER, 6, "ask")]


def test_another_thing_reason_or_account_is_a_row_of_its_own() -> None:
    steps = (
        held(setting("a", "budget")),
        held(setting("b", "budget"), "not reviewed, and risky: another"),
        held(setting("c", "guardduty")),
    )
    assert rows(*steps) == [
        ("~ a: setting budget", WEAKER, 1, ""),
        ("~ b: setting budget", "not reviewed, and risky: another", 1, ""),
        ("~ c: setting guardduty", WEAKER, 1, "ask"),
    ]


def test_what_people_agree_to_is_shown_for_each() -> None:
    steps = [held(setting(name, "budget"), shown=f"plan of {name}") for name in ("a", "b")]
    found = list(held_rows(KINDS, steps))
    assert [row.shown for row in found] == [("plan of a",), ("plan of b",)]


def test_another_hint_comes_with_its_own_rows() -> None:
    steps = (held(setting("a", "budget")), held(setting("b", "budget"), hint="wait"))
    assert [row[3] for row in rows(*steps)] == ["ask", "wait"]
