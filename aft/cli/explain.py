"""``aft explain ID``: each effective value of one account, and where it comes from."""

from __future__ import annotations

import click

from aft.cli.context import REVISION_HELP, Session, pass_session


@click.command("explain")
@click.argument("request_id", metavar="ID")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD.")
@click.option("--working-tree", is_flag=True, help="Explain the files on disk, committed or not.")
@click.option("--live", is_flag=True, help="Also ask AWS: the ids and the present place.")
@click.option("--short", is_flag=True, help="Only what files say; settings and steps in a line.")
@click.option("--json", "as_json", is_flag=True, help="For tools.")
@pass_session
def command(
    session: Session,
    *,
    request_id: str,
    names: tuple[str, ...],
    revision: str | None,
    working_tree: bool,
    live: bool,
    short: bool,
    as_json: bool,
) -> None:
    """Every effective value of one account, with the file and line it comes from.

    Values come from the request, a _defaults.yaml above it, aft.yaml, the baseline, a setting's own
    default or the ledger; what a nearer file replaced is shown under it. NAME limits it to a field,
    a setting, a parameter (budget.forecast_at) or a customization. Needs no credentials, unless
    --live asks AWS.
    """
    from aft.app.explain import explain_account
    from aft.plan.explanation import narrowed
    from aft.report.explain.json import explanation_json
    from aft.report.explain.text import explanation_view

    if working_tree and revision:
        raise click.UsageError("--working-tree and --revision exclude each other")
    workspace = session.workspace
    files = workspace.files(None if working_tree else revision or "HEAD")
    explanation = narrowed(
        explain_account(workspace, files, request_id, simulated=session.simulated, live=live),
        names,
    )
    if as_json:
        click.echo(explanation_json(explanation), nl=False)
    else:
        session.console.print(
            explanation_view(explanation, width=session.console.width, short=short),
            soft_wrap=True,
        )
