"""``aft validate``: every finding there is, offline."""

from __future__ import annotations

import sys

import click

from aft.app.workspace import collector_paused
from aft.cli.context import CONFIG_FROM_HELP, REVISION_HELP, Session, format_option, pass_session
from aft.cli.workflow_commands import print_commands
from aft.findings.model import sorted_findings
from aft.report.findings import (
    findings_count,
    findings_github,
    findings_json,
    findings_sarif,
    findings_text,
)
from aft.values.words import counted

FINDINGS_EXIT = 3


@click.command("validate")
@click.option("-r", "--revision", help=f"{REVISION_HELP} Default: the working tree.")
@format_option(text="people", json="tools", github="annotations", sarif="code scanning")
@click.option("--config-from", metavar="REV", help=CONFIG_FROM_HELP)
@click.option(
    "--against",
    metavar="REFGLOB",
    help="Also warn about conflicts with other open changes, such as 'refs/aft/pulls/*'.",
)
@pass_session
@collector_paused(to_the_end=True)
def command(
    session: Session,
    *,
    revision: str | None,
    form: str,
    config_from: str | None,
    against: str | None,
) -> None:
    """Check account requests, defaults, the OU tree, baselines, customizations and aft.yaml.

    Needs no network and no credentials, and executes nothing that it reads. Every finding has a
    file, line, column and stable code (docs/reference/findings.md). Exit 3 if there are errors;
    with only warnings, exit 0.

    With --against, the requests that this revision changes are compared with those that each of the
    other revisions changes. The same id, e-mail address, account name or adopted account, or
    overlapping addresses, are warnings that name the pull request and file.
    """
    workspace = session.workspace
    files = workspace.files(
        revision or ("HEAD" if workspace.repository.is_bare else None)  # a bare one has no tree
    )
    session.mask_as(workspace.files(config_from) if config_from else files)
    result = workspace.load(files, config_from=config_from)
    findings = result.findings
    if against is not None:
        from aft.app.plan.collisions import find_collisions

        found, notes = find_collisions(workspace, files, result.usable, against, base=config_from)
        findings = sorted_findings((*findings, *found))
        for note in notes:
            session.say(f"note: {note}")
    match form:
        case "json":
            click.echo(findings_json(findings), nl=False)
        case "github":
            print_commands(session.mask(findings_github(findings)))
        case "sarif":
            click.echo(findings_sarif(findings), nl=False)
        case _:
            if findings:
                click.echo(session.mask(findings_text(findings)).rstrip("\n") + "\n")
            if result.state is not None and not session.quiet:
                requests = counted(len(result.state.requests), "request")
                click.echo(f"{requests} checked: {findings_count(findings)}.")
            elif findings:
                click.echo(f"{findings_count(findings)}.")
    if result.state is None:
        sys.exit(FINDINGS_EXIT)
