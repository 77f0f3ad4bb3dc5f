"""From the text of an issue to a request's draft, or to what is wrong with each answer.

GitHub turns a form into Markdown: a heading with each question's label, the answer below it,
``_No response_`` for none. Anyone may edit that text afterwards, so all of it is hostile: it is
bounded, nothing in it names a path, and what it says becomes values that validation reads, never
YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aft.desired.draft import RequestDraft
from aft.desired.issue_form import (
    BETWEEN,
    USUAL,
    FormChoices,
    Kind,
    Question,
    every_label,
    questions,
)
from aft.desired.limits import check_contact_email, check_tag_key, check_tag_value
from aft.text.policy import PROSE_FIELDS, Use, refused
from aft.values.ids import EmailAddress, RequestId
from aft.values.suggestions import did_you_mean

MAX_ISSUE_CHARACTERS = 65_536
"""GitHub: the longest text of an issue."""
MAX_TAGS_ASKED = 40
NO_RESPONSE = "_No response_"

_HEADING = re.compile(r"### +(\S(?:.*\S)?)\s*")
_BOX = re.compile(r"\s*[-*] \[(?P<mark>[ xX])\] +(?P<label>\S(?:.*\S)?)\s*")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[ _-]+[A-Za-z0-9]+)*")
_AMOUNT = re.compile(r"\$? ?(?P<number>[0-9]{1,9}(?:\.[0-9]{1,2})?) ?(?:USD|usd|\$)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an answer and what to do. ``question`` is its label, empty for the issue
    as a whole. ``found`` is text from outside: show it through ``aft.report.plain`` only."""

    question: str
    message: str
    found: str = ""


