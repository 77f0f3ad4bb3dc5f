"""``aft apply``: carry out the difference, or exactly a plan made before."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aft.cli.context import FILE, Session, pass_session
from aft.cli.planning import (
    ScopeChoice,
    note_uncommitted,
    read_plan,
    read_reviewed,
    scope_of,
    scope_options,
)
from aft.cli.report_folder import ReportFolder, report_folder, report_option

PARTLY_EXIT = 4
STOPPING = "stopping after the steps at hand; a second signal ends at once"

if TYPE_CHECKING:
    from aft.app.plan.planning import Planned
    from aft.app.world import World
    from aft.plan.model import Plan
    from aft.plan.outcome import Outcome
    from aft.plan.reviewed import Reviewed
    from aft.ports import Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to carry out: without asking, until when, with how many words, and what was reviewed.
    ``is_pinned`` when the plan comes from a file, which people have seen. ``name`` is what the
    ledger calls the command."""

    yes: bool
    deadline: float | None
    quiet: bool
    publish: bool = False
    is_pinned: bool = False
    reviewed: Reviewed | None = None
    name: str = "apply"


@click.command("apply")
@click.argument(
    "plan_file",
    metavar="[PLAN]",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=False,
)
@scope_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--deadline",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="Start no step after this time; the next run continues.",
)
@click.option(
    "--publish",
    is_flag=True,
    help="At the end, publish the organization on the ledger's branch, for aft plan --published.",
)
@click.option(
    "--reviewed",
    "reviewed_files",
    metavar="FILE",
    multiple=True,
    type=FILE,
    help="The reviewed changes (reviewed.json of aft plan --report): refuse risky changes that "
    "are not in it. May be repeated, for several merged pull requests.",
)
@report_option
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
    reviewed_files: tuple[Path, ...],
    report: Path | None,
    as_json: bool,
) -> None:
    """Apply the repository to the organization, and record every step in the ledger.

    With a PLAN (from aft plan --out), exactly that plan is applied. It is refused (exit 5) if the
    revision, the organization or the ledger has changed since, and the change is reported. Only the
    plan's headline is shown again; -v shows all of it.

    Accounts are worked on in parallel. If an account fails, the others continue, and the command
    exits with 4. SIGINT, SIGTERM and --deadline stop it between two steps. Whatever stops it, the
    next run continues where it ended and creates nothing twice.

    With --deep, manual changes inside accounts are reverted as well.

    With --reviewed, a new plan is made and compared with the reviewed changes. If it contains a
    risky change that was not reviewed, nothing is done (exit 5). Routine changes are applied.
    """
    with report_folder(session, report, "apply") as folder:
        if plan_file is not None and choice != ScopeChoice():
            raise click.UsageError("a PLAN already says its revision, scope and steps")
        order = Order(
            yes=yes,
            deadline=deadline,
            quiet=as_json,
            publish=publish,
            is_pinned=plan_file is not None,
            reviewed=read_reviewed(reviewed_files) if reviewed_files else None,
        )
        planned, outcome, is_published = _run(session, choice, plan_file, folder, order)
    if as_json:
        from aft.report.outcome import outcome_json

        click.echo(outcome_json(outcome, planned.plan), nl=False)
    sys.exit(outcome.exit_code or (0 if is_published else PARTLY_EXIT))


def _publish(session: Session, world: World, planned: Planned, outcome: Outcome) -> tuple[str, ...]:
    """Publish the organization as it is now; what was read before serves if nothing was done.
    Says why it could not."""
    from aft.app.plan.publishing import publish
    from aft.errors import AftError

    known = None if outcome.targets else planned.snapshot
    try:
        publish(session.workspace, world, planned.desired, known)
    except AftError as error:
        problem = f"the organization was not published: {error.message}"
        session.messages.print(session.mask(problem), markup=False, soft_wrap=True)
        return (problem,)
    return ()


