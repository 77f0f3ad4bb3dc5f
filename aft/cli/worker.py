"""``aft worker``: the long-running reconciler. One JSON line per step on standard output."""

from __future__ import annotations

import sys

import click

from aft.cli.context import Session, pass_session


@click.command("worker")
@click.option("--once", is_flag=True, help="Fetch, reconcile once, and end.")
@pass_session
def command(session: Session, *, once: bool) -> None:
    """Watch a branch of a remote and reconcile whenever it moves.

    Looks every `worker.interval_seconds` of aft.yaml, reconciles at least every
    `worker.reconcile_every_seconds` (so drift is repaired even when nothing is pushed), and tries
    failed accounts again after growing waits. Logs one JSON object per line. SIGINT and SIGTERM
    end it between two steps; the next start continues.
    """
    from aft.app.applying import Reconciler
    from aft.app.watching import reconcile_once, watch
    from aft.app.world import open_world
    from aft.cli.stopping import stop_on_signals
    from aft.report.log import JsonLog

    workspace = session.workspace
    config = workspace.config(workspace.files("HEAD"))
    with (
        open_world(workspace, config, simulated=session.simulated) as world,
        stop_on_signals() as stop,
    ):
        log = JsonLog(click.echo, world.clock)
        reconcile = Reconciler(workspace=workspace, world=world, observer=log, stop=stop)
        if once:
            sys.exit(reconcile_once(workspace, config.worker, reconcile=reconcile).exit_code)
        watch(workspace, world, config.worker, reconcile=reconcile, stop=stop, log=log)
