"""The questions of ``aft new`` on a terminal: only what neither flags nor defaults say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from aft.report.plain import one_line
from aft.values.ids import RequestId
from aft.values.suggestions import did_you_mean

if TYPE_CHECKING:
    from aft.app.requests.new_request import RequestDesk

NONE = ""
"""What an empty answer stands for."""


def ask_for_rest(
    desk: RequestDesk, request_id: str | None, said: Mapping[str, Any], folder: str | None
) -> tuple[str, dict[str, Any], str | None]:
    """The id, what flags and answers say together, and the folder."""
    from aft.cli.request_values import draft_from

    answers = dict(said)
    if request_id is None:
        request_id = _request_id()
    _ask_where(desk, answers, folder)
    draft = draft_from(request_id, answers)
    folder = desk.folder(draft, folder)
    supplied = desk.supplied(draft, folder)
    _show_supplied(desk, folder, supplied)
    _ask_rest(desk, answers, supplied)
    return request_id, answers, folder


def _request_id() -> str:
    def parsed(text: str) -> str:
        try:
            return RequestId.parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return str(click.prompt("Id of the request, which names its file", value_proc=parsed))


def _ask_where(desk: RequestDesk, answers: dict[str, Any], folder: str | None) -> None:
    """Team and OU: the folder hangs on them, so they are asked before its defaults are known."""
    known = desk.supplied(None, folder) if folder is not None else {}
    if not answers.get("owner_team") and "owner" not in known:
        teams = desk.teams
        answers["owner_team"] = _text("Team that owns it", suggestions=teams)
    if not answers.get("ou") and "ou" not in known:
        units = [str(unit.path) for unit in desk.state.organization.units]
        answers["ou"] = _choice("OU", units) if units else _text("OU, such as Workloads/Dev")


def _ask_rest(desk: RequestDesk, answers: dict[str, Any], supplied: Mapping[str, Any]) -> None:
    if not answers.get("email") and "email" not in supplied:
        answers["email"] = _text("E-mail address of the account itself")
    owner = supplied.get("owner", {})
    team = answers.get("owner_team")
    is_known = not team or owner.get("team") == team or desk.address_of(str(team)) is not None
    if not answers.get("owner_email") and not is_known:
        answers["owner_email"] = _text(f"E-mail address of {team}")
    if not answers.get("reason") and "reason" not in supplied:
        answers["reason"] = _text("Why the account is needed")
    if not answers.get("ticket") and "ticket" not in supplied:
        answers["ticket"] = _text("Ticket (empty for none)", default=NONE)
    baselines = sorted(desk.state.baselines)
    if not answers.get("baseline") and "baseline" not in supplied and baselines:
        answers["baseline"] = _choice("Baseline (empty: selectors decide)", baselines, default=NONE)
    names = sorted(name for name in desk.state.customizations if name != "global")
    if not answers.get("customizations") and "customizations" not in supplied and names:
        answers["customizations"] = _some("Customizations (empty for none)", names)


def _show_supplied(desk: RequestDesk, folder: str, supplied: Mapping[str, Any]) -> None:
    from aft.desired.emit import mapping_yaml

    del desk
    if not supplied:
        return
    click.echo(f"\nDefaults for {folder}/ supply:", err=True)
    for line in mapping_yaml(supplied).splitlines():
        click.echo(f"  {one_line(line) if line.strip() else ''}", err=True)
    click.echo("", err=True)


def _text(question: str, *, default: str | None = None, suggestions: Sequence[str] = ()) -> str:
    shown = f" ({', '.join(suggestions[:12])})" if suggestions else ""
    return str(
        click.prompt(f"{question}{shown}", default=default, show_default=False, err=True)
    ).strip()


def _choice(question: str, choices: Sequence[str], *, default: str | None = None) -> str:
    _list(choices)
    return str(
        click.prompt(
            question,
            default=default,
            show_default=False,
            value_proc=lambda text: _one_of(text, choices) if text.strip() else NONE,
            err=True,
        )
    )


def _some(question: str, choices: Sequence[str]) -> tuple[str, ...]:
    _list(choices)

    def parsed(text: str) -> tuple[str, ...]:
        return tuple(_one_of(part, choices) for part in text.replace(",", " ").split())

    found: tuple[str, ...] = click.prompt(
        question, default=NONE, show_default=False, value_proc=parsed, err=True
    )
    return found or ()


def _list(choices: Sequence[str]) -> None:
    for number, choice in enumerate(choices, start=1):
        click.echo(f"  {number:>3}  {one_line(choice)}", err=True)


def _one_of(text: str, choices: Sequence[str]) -> str:
    """A choice by its name or its number in the list."""
    text = text.strip()
    if text in choices:
        return text
    if text.isdecimal() and 1 <= int(text) <= len(choices):
        return choices[int(text) - 1]
    near = did_you_mean(text, choices)
    raise click.BadParameter(f"{text!r} is not in the list{f'; {near}' if near else ''}")