class _Bad(Exception):
    """An answer that cannot be taken."""

    def __init__(self, message: str, found: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.found = found


def read_issue(
    body: str, choices: FormChoices, *, remark: str = ""
) -> tuple[RequestDraft | None, tuple[Problem, ...]]:
    """The draft, ``None`` when there are problems: then all of them are reported at once."""
    asked = questions(choices)
    if len(body) > MAX_ISSUE_CHARACTERS:
        too_long = f"it is longer than {MAX_ISSUE_CHARACTERS:,} characters; shorten it"
        return None, (Problem("", too_long),)
    answers, repeated = _answers(body)
    if not answers:
        other = "it was not made with the form; open a new issue and choose it"
        return None, (Problem("", other),)
    twice = "its heading is there more than once; keep one, and answer below that"
    problems = [Problem(label, twice) for label in repeated]
    problems += _no_longer_asked(answers, asked)
    values: dict[str, Any] = {}
    for question in asked:
        if question.label in repeated:
            continue
        try:
            value = _value(question, answers.get(question.label, ""))
        except _Bad as bad:
            problems.append(Problem(question.label, bad.message, bad.found[:200]))
        else:
            if value is not None:
                values[question.id] = value
    if problems:
        return None, tuple(problems)
    return _draft(values, remark), ()


def question_for(field: str | None, choices: FormChoices) -> str:
    """The label of the question that a field of the request comes from; empty for none."""
    wanted = "team" if field == "owner" else field
    return next((item.label for item in questions(choices) if item.id == wanted), "")


def _no_longer_asked(answers: Mapping[str, str], asked: Sequence[Question]) -> list[Problem]:
    """Answers to questions of an older form, where the repository has no use for them now."""
    labels = {question.label for question in asked}
    message = "this is no longer asked for; empty the answer, or open a new issue"
    return [
        Problem(label, message, answer[:200])
        for label, answer in answers.items()
        if label not in labels and not _asks_for_nothing(answer)
    ]


def _asks_for_nothing(answer: str) -> bool:
    boxes = [_BOX.fullmatch(line) for line in answer.split("\n")]
    return answer in ("", NO_RESPONSE, USUAL) or all(box and box["mark"] == " " for box in boxes)


def _answers(body: str) -> tuple[Mapping[str, str], frozenset[str]]:
    """The text below each question's heading, and the questions whose heading comes twice."""
    labels = every_label()
    found: dict[str, list[str]] = {}
    repeated: set[str] = set()
    lines: list[str] | None = None
    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        heading = _HEADING.fullmatch(line)
        if heading is None or heading[1] not in labels:
            if lines is not None:
                lines.append(line)
            continue
        if heading[1] in found:
            repeated.add(heading[1])
        lines = found.setdefault(heading[1], [])
    return {label: "\n".join(text).strip() for label, text in found.items()}, frozenset(repeated)


def _value(question: Question, answer: str) -> Any:
    if question.kind is Kind.BOXES:
        return _boxes(question, answer)
    if answer in ("", NO_RESPONSE):
        if question.is_required:
            raise _Bad("there is no answer, and one is needed")
        return None
    if len(answer) > question.limit:
        raise _Bad(f"it has {len(answer):,} characters; at most {question.limit:,} are possible")
    for use in (Use.PROSE, Use.PROSE if question.id in PROSE_FIELDS else Use.VALUE):
        if (problem := refused(answer, use)) is not None:
            raise _Bad(f"{problem.message}; {problem.hint}", answer)
        if question.id != "tags":
            answer = " ".join(answer.split())  # any blanks become spaces
    read = _READERS.get(question.id)
    return answer if read is None else read(question, answer)


def _name(_: Question, answer: str) -> str:
    if not _NAME.fullmatch(answer):
        raise _Bad("use letters, digits and hyphens only, such as payments-test", answer)
    try:
        return RequestId.parse(re.sub(r"[ _-]+", "-", answer).lower())
    except ValueError as error:
        raise _Bad("this name is not free; choose another", answer) from error


def _checked(check: Callable[[str], str], words: str) -> Callable[[Question, str], str]:
    def read(_: Question, answer: str) -> str:
        try:
            return check(answer)
        except ValueError as error:
            raise _Bad(words, answer) from error

    return read


def _choice(question: Question, answer: str) -> str | None:
    if answer == USUAL:
        return None
    known = [item.split(BETWEEN, 1)[0] for item in question.options]
    name = answer.split(BETWEEN, 1)[0]
    if name not in known or name == USUAL:
        listed = did_you_mean(name, known) or f"choose one of: {', '.join(known[:20])}"
        raise _Bad(f"this choice does not exist; {listed}", answer)
    return name


def _boxes(question: Question, answer: str) -> Any:
    """The names of what is ticked, in the form's order."""
    boxes = [box for line in answer.split("\n") if (box := _BOX.fullmatch(line)) is not None]
    # A description may have been reworded since; the name before it counts.
    names = {box["label"].split(BETWEEN, 1)[0] for box in boxes if box["mark"] != " "}
    known = [item.split(BETWEEN, 1)[0] for item in question.options]
    if question.is_required and not names.issuperset(known):
        raise _Bad("tick the box, as it says what happens next")
    unknown = sorted(names.difference(known))
    if unknown:
        raise _Bad(f"this choice does not exist; there are: {', '.join(known)}", unknown[0])
    return [name for name in known if name in names] or None


def _budget(_: Question, answer: str) -> float:
    amount = _AMOUNT.fullmatch(answer.replace(",", ""))
    if amount is None or float(amount["number"]) <= 0:
        raise _Bad("write a number of US dollars, such as 500", answer)
    return float(amount["number"])


def _tags(_: Question, answer: str) -> Mapping[str, str]:
    tags: dict[str, str] = {}
    for line in answer.splitlines():
        if not line.strip():
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            key, equals, value = (part.strip() for part in line.partition(": "))
        if not equals or not key:
            raise _Bad("write one tag per line, as name=value", line)
        try:
            check_tag_key(key)
            check_tag_value(value)
        except ValueError as error:
            message = "a tag may hold letters, digits, spaces and _ . : / = + - @"
            raise _Bad(f"{message}; its name must not start with aws: or aft:", line) from error
        if key in tags:
            raise _Bad("the same tag is there twice", line)
        tags[key] = value
    if len(tags) > MAX_TAGS_ASKED:
        raise _Bad(f"there are {len(tags)} tags; at most {MAX_TAGS_ASKED} are possible")
    return tags


_ADDRESS = "write an e-mail address such as payments@example.com"
_READERS: Mapping[str, Callable[[Question, str], Any]] = {
    "name": _name,
    "owner_email": _checked(check_contact_email, _ADDRESS),
    "email": _checked(EmailAddress.parse, f"{_ADDRESS}, of at most 64 characters"),
    "ou": _choice,
    "baseline": _choice,
    "budget": _budget,
    "tags": _tags,
}


def _draft(answers: Mapping[str, Any], remark: str) -> RequestDraft:
    """Ids begin and end with a letter or digit: ``_name`` has seen to it."""
    values: dict[str, Any] = {
        key: answers[key]
        for key in ("email", "ou", "reason", "ticket", "tags", "baseline", "customizations")
        if key in answers
    }
    values["owner"] = {"team": answers["team"], "email": answers["owner_email"]}
    if "budget" in answers:
        values["budget"] = {"monthly_usd": answers["budget"]}
    return RequestDraft(id=RequestId(answers["name"]), values=values, remark=remark)
