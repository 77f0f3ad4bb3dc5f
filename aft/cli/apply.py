"""``aft apply``: carry out the difference, or exactly a plan made before."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aft.app.apply.applying import (
    Agreed,
    RefusedBySafety,
    apply_now,
    check_conclusive,
    holds_in,
)
from aft.app.apply.superseding import Superseded, superseded
from aft.app.plan.planning import Planned, check_pinned, plan_now, publish
from aft.app.review_files import read_reviewed
from aft.app.text_files import read_text
from aft.app.world import World, ledger_tip, open_world
from aft.cli.context import EXISTING_FILE, FILE, Session, deadline_option, pass_session
from aft.cli.interrupts import stop_on_signals
from aft.cli.planning import ScopeChoice, desired_of, scope_options
from aft.cli.report_folder import ReportFolder, report_folder, report_option, write_outcome
from aft.engine.model import Consent
from aft.errors import AftError
from aft.plan.codec import plan_digest, plan_from_json
from aft.plan.model import Plan
from aft.plan.outcome import Outcome
from aft.plan.reviewed import DIGEST, LARGEST, Reviewed, newly_routine, together
from aft.ports import Observer
from aft.report.markdown.unreviewed import routine_text
from aft.report.outcome import outcome_json, outcome_view, superseded_json
from aft.report.progress import LineProgress, MaskedProgress, QuietProgress, TerminalProgress
from aft.report.text import plan_headline, plan_view

PARTLY_EXIT = 4
STOPPING = "stopping after the steps at hand; a second signal ends at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to carry out: without asking, until when, with how many words, and what was reviewed.
    ``is_pinned`` when the plan comes from a file, which people have seen. ``accepted`` are the
    digests of held plans that are let through. ``name`` is what the ledger calls the command."""

    yes: bool
    deadline: float | None
    quiet: bool
    publish: bool = False
    is_pinned: bool = False
    reviewed: Reviewed | None = None
    accepted: frozenset[str] = frozenset()
    strict: bool = False
    older: bool = False
    name: str = "apply"

    @property
    def agreed(self) -> Agreed:
        """What lets risky changes happen."""
        if self.reviewed is not None:
            return Agreed(
                consent=Consent.REVIEW,
                reviewed=self.reviewed,
                is_strict=self.strict,
                accepted=self.accepted,
            )
        consent = Consent.PLAN if self.is_pinned else Consent.OPERATOR
        return Agreed(consent=consent, accepted=self.accepted)


@click.command("apply")
@click.argument("plan_file", metavar="[PLAN]", type=EXISTING_FILE, required=False)
@scope_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@deadline_option("Start no step after this time; the next run continues.")
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
    help="The reviewed changes (reviewed.json of aft plan --report): hold risky changes that are "
    "not in it. May be repeated, for several merged pull requests.",
)
@click.option(
    "--accept",
    "accept",
    metavar="DIGEST",
    multiple=True,
    help="Carry out the Terraform plan with this digest (sha256:…), which an earlier apply held; "
    "or, with --reviewed, let through exactly what is held, by its digest. May be repeated.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="With --reviewed: also exit with 4 if anything else is not fulfilled.",
)
@click.option(
    "--older",
    is_flag=True,
    help="Apply this revision although a later one of the same history was applied.",
)
@report_option
@click.option("--json", "quiet", is_flag=True, help="Print the outcome as JSON.")
@pass_session
def command(
    session: Session,
    *,
    plan_file: Path | None,
    choice: ScopeChoice,
    reviewed_files: tuple[Path, ...],
    accept: tuple[str, ...],
    report: Path | None,
    **asked: Any,
) -> None:
    """Apply the repository to the organization, and record every step in the ledger.

    With a PLAN (from aft plan --out), exactly that plan is applied. It is refused (exit 5) if the
    revision, the organization or the ledger has changed since, and the change is reported. Only the
    plan's headline is shown again; -v shows all of it.

    Accounts are worked on in parallel. If an account fails, the others continue. The command exits
    with 4 if anything is not fulfilled that this apply covers: with --reviewed, what the review
    shows and its commits touch; without, everything. SIGINT, SIGTERM and --deadline stop it between
    two steps. In any case, the next run continues where it ended and creates nothing twice.

    With --deep, manual changes inside accounts are reverted as well.

    If a later commit of the same branch was applied, this one is superseded: nothing is done, and
    the exit code is 0. To go back, merge a revert, or use --older.

    With --reviewed, a new plan is made and compared with the reviewed changes. A risky change that
    was not reviewed is held, and so is everything that needs it. Everything else is applied.

    A Terraform plan that replaces or removes something, or changes who may do what, is held (exit
    4) unless a preview of exactly that plan was reviewed or is accepted with --accept.
    """
    with report_folder(session, report, "apply") as folder:
        if plan_file is not None and choice != ScopeChoice(adopt_ledger=choice.adopt_ledger):
            raise click.UsageError("a PLAN already says its revision, scope and steps")
        if bad := [it for it in accept if not DIGEST.fullmatch(it)]:
            raise click.UsageError(f"--accept: {bad[0]!r} is no digest (sha256: and 64 hex digits)")
        reviewed = [read_reviewed(read_text(it, most=LARGEST)) for it in reviewed_files]
        order = Order(
            **asked,
            is_pinned=plan_file is not None,
            reviewed=together(reviewed) if reviewed else None,
            accepted=frozenset(accept),
        )
        done = _run(session, choice, plan_file, folder, order)
        if isinstance(done, Superseded):
            _say_superseded(done, folder, quiet=order.quiet)
            return
        planned, outcome, is_published = done
    if order.quiet:
        click.echo(outcome_json(outcome, planned.plan), nl=False)
    sys.exit(outcome.exit_code or (0 if is_published else PARTLY_EXIT))


