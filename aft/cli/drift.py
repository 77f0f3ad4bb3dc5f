"""``aft drift``: what changed outside git, and with ``--repair`` putting it back."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from aft.app.apply.superseding import superseded
from aft.app.drift import Found, find_drift
from aft.app.plan.planning import publish as publish_organization
from aft.app.text_files import write_text
from aft.app.world import World, open_world
from aft.cli.apply import Order, carry_out
from aft.cli.context import FOLDER, Session, deadline_option, format_option, pass_session
from aft.cli.planning import ScopeChoice, desired_of, scope_options
from aft.desired.model import DesiredState
from aft.errors import AftError, unexpected
from aft.report.drift import (
    SUMMARY_LIMIT,
    drift_failed_markdown,
    drift_json,
    drift_markdown,
    drift_view,
)
from aft.values.ids import RequestId

DRIFT_EXIT = 2


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
@deadline_option("With --repair: start no step after this time.")
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
    publish: bool,
    full: bool,
    **asked: Any,
) -> None:
    """Detect changes made outside git, and separate them from changes that are not applied yet.

    Reads the organization and every setting inside every account, and compares them with what was
    applied according to the ledger. Drift is a setting, OU, name or tag that differs from what was
    applied although its request is the same, and accounts that have left or are suspended. Changes
    from git that are not applied yet are listed separately, and never repaired. If the ledger
    cannot tell the two apart, a difference counts as not applied yet.

    Exit 2 if something changed outside git, or an account is kept out of its OU. With --repair,
    changes made outside git are reverted, within the same limits as aft apply; the exit code is
    that of the repair, or 2 if something cannot be repaired.
    """
    if choice.rerun:
        raise click.UsageError("--rerun is for plan and apply")
    with _report(session, directory) as report:
        workspace = session.workspace
        desired, _, scope = desired_of(session, choice)
        with open_world(
            workspace, desired.config, reads_only=not repair, adopts_ledger=choice.adopt_ledger
        ) as world:
            found = _find(session, world, desired, scope)
            report.write(found)
            _show(session, found, form=form, full=full)
            code = DRIFT_EXIT if found.drift.is_any else 0
            if repair and (late := superseded(workspace, world, desired.config, desired.revision)):
                click.echo(late.words, err=form != "text")
                repair = False
            if repair and found.repair.plan.changes:
                quiet = form != "text"
                if not quiet:
                    click.echo()
                order = Order(**asked, quiet=quiet, name="drift --repair")
                outcome = carry_out(session, world, found.repair, order)
                code = replace(outcome, unfulfilled=()).exit_code
                found = _find(session, world, desired, scope)
                report.write(found)
                code = code or (DRIFT_EXIT if found.drift.is_any else 0)
            if publish:
                publish_organization(workspace, world, desired, found.snapshot)
    sys.exit(code)


def _find(
    session: Session, world: World, desired: DesiredState, scope: tuple[RequestId, ...] | None
) -> Found:
    with session.waiting("Reading the organization and every account"):
        return find_drift(session.workspace, world, desired, scope=scope)


def _show(session: Session, found: Found, *, form: str, full: bool) -> None:
    read_at = found.snapshot.read_at
    match form:
        case "json":
            click.echo(drift_json(found.drift, read_at=read_at), nl=False)
        case "markdown":
            click.echo(session.mask(drift_markdown(found.drift, read_at=read_at)), nl=False)
        case _:
            session.show(drift_view(found.drift, everything=full))


@dataclass
class _Report:
    """The files of ``--report``, or none."""

    session: Session
    directory: Path | None
    is_written: bool = False

    def write(self, found: Found) -> None:
        """``issue.md`` is taken away when there is nothing to say in it."""
        drift, read_at = found.drift, found.snapshot.read_at
        is_open = drift.is_any or drift.unread or drift.is_unfulfilled
        issue = drift_markdown(drift, read_at=read_at) if is_open else None
        summary = drift_markdown(drift, read_at=read_at, limit=SUMMARY_LIMIT)
        self.put(issue, summary, drift_json(drift, read_at=read_at))
        self.is_written = True

    def put(self, issue: str | None, summary: str, data: str | None) -> None:
        """The three files; what is ``None`` is taken away."""
        if self.directory is None:
            return
        for name, text in {"issue.md": issue, "summary.md": summary, "drift.json": data}.items():
            if text is None:
                (self.directory / name).unlink(missing_ok=True)
            else:
                write_text(self.directory / name, self.session.masking.careful(text))


@contextlib.contextmanager
def _report(session: Session, directory: Path | None) -> Iterator[_Report]:
    """A check that failed is no check: when the block ends before anything was found, the files say
    so, and why, and the issue stays open."""
    report = _Report(session, directory)
    try:
        yield report
    except Exception as error:
        if not report.is_written:
            if isinstance(error, AftError):
                text = drift_failed_markdown(error.message, error.hint)
            else:
                text = drift_failed_markdown(unexpected(error))
            report.put(text, text, None)
        raise
