"""``aft new``: write the file that asks for an account, from flags and, on a terminal, from
questions about what neither flags nor defaults say."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from aft.app.requests import ProposedRequest, RequestDesk, request_from_issue, write_request
from aft.cli.context import EXISTING_FILE, FOLDER, Session, many, pass_session
from aft.desired.draft import RequestDraft
from aft.desired.emit import mapping_yaml
from aft.errors import UserError
from aft.report.findings import findings_count, findings_text
from aft.report.plain import one_line
from aft.report.request_reply import Origin
from aft.values.ids import RequestId
from aft.values.suggestions import did_you_mean

FINDINGS_EXIT = 3
NONE = ""
"""What an empty answer means."""
_AS_THEY_ARE = ("name", "email", "ou", "reason", "ticket", "baseline", "account_id")
_prompt: Callable[..., Any] = functools.partial(click.prompt, show_default=False, err=True)


@click.command("new")
@click.argument("request_id", metavar="[ID]", required=False)
@click.option("--name", help="The account's name. Default: the id, or the value from defaults.")
@click.option("--email", help="The account's e-mail address, if no defaults supply it.")
@click.option("--ou", metavar="PATH", help="The OU, such as Workloads/Dev.")
@click.option("--owner-team", metavar="TEAM", help="The team that owns the account.")
@click.option("--owner-email", metavar="EMAIL", help="The team's e-mail address.")
@click.option("--reason", help="Why the account exists.")
@click.option("--ticket", help="A reference to your issue tracker.")
@many("--tag", "KEY=VALUE", "May be repeated.", "tags")
@click.option(
    "--baseline", metavar="NAME", help="The baseline. Default: decided by the baselines' selectors."
)
@many("--customization", "NAME", "May be repeated.", "customizations")
@click.option("--budget", metavar="USD", type=float, help="US dollars per month.")
@many(
    "--custom-field",
    "KEY=VALUE",
    "A custom field, such as vpc.cidr=10.30.0.0/20; may be repeated.",
    "custom_fields",
)
@many("--depends-on", "ID", "May be repeated.")
@click.option("--account-id", metavar="ID", help="Adopt this existing account.")
@click.option(
    "--folder",
    metavar="FOLDER",
    help="A folder in account-requests/. Default: that of the same team's requests, or else of "
    "the same OU's.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not prompt, even on a terminal.")
@click.option("--print", "only_print", is_flag=True, help="Print the file; do not write it.")
@click.option(
    "--from-issue",
    type=EXISTING_FILE,
    metavar="FILE",
    help="Read the answers from the text of an issue that was created with the form.",
)
@click.option(
    "--report",
    type=FOLDER,
    metavar="DIR",
    help="With --from-issue: write reply.md, request.json and pull-request.md here.",
)
@click.option("--issue", type=click.IntRange(min=1), metavar="N", help="The issue's number.")
@click.option("--requested-by", metavar="LOGIN", help="The login of the issue's author.")
@pass_session
def command(
    session: Session,
    *,
    request_id: str | None,
    folder: str | None,
    yes: bool,
    only_print: bool,
    from_issue: Path | None,
    report: Path | None,
    issue: int | None,
    requested_by: str | None,
    **said: Any,
) -> None:
    """Write one request file, if it is valid in this repository.

    On a terminal, aft prompts for values that neither options nor a _defaults.yaml supply. If there
    are findings, they are shown with their position in the file that would have been written, and
    nothing is written (exit 3).

    With --from-issue, the answers come from the issue form "Request an AWS account". If an answer
    is not valid, DIR/reply.md explains what to change (exit 3).
    """
    if from_issue is not None:
        if request_id or any(said.values()) or folder or only_print:
            raise click.UsageError("with --from-issue the answers come from the issue alone")
        if report is None:
            raise click.UsageError("--from-issue needs --report DIR, for the reply")
        _from_issue(session, from_issue, report, issue=issue or 0, login=requested_by or "")
        return
    if report is not None or issue is not None or requested_by is not None:
        raise click.UsageError("--report, --issue and --requested-by are for --from-issue")
    proposed = _propose(session, request_id, said, folder, asks=sys.stdin.isatty() and not yes)
    _show(session, proposed, only_print=only_print)


def _propose(
    session: Session,
    request_id: str | None,
    said: dict[str, Any],
    folder: str | None,
    *,
    asks: bool,
) -> ProposedRequest:
    desk = RequestDesk.open(session.workspace)
    if request_id is None and not asks:
        raise click.UsageError("say the new request's ID; on a terminal it is asked for")
    if asks:
        request_id, said, folder = ask_for_rest(desk, request_id, said, folder)
    return desk.propose(draft_from(request_id or "", said), folder=folder)


def _show(session: Session, proposed: ProposedRequest, *, only_print: bool) -> None:
    if only_print or proposed.request is None:
        click.echo(proposed.text, nl=False)
    if proposed.findings:
        click.echo(findings_text(proposed.findings), err=True)
    if proposed.request is None:
        click.echo(
            f"{findings_count(proposed.findings)}; {proposed.path} was not written.", err=True
        )
        sys.exit(FINDINGS_EXIT)
    if only_print:
        session.say(f"would be {proposed.path}")
        return
    write_request(session.workspace, proposed)
    click.echo(f"Wrote {proposed.path}.")
    session.say("Commit it, and open a pull request; aft plan --working-tree shows what it makes.")


def _from_issue(
    session: Session, issue_file: Path, report: Path, *, issue: int, login: str
) -> None:
    origin = Origin(issue=issue, login=login)
    path, problems = request_from_issue(session.workspace, issue_file, report, origin)
    if not path:
        for problem in problems:
            place = f"{problem.question} " if problem.question else ""
            click.echo(one_line(f"{place}{problem.message}"), err=True)
        click.echo(f"Nothing was written; {report / 'reply.md'} says what to change.", err=True)
        sys.exit(FINDINGS_EXIT)
    click.echo(f"Wrote {path}.")


def ask_for_rest(
    desk: RequestDesk, request_id: str | None, said: Mapping[str, Any], folder: str | None
) -> tuple[str, dict[str, Any], str | None]:
    """The id, what flags and answers say together, and the folder."""
    answers = dict(said)
    if request_id is None:
        request_id = str(
            click.prompt("Id of the request, which names its file", value_proc=_request_id)
        )
    _ask_where(desk, answers, folder)
    draft = draft_from(request_id, answers)
    folder = desk.folder(draft, folder)
    supplied = desk.supplied(draft, folder)
    _show_supplied(folder, supplied)
    _ask_rest(desk, answers, supplied)
    return request_id, answers, folder


def _request_id(text: str) -> str:
    try:
        return RequestId.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _ask_where(desk: RequestDesk, answers: dict[str, Any], folder: str | None) -> None:
    """Team and OU: the folder hangs on them, so they are asked before its defaults are known."""
    known = desk.supplied(None, folder) if folder is not None else {}
    if not answers.get("owner_team") and "owner" not in known:
        answers["owner_team"] = _text("Team that owns it", suggestions=desk.teams)
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


def _show_supplied(folder: str, supplied: Mapping[str, Any]) -> None:
    if not supplied:
        return
    click.echo(f"\nDefaults for {folder}/ supply:", err=True)
    for line in mapping_yaml(supplied).splitlines():
        click.echo(f"  {one_line(line) if line.strip() else ''}", err=True)
    click.echo("", err=True)


def _text(question: str, *, default: str | None = None, suggestions: Sequence[str] = ()) -> str:
    shown = f" ({', '.join(suggestions[:12])})" if suggestions else ""
    return str(_prompt(f"{question}{shown}", default=default)).strip()


def _choice(question: str, choices: Sequence[str], *, default: str | None = None) -> str:
    _list(choices)

    def parsed(text: str) -> str:
        return _one_of(text, choices) if text.strip() else NONE

    return str(_prompt(question, default=default, value_proc=parsed))


def _some(question: str, choices: Sequence[str]) -> tuple[str, ...]:
    _list(choices)

    def parsed(text: str) -> tuple[str, ...]:
        return tuple(_one_of(part, choices) for part in text.replace(",", " ").split())

    found: tuple[str, ...] = _prompt(question, default=NONE, value_proc=parsed)
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


def draft_from(request_id: str, said: Mapping[str, Any]) -> RequestDraft:
    """What the flags say. Raises ``UserError`` for an id or pair that is none; everything else is
    for validation to judge."""
    try:
        known = RequestId.parse(request_id)
    except ValueError as error:
        raise UserError(str(error)) from error
    values: dict[str, Any] = {key: said[key] for key in _AS_THEY_ARE if said.get(key)}
    owner = {"team": said.get("owner_team"), "email": said.get("owner_email")}
    if any(owner.values()):
        values["owner"] = {key: value for key, value in owner.items() if value}
    if said.get("tags"):
        values["tags"] = pairs("--tag", said["tags"])
    for key in ("customizations", "depends_on"):
        if said.get(key):
            values[key] = list(said[key])
    if said.get("budget") is not None:
        values["budget"] = {"monthly_usd": said["budget"]}
    if said.get("custom_fields"):
        values["custom_fields"] = _nested(pairs("--custom-field", said["custom_fields"]))
    return RequestDraft(id=known, values=values)


def pairs(option: str, texts: Sequence[str]) -> Mapping[str, str]:
    """``KEY=VALUE`` texts by key. Raises ``UserError``."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UserError(f"{option} {text!r}: expected KEY=VALUE")
        if key in found:
            raise UserError(f"{option} {key} is given twice")
        found[key] = value
    return found


def _nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """``{"vpc.cidr": x}`` as ``{"vpc": {"cidr": x}}``."""
    top: dict[str, Any] = {}
    for path, value in flat.items():
        *outer, last = path.split(".")
        here = top
        for part in outer:
            inside = here.setdefault(part, {})
            if not isinstance(inside, dict):
                raise UserError(f"--custom-field {path}: {part} is given a value as well")
            here = inside
        if last in here:
            raise UserError(f"--custom-field {path}: it is given a value as well")
        here[last] = value
    return top