def _publish(session: Session, world: World, planned: Planned, outcome: Outcome) -> tuple[str, ...]:
    """Publish the organization as it is now; what was read before serves if nothing was done.
    Says why it could not."""
    known = None if outcome.targets else planned.snapshot
    try:
        if publish(session.workspace, world, planned.desired, known):
            world.ledger.publish()  # what was published is part of what must not get lost
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
) -> tuple[Planned, Outcome, bool] | Superseded:
    """Plan again, or check the pinned plan; carry it out; leave the report. False: not published
    although that was asked for."""
    workspace = session.workspace
    plan = plan_from_json(read_text(plan_file)) if plan_file is not None else None
    if plan is None:
        desired, _, scope = desired_of(session, choice, folder)
        config = desired.config
    else:
        files = workspace.files(plan.revision)
        session.mask_as(files)
        if folder is not None:
            folder.revision = files.revision
        config = workspace.config(files)
    revision = plan.revision if plan is not None else desired.revision
    with open_world(workspace, config, adopts_ledger=choice.adopt_ledger) as world:
        if not order.older and (late := superseded(workspace, world, config, revision)):
            return late
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
        tip = ledger_tip(workspace, config)
        write_outcome(folder, planned, outcome, ledger=tip, reviewed=order.reviewed, notes=notes)
    return planned, outcome, not notes


def _say_superseded(late: Superseded, folder: ReportFolder | None, *, quiet: bool) -> None:
    if folder is not None:
        folder.superseded(late)
    if quiet:
        click.echo(superseded_json(late.revision, late.by), nl=False)
    else:
        click.echo(f"{late.words}\n  → {late.hint}")


def carry_out(session: Session, world: World, planned: Planned, order: Order) -> Outcome:
    """Show, check, ask, do, sum up."""
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
    check_conclusive(plan)
    if order.reviewed is not None and not order.quiet:
        _say_what_is_new(session, planned, order.agreed, order.reviewed)
    if not plan.is_empty and not order.yes and sys.stdin.isatty() and sys.stdout.isatty():
        click.confirm("\nCarry this out?", abort=True)
    with (
        stop_on_signals(
            clock=world.clock, seconds=order.deadline, notice="" if session.quiet else STOPPING
        ) as stop,
        _progress(session, plan, quiet=order.quiet) as observer,
    ):
        outcome = apply_now(
            session.workspace,
            world,
            planned,
            observer=observer,
            stop=stop,
            command=order.name,
            agreed=order.agreed,
        )
    if not order.quiet and (outcome.targets or outcome.unpublished or outcome.unfulfilled):
        session.console.print()
        columns = session.console.width if session.console.is_terminal else None
        session.show(outcome_view(outcome, kinds, width=columns))
    return outcome


def _say_what_is_new(
    session: Session, planned: Planned, agreed: Agreed, reviewed: Reviewed
) -> None:
    """What is carried out although no one has reviewed it. What is held is in the outcome."""
    held = holds_in(planned, agreed)
    routine = newly_routine(reviewed, planned.plan, held=held.keys())
    if words := routine_text(planned.kinds, routine, reviewed):
        click.echo("\n" + session.mask(words))


@contextlib.contextmanager
def _progress(session: Session, plan: Plan, *, quiet: bool) -> Iterator[Observer]:
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
