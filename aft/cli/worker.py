"""``aft worker``: the long-running reconciler. One JSON line per step on standard output."""

from __future__ import annotations

import sys

import click

from aft.app.apply.reviewing import WorkerReviews
from aft.app.apply.worker import Reconciler, reconcile_once, watch, watched_config
from aft.app.world import open_world
from aft.cli.context import Session, pass_session
from aft.cli.github_options import recorded_reviews
from aft.cli.interrupts import stop_on_signals
from aft.clock import SystemClock
from aft.report.log import JsonLog

PARTLY_EXIT = 4


@click.command("worker")
@click.option("--once", is_flag=True, help="Fetch, reconcile once, and exit.")
@pass_session
def command(session: Session, *, once: bool) -> None:
    """Watch a branch of a remote and reconcile when it changes.

    Polls every `worker.interval_seconds` of aft.yaml, reconciles at least every
    `worker.reconcile_every_seconds` (so moved, renamed and retagged accounts are repaired even
    if nothing is pushed), and retries failed accounts after increasing waits. Logs one JSON
    object per line. SIGINT and SIGTERM stop it between two steps; the next start continues.

    Risky changes that were not reviewed are held. What was reviewed, GitHub has recorded
    (GITHUB_REPOSITORY and GITHUB_TOKEN); or `worker.review` of aft.yaml is `branch`."""
    workspace = session.workspace
    with stop_on_signals() as stop:
        config = watched_config(workspace)
        log = JsonLog(click.echo, SystemClock())
        reviews = WorkerReviews(workspace=workspace, review_of=recorded_reviews(session.environ))
        reviews.check(config.worker.review)
        reconcile = Reconciler(workspace=workspace, reviews=reviews, observer=log, stop=stop)
        if once:
            outcome = reconcile_once(reconcile, config.worker)
            for item in outcome.held_back:
                log.line({"event": "held-back", "target": item.target, "message": item.message})
            sys.exit(outcome.exit_code or (PARTLY_EXIT if outcome.held_back else 0))
        with open_world(workspace, config):
            pass  # no credentials, no sandbox: said at once, not once a minute
        watch(reconcile, config.worker, log=log)
