"""``aft drift``: what changed outside git, and with ``--repair`` putting it back."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aft.app.text_files import write_text
from aft.cli.context import FOLDER, Session, format_option, pass_session
from aft.cli.planning import ScopeChoice, note_uncommitted, scope_of, scope_options

DRIFT_EXIT = 2

if TYPE_CHECKING:
    from aft.app.drift import Found
    from aft.app.world import World
    from aft.desired.model import DesiredState
    from aft.values.ids import RequestId


@click.command("drift")
@scope_options
@format_option(text="people", markdown="an issue", json="tools")
@click.option(
    "--report",
    "directory",
    metavar="DIR",
    type=FOLDER,
    help="Also write summary.md, drift.json and, if there is something to report, issue.md.",
)
@click.option("--repair", is_flag=True, help="Revert changes made outside git, and nothing else.")
@click.option("-y", "--yes", is_flag=True, help="With --repair: do not ask for confirmation.")
@click.option(
    "--deadline",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="With --repair: start no step after this time.",
)
@click.option(
    "--publish",
    is_flag=True,
    help="Publish the organization on the ledger's branch, for aft plan --published.",
)
@click.option("--full", is_flag=True, help="Do not shorten lists in the text.")
@pass_session
def command(
    session: Session,
    *,
    choice: ScopeChoice,
    form: str,
    directory: Path | None,
    repair: bool,
    yes: bool,
    deadline: float | None,
    publish: bool,
    full: bool,
) -> None:
    """Detect changes made outside git, and separate them from changes that are not applied yet.

    Reads the organization and every setting inside every account, and compares them with what was
    applied according to the ledger. Drift is a setting, OU, name or tag that differs from what was
    applied although its request is the same, and accounts that have left or are suspended. Changes
    from git that are not applied yet are listed separately, and never repaired. If the ledger
    cannot tell the two apart, a difference counts as not applied yet.

    Exit 2 if something changed outside git. With --repair, these changes are reverted, within the
    same limits as aft apply; the exit code is that of the repair, or 2 if something cannot be
    repaired.
    """
    from aft.app.plan.publishing import publish as publish_organization
    from aft.app.world import open_world
    from aft.cli.apply import Order, carry_out

    if choice.rerun:
        raise click.UsageError("--rerun is for plan and apply")
    with _report(session, directory) as report:
        workspace = session.workspace
        if choice.revision is None:
            note_uncommitted(session)
        files = workspace.files(choice.revision or "HEAD")
        session.mask_as(files)
        desired = workspace.desired(files)
        scope = scope_of(session, desired, choice)
        with open_world(workspace, desired.config, reads_only=not repair) as world:
            found = _find(session, world, desired, scope)
            report.write(found)
            _show(session, found, form=form, full=full)
            code = DRIFT_EXIT if found.drift.is_any else 0
            if repair and found.repair.plan.changes:
                quiet = form != "text"
                if not quiet:
                    click.echo()
                order = Order(yes=yes, deadline=deadline, quiet=quiet, name="drift --repair")
                code = carry_out(session, world, found.repair, order).exit_code
                found = _find(session, world, desired, scope)
                report.write(found)
                code = code or (DRIFT_EXIT if found.drift.is_any else 0)
            if publish:
                publish_organization(workspace, world, desired, found.snapshot)
    sys.exit(code)


def _find(
    session: Session, world: World, desired: DesiredState, scope: tuple[RequestId, ...] | None
) -> Found:
    from aft.app.drift import find_drift

    with session.waiting("Reading the organization and every account"):
        return find_drift(session.workspace, world, desired, scope=scope)


def _show(session: Session, found: Found, *, form: str, full: bool) -> None:
    from aft.report.drift import drift_json, drift_markdown, drift_view

    read_at = found.snapshot.read_at
    match form:
        case "json":
            click.echo(drift_json(found.drift, read_at=read_at), nl=False)
        case "markdown":
            click.echo(session.mask(drift_markdown(found.drift, read_at=read_at)), nl=False)
        case _:
            session.show(drift_view(found.drift, everything=full))


class _Report:
    """The files of ``--report``, or none."""

    def __init__(self, session: Session, directory: Path | None) -> None:
        self._session = session
        self._directory = directory
        self.is_written = False

    def write(self, found: Found) -> None:
        """The three files; ``issue.md`` is taken away when there is nothing to say in it."""
        from aft.report.drift import SUMMARY_LIMIT, drift_json, drift_markdown

        drift, read_at = found.drift, found.snapshot.read_at
        issue = drift_markdown(drift, read_at=read_at) if drift.is_any or drift.unread else None
        self._put("issue.md", issue)
        self._put("summary.md", drift_markdown(drift, read_at=read_at, limit=SUMMARY_LIMIT))
        self._put("drift.json", drift_json(drift, read_at=read_at))
        self.is_written = True

    def write_failure(self, error: Exception) -> None:
        """That the check failed, and why: never to be taken for no drift."""
        from aft.errors import AftError, unexpected
        from aft.report.drift import drift_failed_markdown

        if isinstance(error, AftError):
            text = drift_failed_markdown(error.message, error.hint)
        else:
            text = drift_failed_markdown(unexpected(error))
        self._put("issue.md", text)
        self._put("summary.md", text)
        self._put("drift.json", None)

    def _put(self, name: str, text: str | None) -> None:
        if self._directory is None:
            return
        if text is None:
            (self._directory / name).unlink(missing_ok=True)
        else:
            write_text(self._directory / name, self._session.masking.careful(text))


@contextlib.contextmanager
def _report(session: Session, directory: Path | None) -> Iterator[_Report]:
    """A check that failed is no check: when the block ends before anything was found, the issue
    says so, and stays open."""
    report = _Report(session, directory)
    try:
        yield report
    except Exception as error:
        if not report.is_written:
            report.write_failure(error)
        raise
