"""The issue form "Request an AWS account": its questions, and the file GitHub makes the form from.
The one place that knows the questions' words: ``aft.desired.issue_answers`` reads the answers by
them. Written for people who never saw AWS Organizations."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aft.customizations.model import GLOBAL
from aft.desired.emit import mapping_yaml
from aft.desired.model import DesiredState

FORM_PATH = ".github/ISSUE_TEMPLATE/account-request.yml"
FORM_LABEL = "aft:request"
"""The label of issues made with the form; the workflow ``request`` looks for it."""
USUAL = "The usual ones"
"""The answer that leaves the baseline to its selectors."""
CONFIRMED = "A person will review this request, and creating the account costs nothing by itself"
BETWEEN = " — "
"""Separates the name of a choice from what it is for."""


class Kind(enum.StrEnum):
    """How a question is answered; GitHub's names."""

    INPUT = "input"
    TEXT = "textarea"
    CHOICE = "dropdown"
    BOXES = "checkboxes"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormChoices:
    """What the repository lets people choose from. ``baselines`` and ``customizations`` are names
    with what each is for. ``needs_email`` says that no defaults supply the account's own e-mail
    address, ``takes_budget`` that some baseline acts on a budget."""

    units: tuple[str, ...] = ()
    baselines: Mapping[str, str] = field(default_factory=dict)
    customizations: Mapping[str, str] = field(default_factory=dict)
    needs_email: bool = False
    takes_budget: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``limit`` is how many characters an answer may have; ``options`` are those of a choice."""

    id: str
    label: str
    description: str
    kind: Kind = Kind.INPUT
    is_required: bool = False
    placeholder: str = ""
    limit: int = 200
    options: tuple[str, ...] = ()


def choices_of(state: DesiredState, *, needs_email: bool) -> FormChoices:
    """The choices at one revision."""
    return FormChoices(
        units=tuple(str(unit.path) for unit in state.organization.units),
        baselines={name: item.description for name, item in sorted(state.baselines.items())},
        customizations={
            name: item.description
            for name, item in sorted(state.customizations.items())
            if name != GLOBAL
        },
        needs_email=needs_email,
        takes_budget=any(
            spec.setting == "budget" for item in state.baselines.values() for spec in item.settings
        ),
    )


def option(name: str, description: str) -> str:
    """A choice as it is shown."""
    shown = " ".join(description.split())
    return f"{name}{BETWEEN}{shown}" if shown else name


def questions(choices: FormChoices) -> tuple[Question, ...]:
    """The form's questions in order; what the repository has no choice for is not asked."""
    return (*_who(choices), *_where(choices), *_what(choices))


def every_label() -> frozenset[str]:
    """The labels of all questions there are, also those that some repositories do not ask: an
    issue may have been made with the form as it was."""
    any_of = {"-": "-"}
    something = FormChoices(
        units=("-",), baselines=any_of, customizations=any_of, needs_email=True, takes_budget=True
    )
    return frozenset(question.label for question in questions(something))


def _who(choices: FormChoices) -> Iterator[Question]:
    yield Question(
        id="name",
        label="What should the account be called?",
        description="A short name of lowercase letters, digits and hyphens. Most names contain "
        "the team or service, and the purpose of the account.",
        is_required=True,
        placeholder="payments-test",
        limit=50,
    )
    yield Question(
        id="team",
        label="Which team owns it?",
        description="The team that is responsible for the account and its costs.",
        is_required=True,
        placeholder="payments",
        limit=128,
    )
    yield Question(
        id="owner_email",
        label="How can we reach the team?",
        description="An e-mail address that the team reads, preferably a shared one.",
        is_required=True,
        placeholder="payments@example.com",
        limit=254,
    )
    if choices.needs_email:
        yield Question(
            id="email",
            label="Which e-mail address should the account itself have?",
            description="An address that no other AWS account uses. Often a shared address with "
            "a suffix after a plus sign.",
            is_required=True,
            placeholder="aws+payments-test@example.com",
            limit=64,
        )
    yield Question(
        id="reason",
        label="What is it for?",
        kind=Kind.TEXT,
        description="One or two sentences. Reviewers read them first.",
        is_required=True,
        placeholder="We want to test the new checkout without touching production.",
        limit=1000,
    )
    yield Question(
        id="ticket",
        label="Is there a ticket?",
        description="Its number in your issue tracker, if there is one.",
        placeholder="PLAT-1234",
    )


def _where(choices: FormChoices) -> Iterator[Question]:
    if choices.units:
        yield Question(
            id="ou",
            label="Where does it belong?",
            kind=Kind.CHOICE,
            description="Accounts are grouped into organizational units, which determine the "
            "rules that apply. Choose a production unit for everything that "
            "customers rely on.",
            is_required=True,
            options=choices.units,
        )
    if choices.baselines:
        yield Question(
            id="baseline",
            label="Which security settings should it get?",
            kind=Kind.CHOICE,
            description=f'"{USUAL}" is right for most accounts.',
            options=(USUAL, *(option(name, text) for name, text in choices.baselines.items())),
        )
    if choices.customizations:
        yield Question(
            id="customizations",
            label="What should be set up in it?",
            kind=Kind.BOXES,
            description="Select nothing if you only need an empty account.",
            options=tuple(option(name, text) for name, text in choices.customizations.items()),
        )


def _what(choices: FormChoices) -> Iterator[Question]:
    if choices.takes_budget:
        yield Question(
            id="budget",
            label="How much may it cost each month, in US dollars?",
            description="The team gets an e-mail when the costs approach this amount. Nothing "
            "is switched off.",
            placeholder="500",
            limit=20,
        )
    yield Question(
        id="tags",
        label="Which tags should it have?",
        kind=Kind.TEXT,
        description="One per line, as name=value. Leave it empty if you do not use tags.",
        placeholder="cost-center=4711",
        limit=4000,
    )
    yield Question(
        id="confirmed",
        label="Before you send it",
        kind=Kind.BOXES,
        description="",
        is_required=True,
        options=(CONFIRMED,),
    )


def form_yaml(choices: FormChoices) -> str:
    """The form's file. GitHub reads it from the default branch."""
    head = (
        '# The form of "New issue". Generated by `aft github issue-form`; run it again when OUs,\n'
        "# baselines or customizations change. The questions are read by `aft new --from-issue`.\n"
    )
    return head + mapping_yaml(
        {
            "name": "Request an AWS account",
            "description": "Request an AWS account. You do not need to know AWS.",
            "title": "Account: ",
            "labels": [FORM_LABEL],
            "body": [_introduction(), *(_element(item) for item in questions(choices))],
        }
    )


def _introduction() -> Mapping[str, Any]:
    text = (
        "An AWS account is a separate area in the cloud with its own costs, access and limits. "
        "Answer the questions below. Your answers become a pull request. After it is reviewed and "
        "merged, the account is created. If an answer is not valid, a comment here explains what "
        "to change."
    )
    return {"type": "markdown", "attributes": {"value": text}}


def _element(question: Question) -> Mapping[str, Any]:
    given = {
        "label": question.label,
        "description": question.description,
        "placeholder": question.placeholder,
    }
    attributes: dict[str, Any] = {key: text for key, text in given.items() if text}
    must = {"required": True} if question.is_required else {}
    element = {"type": question.kind.value, "id": question.id, "attributes": attributes}
    if question.kind is Kind.BOXES:
        attributes["options"] = [{"label": label, **must} for label in question.options]
        return element
    if question.kind is Kind.CHOICE:
        attributes["options"] = list(question.options)
        if not must:
            attributes["default"] = 0
    return {**element, "validations": must} if must else element
