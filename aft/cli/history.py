"""``aft history ID``: one account's life, from git."""

from __future__ import annotations

import click

from aft.cli.context import REVISION_HELP, Session, pass_session


@click.command("history")
@click.argument("request_id", metavar="ID")
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for tools.")
@pass_session
def command(session: Session, *, request_id: str, revision: str | None, as_json: bool) -> None:
    """Show the commits of a request and everything in the ledger about it, in one timeline.

    Needs no credentials. ID is a request's id (its file name without .yaml), even if the file
    was removed; "organization" shows the OU tree and the runs."""
    from aft.app.history import history_of
    from aft.report.history import history_json, history_view

    entries = history_of(session.workspace, request_id, revision=revision or "HEAD")
    if as_json:
        click.echo(history_json(entries), nl=False)
    else:
        session.console.print(history_view(entries, width=session.console.width), soft_wrap=True)
