"""``aft history``: one account's life, from git; and whether the ledger is as aft wrote it."""

from __future__ import annotations

import sys

import click

from aft.app.history import examined, history_of
from aft.cli.context import REVISION_HELP, Session, pass_session
from aft.report.history import examined_json, examined_view, history_json, history_view


@click.command("history")
@click.argument("request_id", metavar="[ID]", required=False)
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD.")
@click.option("--verify", is_flag=True, help="Check the whole ledger; exit 1 if it is not sound.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for tools.")
@pass_session
def command(
    session: Session, *, request_id: str | None, revision: str | None, verify: bool, as_json: bool
) -> None:
    """Show the commits of a request and everything in the ledger about it, in one timeline.

    Needs no credentials. ID is a request's id (its file name without .yaml), even if the file
    was removed; "organization" shows the OU tree and the runs. With --verify and no ID, aft
    checks that no one else has changed the ledger's files."""
    if verify == (request_id is not None):
        raise click.UsageError("give the ID of a request, or --verify")
    if request_id is None:
        found = examined(session.workspace, revision=revision or "HEAD")
        head = {"pushed": found.pushed, "signed_by": found.signed_by}
        if as_json:
            click.echo(examined_json(found.commit, found.subjects, found.faults, **head), nl=False)
        else:
            view = examined_view(found.commit, found.subjects, found.faults, **head)
            session.console.print(view, soft_wrap=True)
        sys.exit(1 if found.faults or (found.pushed and not found.signed_by) else 0)
    entries = history_of(session.workspace, request_id, revision=revision or "HEAD")
    if as_json:
        click.echo(history_json(entries), nl=False)
    else:
        session.console.print(history_view(entries, width=session.console.width), soft_wrap=True)
