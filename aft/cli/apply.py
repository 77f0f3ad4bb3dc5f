"""``aft apply``: carry out the difference, or exactly a plan made before."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aft.cli.context import Session, pass_session
from aft.cli.planning import ScopeChoice, note_uncommitted, read_plan, scope_of, scope_options

PARTLY_EXIT = 4
STOPPING = "stopping after the steps at hand; a second signal ends at once"

if TYPE_CHECKING:
    from aft.app.planning import Planned
    from aft.app.world import World
    from aft.plan.model import Plan
    from aft.plan.outcome import Outcome
    from aft.ports import Observer


@click.command("apply")
@click.argument(
    "plan_file",
    metavar="[PLAN]",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=False,
)
@scope_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask; also without a terminal.")
@click.option(
    "--deadline",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="Begin no step after this long; the next run continues.",
)
@click.option(
    "--publish",
    is_flag=True,
    help="In the end publish the organization on the ledger's branch, for aft plan --published.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@pass_session
def command(
    session: Session,
    *,
    plan_file: Path | None,
    choice: ScopeChoice,
    yes: bool,
    deadline: float | None,
    publish: bool,
    as_json: bool,
) -> None:
    """Make the organization what the repository says, and write every step to the ledger.

    With a PLAN (from aft plan --out) exactly that plan is carried out; it is refused (exit 5) when
    the revision, the organization or the ledger has moved since, saying what moved. Accounts are
    worked on side by side; one account's failure is one row, and exit 4 says that a part is
    left. SIGINT, SIGTERM and --deadline stop between two steps; whatever stops it, the next run
    continues where it ended and creates nothing twice.

    With --deep, what somebody changed by hand inside accounts is put back as well.
    """
    from aft.app.world import open_world

    workspace = session.workspace
    if plan_file is not None:
        if not choice.is_empty:
            raise click.UsageError("a PLAN already says its revision, scope and steps")
        plan = read_plan(plan_file)
        config = workspace.config(workspace.files(plan.revision))
    else:
        plan = None
        if choice.revision is None:
            note_uncommitted(session)
        desired = workspace.desired(workspace.files(choice.revision or "HEAD"))
        config = desired.config
        scope = scope_of(session, desired, choice)
    with open_world(workspace, config, simulated=session.simulated) as world:
        with session.waiting("Reading the organization"):
            if plan is not None:
                planned = _pinned(session, world, plan)
            else:
                from aft.app.planning import plan_now

                planned = plan_now(
                    workspace,
                    world,
                    desired,
                    scope=scope,
                    rerun=choice.rerun,
                    deep=choice.deep,
                )
        outcome = carry_out(session, world, planned, yes=yes, deadline=deadline, quiet=as_json)
        is_published = not publish or _publish(session, world, planned, outcome)
    if as_json:
        from aft.report.outcome import outcome_json

        click.echo(outcome_json(outcome, planned.plan), nl=False)
    sys.exit(outcome.exit_code or (0 if is_published else PARTLY_EXIT))


def _publish(session: Session, world: World, planned: Planned, outcome: Outcome) -> bool:
    """Publish the organization as it is now; what was read before serves if nothing was done."""
    from aft.app.publishing import publish
    from aft.errors import AftError

    known = None if outcome.targets else planned.snapshot
    try:
        publish(session.workspace, world, planned.desired, known)
    except AftError as error:
        session.messages.print(
            f"the organization was not published: {error.message}", markup=False, soft_wrap=True
        )
        return False
    return True


def _pinned(session: Session, world: World, plan: Plan) -> Planned:
    from aft.app.planning import check_pinned

    tip = session.workspace.repository.resolve("HEAD")
    return check_pinned(session.workspace, world, plan, tip=tip)


def carry_out(
    session: Session,
    world: World,
    planned: Planned,
    *,
    yes: bool,
    deadline: float | None,
    quiet: bool,
    name: str = "apply",
) -> Outcome:
    """Show, ask, do, sum up. ``name`` is what the ledger calls the command."""
    from aft.app.applying import RefusedBySafety, apply_now
    from aft.cli.stopping import stop_on_signals
    from aft.report.outcome import outcome_view
    from aft.report.text import plan_view

    if not quiet:
        session.console.print(
            plan_view(planned.plan, width=session.console.width, refusals=planned.refusals),
            soft_wrap=True,
        )
    if planned.refusals:
        raise RefusedBySafety(planned.refusals)
    if not planned.plan.is_empty and not yes and sys.stdin.isatty() and sys.stdout.isatty():
        click.confirm("\nCarry this out?", abort=True)
    with (
        stop_on_signals(
            clock=world.clock, seconds=deadline, notice="" if session.quiet else STOPPING
        ) as stop,
        _progress(session, planned.plan, quiet=quiet) as observer,
    ):
        outcome = apply_now(
            session.workspace, world, planned, observer=observer, stop=stop, command=name
        )
    if not quiet and (outcome.targets or outcome.unpublished):
        session.console.print()
        session.console.print(outcome_view(outcome), soft_wrap=True)
    return outcome


@contextlib.contextmanager
def _progress(session: Session, plan: Plan, *, quiet: bool) -> Iterator[Observer]:
    from aft.report.progress import LineProgress, QuietProgress, TerminalProgress

    total = len(plan.changes)
    if quiet or session.quiet or total == 0:
        yield QuietProgress()
    elif session.console.is_terminal:
        steps_of = Counter(change.target for change in plan.changes)
        session.console.print()
        with TerminalProgress(session.console, total=total, steps_of=steps_of) as progress:
            yield progress
    else:
        click.echo()
        yield LineProgress(click.echo, total=total)
