"""``aft plan``: what apply would do. Reads; changes nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from aft.app.apply.applying import check_conclusive
from aft.app.plan import previews
from aft.app.plan.planning import Planned, own_errors, plan_now, plan_published
from aft.app.plan.touching import last_run_revision, touched_since
from aft.app.review_files import read_previews
from aft.app.text_files import read_text, write_text
from aft.app.world import open_ledger, open_world
from aft.cli.context import (
    CONFIG_FROM_HELP,
    EXISTING_FILE,
    FILE,
    Session,
    format_option,
    pass_session,
)
from aft.cli.planning import ScopeChoice, desired_of, scope_options
from aft.cli.report_folder import ReportFolder, plan_page, report_folder, report_option, write_plan
from aft.findings.model import Finding
from aft.plan.codec import plan_to_json
from aft.plan.coverage import covered_by, unfulfilled
from aft.plan.model import ORGANIZATION
from aft.plan.preview_file import LARGEST, previews_to_json
from aft.report.markdown.fitting import comment
from aft.report.markdown.plan import PlanPage
from aft.report.text import plan_view
from aft.report.wording import published_note, unplanned_note

FAILED_EXIT = 1
CHANGES_EXIT = 2
FINDINGS_EXIT = 3
REFUSED_EXIT = 5


@dataclass(frozen=True, kw_only=True)
class _How:
    """What is planned, against what, and whom to believe."""

    working_tree: bool
    terraform: bool
    trust: bool
    previews: Path | None
    save_previews: Path | None
    published: bool
    config_from: str | None


@click.command("plan")
@scope_options
@click.option(
    "--working-tree", is_flag=True, help="Plan the files on disk, including uncommitted changes."
)
@format_option(text="people", markdown="a pull request's comment", json="tools")
@click.option(
    "-o", "--out", type=FILE, help="Also write the pinned plan to this file, for aft apply FILE."
)
@click.option(
    "--terraform",
    is_flag=True,
    help="Also show the output of terraform plan for existing accounts; uses read-only "
    "credentials.",
)
@click.option(
    "--trust",
    is_flag=True,
    help="With --terraform: run the Terraform code of a revision that is not merged.",
)
@click.option(
    "--save-previews",
    type=FILE,
    help="With --terraform: also write what Terraform says to this file, for --previews.",
)
@click.option(
    "--previews",
    type=EXISTING_FILE,
    help="Show what Terraform said in another job (--save-previews).",
)
@click.option(
    "--published",
    is_flag=True,
    help="Plan against the last published organization (aft apply --publish), without AWS and "
    "credentials.",
)
@click.option("--config-from", metavar="REV", help=CONFIG_FROM_HELP)
@report_option
@click.option("--full", is_flag=True, help="Do not shorten lists in the text.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit 2 if there are changes, or anything that cannot be fulfilled.",
)
@pass_session
def command(
    session: Session,
    *,
    choice: ScopeChoice,
    form: str,
    out: Path | None,
    report: Path | None,
    full: bool,
    detailed_exitcode: bool,
    **asked: Any,
) -> None:
    """Compare the repository with the live organization, and show the changes.

    The plan is bound to the revision, the organization's state and the ledger that it was made
    from: aft apply FILE applies exactly that plan, and refuses if any of them has changed. Scripts
    can search for the last line: "Plan: 2 to create, …" or "No changes. …". Exit 5 if the plan
    exceeds a safety limit of aft.yaml, 1 if --terraform could not plan a step.

    Errors in files hold back the accounts that use these files, and no others. Exit 3 if there are
    errors that the revision given with --changed-since or --config-from does not have, or with
    neither, any that hold back an account of the plan.

    The organization is always read. Inside accounts, what was applied with the same inputs before
    counts as done; with --deep, the current state of every setting of every account is read. With
    --published, nothing is read from AWS: the plan shows the age of the published organization.
    """
    how = _How(**asked)
    with report_folder(session, report, "plan") as folder:
        _check(how, choice)
        planned, findings = _made(session, choice, folder, how)
        if out is not None:
            write_text(out, plan_to_json(planned.plan))
        page, base = None, choice.changed_since or how.config_from
        if folder is not None or form == "markdown":
            page = plan_page(session, planned, findings=findings, base=base, notes=_notes(planned))
            if folder is not None:
                write_plan(folder, planned, page, covers=_covers(session, planned, choice, base))
    _show(session, planned, page, form=form, full=full)
    if planned.refusals:
        sys.exit(REFUSED_EXIT)
    check_conclusive(planned.plan)
    if own_errors(session.workspace, planned, findings, base):
        sys.exit(FINDINGS_EXIT)
    if planned.failed_previews:
        sys.exit(FAILED_EXIT)
    if detailed_exitcode and (not planned.plan.is_empty or unfulfilled(planned.plan)):
        sys.exit(CHANGES_EXIT)


def _covers(
    session: Session, planned: Planned, choice: ScopeChoice, base: str | None
) -> frozenset[str] | None:
    """What those who review this plan answer for: of a plan of chosen requests these, else what
    differs from the base, or from what was applied last."""
    plan, scope = planned.plan, planned.plan.scope
    if scope is not None and not choice.changed_since:
        return frozenset(scope)
    workspace, desired = session.workspace, planned.desired
    if base is None:
        base = last_run_revision(open_ledger(workspace, desired.config).events(ORGANIZATION))
    touched = touched_since(workspace, base, desired)
    return None if touched is None else covered_by(touched, plan, planned.ledger, planned.kinds)


def _check(how: _How, choice: ScopeChoice) -> None:
    """Raises ``UsageError`` for options that exclude each other."""
    if how.trust and not how.terraform:
        raise click.UsageError("--trust is for --terraform")
    if how.save_previews is not None and not how.terraform:
        raise click.UsageError("--save-previews is for --terraform")
    if how.previews is not None and how.terraform:
        raise click.UsageError("--previews and --terraform exclude each other")
    if how.working_tree and choice.revision:
        raise click.UsageError("--working-tree and --revision exclude each other")
    if how.published and (how.terraform or how.previews or choice.deep):
        raise click.UsageError(
            "--published reads no account, so not with --deep, --terraform or --previews"
        )


def _made(
    session: Session, choice: ScopeChoice, folder: ReportFolder | None, how: _How
) -> tuple[Planned, tuple[Finding, ...]]:
    """Read, compare; with the findings."""
    workspace = session.workspace
    desired, findings, scope = desired_of(
        session, choice, folder, working_tree=how.working_tree, config_from=how.config_from
    )
    if how.terraform and not how.trust:
        previews.check_trusted(workspace, desired)
    if how.published:
        planned = plan_published(workspace, desired, scope=scope, rerun=choice.rerun)
        return planned, findings
    with (
        open_world(
            workspace, desired.config, reads_only=True, adopts_ledger=choice.adopt_ledger
        ) as world,
        session.waiting("Reading the organization"),
    ):
        planned = plan_now(
            workspace,
            world,
            desired,
            scope=scope,
            rerun=choice.rerun,
            deep=choice.deep,
            is_shown=True,
        )
        if how.terraform:
            planned = previews.with_previews(workspace, world, planned)
            if how.save_previews is not None:
                found = previews_to_json(planned.plan, planned.failed_previews)
                write_text(how.save_previews, found)
        if how.previews is not None:
            text = read_text(how.previews, most=LARGEST)
            planned = previews.joined(planned, read_previews(text))
        calls = world.edge.calls.calls
    if session.verbose:
        session.say(f"{calls} AWS calls")
    return planned, findings


def _notes(planned: Planned) -> tuple[str, ...]:
    """What readers of the plan must know in addition to what is in it."""
    if planned.failed_previews:
        return (unplanned_note(len(planned.failed_previews)),)
    if not planned.is_published:
        return ()
    made_at = datetime.fromisoformat(planned.plan.made_at)
    return (published_note(planned.snapshot.read_at, made_at),)


def _show(
    session: Session, planned: Planned, page: PlanPage | None, *, form: str, full: bool
) -> None:
    plan, kinds, refusals = planned.plan, planned.kinds, planned.refusals
    match form:
        case "markdown" if page is not None:
            click.echo(comment(page), nl=False)
        case "json":
            click.echo(plan_to_json(plan), nl=False)
        case _:
            for note in _notes(planned):
                session.console.print(f"{note}\n", markup=False, soft_wrap=True)
            width = session.console.width
            session.show(
                plan_view(plan, kinds=kinds, width=width, refusals=refusals, everything=full)
            )
