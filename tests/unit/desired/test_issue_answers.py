"""The issue form and the parser of its answers know each other; hostile text is data."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from builders_issue import GOOD, issue_text
from counting import cpu_seconds
from hypothesis import given
from hypothesis import strategies as st

from aft.desired.issue_answers import MAX_ISSUE_CHARACTERS, Problem, read_issue
from aft.desired.issue_form import FormChoices, form_yaml, questions

CHOICES = FormChoices(
    units=("Workloads/Dev", "Workloads/Prod", "Sandbox"),
    baselines={"production": "What customers rely on", "standard": "Everybody"},
    customizations={"web-service": "", "pci": "Card data"},
)
FORM = form_yaml(CHOICES)


def read(**answers: Any) -> dict[str, Any]:
    """The draft's values, of good answers and these."""
    draft, problems = read_issue(issue_text(FORM, {**GOOD, **answers}), CHOICES)
    assert problems == ()
    assert draft is not None
    return {"id": str(draft.id), **draft.values}


def wrong(**answers: Any) -> list[tuple[str, str]]:
    """The problems of good answers and these."""
    draft, problems = read_issue(issue_text(FORM, {**GOOD, **answers}), CHOICES)
    assert draft is None
    return [(problem.question, problem.message) for problem in problems]


def test_the_form_is_one_that_github_takes() -> None:
    form = yaml.safe_load(FORM)
    assert form.keys() == {"name", "description", "title", "labels", "body"}
    ids = [element["id"] for element in form["body"] if "id" in element]
    labels = [item["attributes"]["label"] for item in form["body"] if "id" in item]
    assert len(set(ids)) == len(ids)
    assert len(set(labels)) == len(labels), "the parser goes by labels"
    for element in form["body"]:
        assert element["type"] in {"markdown", "input", "textarea", "dropdown", "checkboxes"}
        options = element["attributes"].get("options", [])
        names = [item["label"] if isinstance(item, dict) else item for item in options]
        assert all(isinstance(name, str) and name for name in names)
        assert len(set(names)) == len(names)


def test_every_question_has_an_answer_that_is_read() -> None:
    assert read(
        ticket="PLAT-1",
        baseline="production — What customers rely on",
        customizations=["pci"],
        budget="1,500.50 USD",
        tags="cost-center=4711\ndata-class: internal",
    ) == {
        "id": "payments-test",
        "owner": {"team": "payments", "email": "payments@example.com"},
        "ou": "Workloads/Dev",
        "reason": "We want to test the new checkout.",
        "ticket": "PLAT-1",
        "tags": {"cost-center": "4711", "data-class": "internal"},
        "baseline": "production",
        "customizations": ["pci"],
        "budget": {"monthly_usd": 1500.5},
    }


def test_what_is_not_answered_is_not_written() -> None:
    assert read().keys() == {"id", "owner", "ou", "reason"}


def test_the_account_s_own_address_is_asked_for_where_no_defaults_give_it() -> None:
    choices = FormChoices(units=("Sandbox",), needs_email=True)
    answers = {**GOOD, "ou": "Sandbox", "email": "aws+x@example.com"}
    draft, problems = read_issue(issue_text(form_yaml(choices), answers), choices)
    assert problems == ()
    assert draft is not None
    assert draft.values["email"] == "aws+x@example.com"


@pytest.mark.parametrize(
    ("name", "made"),
    [("Payments Test", "payments-test"), ("web_shop 2", "web-shop-2"), ("A", "a")],
)
def test_ids_are_made_of_names(name: str, made: str) -> None:
    assert read(name=name)["id"] == made


@pytest.mark.parametrize(
    ("answers", "question"),
    [
        ({"name": "../../etc/passwd"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "..\\..\\x"}, "name"),
        ({"name": ".github"}, "name"),
        ({"name": "-rf"}, "name"),
        ({"name": "$(reboot)"}, "name"),
        ({"name": "a;b"}, "name"),
        ({"name": "аccount"}, "name"),
        ({"name": "a" * 51}, "name"),
        ({"name": "organization"}, "name"),
        ({"name": "_defaults"}, "name"),
        ({"name": ""}, "name"),
        ({"team": "a\u202eb"}, "team"),
        ({"team": "a\x1b[31mb"}, "team"),
        ({"team": "x" * 129}, "team"),
        ({"team": "a\u3164b"}, "team"),
        ({"team": "a\u200db"}, "team"),
        ({"team": "a\ufe0f"}, "team"),
        ({"team": "a\u0378"}, "team"),
        ({"team": "cafe\u0301"}, "team"),
        ({"team": "a\U000e0041"}, "team"),
        ({"ticket": "a\u2800"}, "ticket"),
        ({"reason": "a\u0315\u0323" * 9}, "reason"),
        ({"tags": "a=b\u00a0c"}, "tags"),
        ({"owner_email": "nobody"}, "owner_email"),
        ({"owner_email": "a@b.c\nBcc: x@y.z"}, "owner_email"),
        ({"reason": "x" * 1001}, "reason"),
        ({"reason": "a\u200bb"}, "reason"),
        ({"ou": "Workloads/Prd"}, "ou"),
        ({"ou": "/"}, "ou"),
        ({"baseline": "nothing"}, "baseline"),
        ({"budget": "lots"}, "budget"),
        ({"budget": "0"}, "budget"),
        ({"budget": "1e9"}, "budget"),
        ({"tags": "aws:x=1"}, "tags"),
        ({"tags": "aft:request=other"}, "tags"),
        ({"tags": "a=1\na=2"}, "tags"),
        ({"tags": "just text"}, "tags"),
        ({"tags": "\n".join(f"k{n}=v" for n in range(41))}, "tags"),
        ({"confirmed": False}, "confirmed"),
    ],
)
def test_a_bad_answer_is_told_by_its_question(answers: dict[str, Any], question: str) -> None:
    label = next(item.label for item in questions(CHOICES) if item.id == question)
    found = wrong(**answers)
    assert [place for place, _ in found] == [label]
    assert found[0][1]


