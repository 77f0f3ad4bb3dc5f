"""``aft new``: write the file that asks for an account."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aft.cli.context import FOLDER, Session, pass_session

if TYPE_CHECKING:
    from aft.app.requests.new_request import ProposedRequest

FINDINGS_EXIT = 3


@click.command("new")
@click.argument("request_id", metavar="[ID]", required=False)
@click.option("--name", help="The account's name. Default: the id, or the value from defaults.")
@click.option("--email", help="The account's e-mail address, if no defaults supply it.")
@click.option("--ou", metavar="PATH", help="The OU, such as Workloads/Dev.")
@click.option("--owner-team", metavar="TEAM", help="The team that owns the account.")
@click.option("--owner-email", metavar="EMAIL", help="The team's e-mail address.")
@click.option("--reason", help="Why the account exists.")
@click.option("--ticket", help="A reference to your issue tracker.")
@click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="May be repeated.")
@click.option(
    "--baseline", metavar="NAME", help="The baseline. Default: decided by the baselines' selectors."
)
@click.option(
    "--customization", "customizations", metavar="NAME", multiple=True, help="May be repeated."
)
@click.option("--budget", metavar="USD", type=float, help="US dollars per month.")
@click.option(
    "--custom-field",
    "custom_fields",
    metavar="KEY=VALUE",
    multiple=True,
    help="A custom field, such as vpc.cidr=10.30.0.0/20; may be repeated.",
)
@click.option("--depends-on", metavar="ID", multiple=True, help="May be repeated.")
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
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
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
    """Write one request file, if the repository is valid with it.

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
    from aft.app.requests.new_request import RequestDesk
    from aft.cli.asking import ask_for_rest, draft_from

    desk = RequestDesk.open(session.workspace)
    if request_id is None and not asks:
        raise click.UsageError("say the new request's ID; on a terminal it is asked for")
    if asks:
        request_id, said, folder = ask_for_rest(desk, request_id, said, folder)
    return desk.propose(draft_from(request_id or "", said), folder=folder)


def _show(session: Session, proposed: ProposedRequest, *, only_print: bool) -> None:
    from aft.report.findings import findings_count, findings_text

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
    from aft.app.requests.new_request import write_request

    write_request(session.workspace, proposed)
    click.echo(f"Wrote {proposed.path}.")
    session.say("Commit it, and open a pull request; aft plan --working-tree shows what it makes.")


def _from_issue(
    session: Session, issue_file: Path, report: Path, *, issue: int, login: str
) -> None:
    from aft.app.requests.issue_requests import request_from_issue
    from aft.report.plain import one_line
    from aft.report.request_reply import Origin

    made = request_from_issue(
        session.workspace, issue_file, report, Origin(issue=issue, login=login)
    )
    if made.request is None:
        for problem in made.problems:
            place = f"{problem.question} " if problem.question else ""
            click.echo(one_line(f"{place}{problem.message}"), err=True)
        click.echo(f"Nothing was written; {report / 'reply.md'} says what to change.", err=True)
        sys.exit(FINDINGS_EXIT)
    click.echo(f"Wrote {made.path}.")
