"""``aft status``: every request, one line each."""

from __future__ import annotations

import click

from aft.app import local_paths
from aft.app.apply.run_logs import RunLogs
from aft.app.plan.planning import plan_now
from aft.app.world import open_ledger, open_world
from aft.cli.context import REVISION_HELP, Session, pass_session
from aft.plan.status import account_statuses, thing_statuses
from aft.report.status import status_json, status_view


@click.command("status")
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD.")
@click.option("--offline", is_flag=True, help="Read only the ledger, not AWS.")
@click.option("--logs", is_flag=True, help="Also show the logs of steps that succeeded.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for tools.")
@pass_session
def command(
    session: Session, *, revision: str | None, offline: bool, logs: bool, as_json: bool
) -> None:
    """Show the state of every request: its account and OU, and pending and failed steps.

    States: active, pending, requested, creating, failed, held, attention, suspended, forgotten."""
    workspace = session.workspace
    desired = workspace.desired(workspace.files(revision or "HEAD"))
    if offline:
        known = open_ledger(workspace, desired.config).read()
        rows = account_statuses(desired, known)
    else:
        with (
            open_world(workspace, desired.config, reads_only=True) as world,
            session.waiting("Reading the organization"),
        ):
            planned = plan_now(workspace, world, desired)
        known = planned.ledger
        rows = account_statuses(desired, known, planned.plan, planned.snapshot)
    things = thing_statuses(known)
    kept = RunLogs(local_paths.run_logs(session.environ))

    def find_log(run: str, request_id: str, step: str) -> str:
        return kept.find(run=run, target=request_id, step=step)

    if as_json:
        click.echo(status_json(rows, things=things, find_log=find_log), nl=False)
    else:
        width = session.console.width
        view = status_view(rows, things=things, width=width, find_log=find_log, with_logs=logs)
        session.console.print(view, soft_wrap=True)
