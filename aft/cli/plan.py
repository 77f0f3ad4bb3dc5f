"""``aft plan``: what apply would do. Reads; changes nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aft.cli.context import Session, pass_session
from aft.cli.planning import ScopeChoice, note_uncommitted, scope_of, scope_options
from aft.cli.report_folder import ReportFolder, report_folder, report_option

if TYPE_CHECKING:
    from aft.app.planning import Planned
    from aft.findings import Finding
    from aft.report.markdown import PlanPage

CHANGES_EXIT = 2
REFUSED_EXIT = 5


@click.command("plan")
@scope_options
@click.option("--working-tree", is_flag=True, help="Plan the files on disk, committed or not.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="text for people, markdown for a pull request's comment, json for tools.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the pinned plan to this file, for aft apply FILE.",
)
@click.option(
    "--terraform",
    is_flag=True,
    help="Also show what terraform plan says, in accounts that exist; reads with credentials "
    "that may only read.",
)
@click.option(
    "--trust",
    is_flag=True,
    help="With --terraform: run the Terraform code of a revision that is not merged.",
)
@report_option
@click.option("--full", is_flag=True, help="Shorten no list in the text.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@pass_session
def command(
    session: Session,
    *,
    choice: ScopeChoice,
    working_tree: bool,
    form: str,
    out: Path | None,
    terraform: bool,
    trust: bool,
    report: Path | None,
    full: bool,
    detailed_exitcode: bool,
) -> None:
    """Compare the repository with the live organization, and show the difference.

    The plan is bound to the revision, the organization's state and the ledger it was made from:
    aft apply FILE carries out exactly that plan, and refuses when any of them has moved. The
    last line can be searched for: "Plan: 2 to create, …" or "No changes. …". Exit 5 when a
    safety limit of aft.yaml forbids it.

    The organization is always read. Inside accounts, what was applied with the same inputs before
    is taken as done; with --deep every setting of every account is read as it is now.
    """
    with report_folder(session, report, "plan") as folder:
        if trust and not terraform:
            raise click.UsageError("--trust is for --terraform")
        if working_tree and choice.revision:
            raise click.UsageError("--working-tree and --revision exclude each other")
        planned, warnings = _made(
            session,
            choice,
            folder,
            working_tree=working_tree,
            terraform=terraform,
            trust=trust,
        )
        if out is not None:
            from aft.plan.codec import plan_to_json

            out.write_text(plan_to_json(planned.plan), encoding="utf-8")
        page = None
        if folder is not None or form == "markdown":
            from aft.cli.report_files import plan_page, write_plan

            page = plan_page(session, planned, warnings=warnings, base=choice.changed_since)
            if folder is not None:
                write_plan(folder, planned, page)
    _show(session, planned, page, form=form, full=full)
    if planned.refusals:
        sys.exit(REFUSED_EXIT)
    if detailed_exitcode and not planned.plan.is_empty:
        sys.exit(CHANGES_EXIT)


def _made(
    session: Session,
    choice: ScopeChoice,
    folder: ReportFolder | None,
    *,
    working_tree: bool,
    terraform: bool,
    trust: bool,
) -> tuple[Planned, tuple[Finding, ...]]:
    """Read, compare; with the findings that stop nothing."""
    from aft.app.planning import plan_now
    from aft.app.previews import check_trusted, with_previews
    from aft.app.world import open_world

    workspace, revision = session.workspace, choice.revision
    if not working_tree and revision is None:
        note_uncommitted(session)
    files = workspace.files(None if working_tree else revision or "HEAD")
    session.mask_as(files)
    if folder is not None:
        folder.revision = files.revision
    desired, warnings = workspace.checked(files)
    scope = scope_of(session, desired, choice)
    if terraform and not trust:
        check_trusted(workspace, desired)
    with (
        open_world(workspace, desired.config, simulated=session.simulated) as world,
        session.waiting("Reading the organization"),
    ):
        planned = plan_now(
            workspace, world, desired, scope=scope, rerun=choice.rerun, deep=choice.deep
        )
        if terraform:
            planned = with_previews(workspace, world, planned)
        calls = world.edge.calls.calls
    if session.verbose:
        session.say(f"{calls} AWS calls")
    return planned, warnings


def _show(
    session: Session, planned: Planned, page: PlanPage | None, *, form: str, full: bool
) -> None:
    match form:
        case "markdown" if page is not None:
            from aft.report.markdown import comment

            click.echo(comment(page), nl=False)
        case "json":
            from aft.plan.codec import plan_to_json

            click.echo(plan_to_json(planned.plan), nl=False)
        case _:
            from aft.report.text import plan_view

            session.show(
                plan_view(
                    planned.plan,
                    width=session.console.width,
                    refusals=planned.refusals,
                    everything=full,
                )
            )
