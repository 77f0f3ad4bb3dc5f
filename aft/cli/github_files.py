"""``aft github codeowners`` and ``issue-form``: files of ``.github/`` made from the repository."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aft.app.text_files import read_text, write_text
from aft.cli.context import FILE, Session, pass_session

OUTDATED_EXIT = 3
_OUT = click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="The file to write. Default: its standard path in .github/.",
)
_CHECK = click.option(
    "--check", is_flag=True, help="Write nothing; exit 3 if the file is not up to date."
)


@click.command("codeowners", short_help="Generate CODEOWNERS from the owners in the requests.")
@_OUT
@_CHECK
@pass_session
def codeowners_command(session: Session, *, out: Path | None, check: bool) -> None:
    """Generate CODEOWNERS from the owners in the requests.

    Each team's handle is in github.teams of aft.yaml. What no team owns belongs to
    github.platform_team, as do aft.yaml, customizations/ and .github/. Makes no network calls."""
    from aft.desired.codeowners import CODEOWNERS_PATH, codeowners, teams_without_handle

    workspace = session.workspace
    state = workspace.desired(workspace.files(None))
    unknown = teams_without_handle(state)
    if unknown:
        session.say(f"note: no handle in github.teams for {', '.join(unknown)}")
    _keep(session, codeowners(state), out, default=CODEOWNERS_PATH, check=check)


@click.command("issue-form", short_help="Generate the issue form for requesting accounts.")
@_OUT
@_CHECK
@pass_session
def issue_form_command(session: Session, *, out: Path | None, check: bool) -> None:
    """Generate the issue form "Request an AWS account", with the repository's OUs, baselines and
    customizations as choices.

    Run it again when these change; aft new --from-issue reads the answers. Makes no network
    calls."""
    from aft.app.requests.issue_forms import form_of
    from aft.desired.issue_form import FORM_PATH

    _keep(session, form_of(session.workspace), out, default=FORM_PATH, check=check)


def _keep(session: Session, text: str, out: Path | None, *, default: str, check: bool) -> None:
    file = out or session.workspace.repository.path / default
    shown = out or default
    is_current = file.is_file() and read_text(file, errors="replace") == text
    if is_current or check:
        click.echo(f"{shown} is {'current' if is_current else 'not current'}")
    else:
        write_text(file, text)
        click.echo(f"wrote {shown}")
    if check and not is_current:
        sys.exit(OUTDATED_EXIT)