def test_all_bad_answers_are_told_at_once() -> None:
    assert len(wrong(name="?", team="", owner_email="x", ou="no", budget="no")) == 5


def test_a_choice_that_is_gone_names_the_nearest() -> None:
    assert "did you mean 'Workloads/Prod'" in wrong(ou="Workloads/Pro")[0][1]


def test_a_reworded_choice_is_still_the_same() -> None:
    assert read(baseline="production — Another text")["baseline"] == "production"


def test_an_answer_that_forges_another_heading_is_refused() -> None:
    reason = "Nothing\n\n### Which team owns it?\n\nsecurity"
    assert [place for place, _ in wrong(reason=reason)] == ["Which team owns it?"]


def test_a_form_that_asked_more_spoils_no_other_answer() -> None:
    fewer = FormChoices(units=CHOICES.units, takes_budget=False)
    label = next(item.label for item in questions(CHOICES) if item.id == "budget")
    draft, problems = read_issue(issue_text(FORM, GOOD), fewer)
    assert problems == ()
    assert draft is not None
    assert read() == {"id": str(draft.id), **draft.values}
    draft, problems = read_issue(issue_text(FORM, {**GOOD, "budget": "500"}), fewer)
    assert draft is None
    assert [(problem.question, problem.found) for problem in problems] == [(label, "500")]


def test_headings_of_ones_own_stay_text() -> None:
    assert read(reason="Why\n\n### Because\n\nso")["reason"] == "Why ### Because so"


def test_the_lines_of_windows_are_lines() -> None:
    body = issue_text(FORM, GOOD).replace("\n", "\r\n")
    assert read_issue(body, CHOICES)[1] == ()


@pytest.mark.parametrize("body", ["", "hello", "# What is it for?\n\nx", "\x00" * 100, "#" * 5000])
def test_other_issues_are_none_of_ours(body: str) -> None:
    draft, problems = read_issue(body, CHOICES)
    assert draft is None
    assert [problem.question for problem in problems] == [""]


def test_a_huge_issue_is_not_read() -> None:
    draft, problems = read_issue("x" * (MAX_ISSUE_CHARACTERS + 1), CHOICES)
    assert draft is None
    assert "longer" in problems[0].message


@given(st.text(max_size=300), st.sampled_from([item.id for item in questions(CHOICES)]))
def test_no_answer_breaks_the_parser(answer: str, question: str) -> None:
    draft, problems = read_issue(issue_text(FORM, {**GOOD, question: answer}), CHOICES)
    assert (draft is None) == bool(problems)
    assert all(isinstance(problem, Problem) and len(problem.found) <= 200 for problem in problems)


LONG = {
    "a heading with blanks": "### What is it for?" + " " * 65_000,
    "a heading that ends in blanks": "### a" + " " * 65_000 + "b",
    "headings": "### What is it for?\n" * 3_000,
    "blanks before a heading": " " * 65_000 + "### What is it for?",
    "a box with blanks": "### What should be set up in it?\n- [x] a" + " " * 65_000 + "b",
    "a box of blanks": "### What should be set up in it?\n- [x] " + " " * 65_000,
    "boxes": "### What should be set up in it?\n" + "- [x] pci\n" * 6_000,
    "blanks before a box": "### What should be set up in it?\n" + " " * 65_000 + "b",
    "brackets": "### What should be set up in it?\n" + "- [" * 20_000,
    "tags": "### Which tags should it have?\n" + "a=b\n" * 16_000,
    "line ends": "\r" * 65_000,
    "a name": "### What should the account be called?\n" + "a-" * 32_000 + "!",
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_issue_is_read_soon(name: str) -> None:
    assert cpu_seconds(lambda: read_issue(LONG[name], CHOICES)) < 1.0
    draft, problems = read_issue(LONG[name], CHOICES)
    assert draft is None
    assert problems