def _run(
    session: Session,
    choice: ScopeChoice,
    plan_file: Path | None,
    folder: ReportFolder | None,
    order: Order,
) -> tuple[Planned, Outcome, bool]:
    """Plan anew, or check the pinned plan; carry it out; leave the report. False: not published
    although that was asked for."""
    from aft.app.plan.planning import check_pinned, plan_now
    from aft.app.world import ledger_tip, open_world
    from aft.plan.codec import plan_digest

    workspace = session.workspace
    plan = read_plan(plan_file) if plan_file is not None else None
    if plan is None and choice.revision is None:
        note_uncommitted(session)
    files = workspace.files(plan.revision if plan is not None else choice.revision or "HEAD")
    session.mask_as(files)
    if folder is not None:
        folder.revision = files.revision
    if plan is not None:
        config = workspace.config(files)
    else:
        desired = workspace.desired(files)
        config, scope = desired.config, scope_of(session, desired, choice)
    with open_world(workspace, config) as world:
        with session.waiting("Reading the organization"):
            if plan is not None:
                head = workspace.repository.resolve("HEAD")
                planned = check_pinned(workspace, world, plan, tip=head)
            else:
                planned = plan_now(
                    workspace, world, desired, scope=scope, rerun=choice.rerun, deep=choice.deep
                )
        if folder is not None:
            folder.about = (
                ("plan", plan_digest(planned.plan)[:19]),
                ("reviewed", order.reviewed.plan[:19] if order.reviewed is not None else ""),
                ("ledger", planned.ledger.commit[:7]),
            )
        outcome = carry_out(session, world, planned, order)
        notes = _publish(session, world, planned, outcome) if order.publish else ()
    if folder is not None:
        from aft.cli.report_files import write_outcome

        tip = ledger_tip(workspace, config)
        write_outcome(folder, planned, outcome, ledger=tip, reviewed=order.reviewed, notes=notes)
    return planned, outcome, not notes


def carry_out(session: Session, world: World, planned: Planned, order: Order) -> Outcome:
    """Show, check, ask, do, sum up."""
    from aft.app.apply.applying import RefusedBySafety, apply_now
    from aft.cli.stopping import stop_on_signals
    from aft.report.outcome import outcome_view
    from aft.report.text import plan_headline, plan_view

    plan, kinds, refusals = planned.plan, planned.kinds, planned.refusals
    if not order.quiet:
        width = session.console.width
        session.show(
            plan_headline(plan, kinds)
            if order.is_pinned and not (session.verbose or refusals)
            else plan_view(plan, kinds=kinds, width=width, refusals=refusals)
        )
    if refusals:
        raise RefusedBySafety(refusals)
    if order.reviewed is not None:
        _compare(session, planned, order.reviewed, quiet=order.quiet)
    if not plan.is_empty and not order.yes and sys.stdin.isatty() and sys.stdout.isatty():
        click.confirm("\nCarry this out?", abort=True)
    with (
        stop_on_signals(
            clock=world.clock, seconds=order.deadline, notice="" if session.quiet else STOPPING
        ) as stop,
        _progress(session, plan, quiet=order.quiet) as observer,
    ):
        outcome = apply_now(
            session.workspace, world, planned, observer=observer, stop=stop, command=order.name
        )
    if not order.quiet and (outcome.targets or outcome.unpublished):
        session.console.print()
        session.show(outcome_view(outcome, kinds))
    return outcome


def _compare(session: Session, planned: Planned, reviewed: Reviewed, *, quiet: bool) -> None:
    """Raises ``NotReviewed`` for risks nobody has seen; says what else is new."""
    from aft.app.apply.applying import check_reviewed
    from aft.plan.reviewed import newly_routine
    from aft.report.markdown.unreviewed import routine_text

    check_reviewed(planned.kinds, reviewed, planned.plan)
    routine = newly_routine(reviewed, planned.plan)
    words = routine_text(planned.kinds, routine, reviewed)
    if words and not quiet:
        click.echo("\n" + session.mask(words))


@contextlib.contextmanager
def _progress(session: Session, plan: Plan, *, quiet: bool) -> Iterator[Observer]:
    from aft.report.progress import LineProgress, MaskedProgress, QuietProgress, TerminalProgress

    total = len(plan.changes)
    if quiet or session.quiet or total == 0:
        yield QuietProgress()
    elif session.console.is_terminal:
        steps_of = Counter(change.target for change in plan.changes)
        session.console.print()
        with TerminalProgress(session.console, total=total, steps_of=steps_of) as progress:
            yield MaskedProgress(progress, session.mask)
    else:
        click.echo()
        yield MaskedProgress(LineProgress(click.echo, total=total), session.mask)
