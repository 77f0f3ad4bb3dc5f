"""``aft policy``: what policies allow, for scripts and for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import click

from aft.app.policy_files import check_files, policy_type_of
from aft.app.workspace import Workspace
from aft.cli.context import EXISTING_FILE, Session, format_option, pass_session
from aft.config.model import CONFIG_PATH
from aft.errors import UserError
from aft.policy_language.cases import answers
from aft.report.findings import findings_count, findings_json, findings_text
from aft.values.canonical_json import without_commands
from aft.values.words import counted

FINDINGS_EXIT = 3


@click.group("policy")
def command() -> None:
    """Evaluate and check policies: SCPs, RCPs and IAM policies. Needs no access to AWS."""


@command.command("eval")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"), default="-")
def eval_command(file: TextIO) -> None:
    """Evaluate requests against SCPs and RCPs: JSON lines in, JSON lines out.

    Each line is one case: {"id", "levels": [{"id", "scps": [{"name", "policy"}], "rcps": [...]}],
    "request": {"principal", "action", "resource", "resourceAccount", "context", "unknown"}}, the
    root first and the account last. The answer is {"id", "decision", "keys", "level", "policy",
    "sid", "trace"}; decision is denied, allowed (by the ceiling; IAM must still grant it) or
    depends (on "keys"). A key in neither "context" nor "unknown" is absent. The answer to a line
    that cannot be read has an "error".
    """
    for answer in answers(file):
        sys.stdout.write(f"{without_commands(answer)}\n")


@command.command("check")
@click.argument("files", nargs=-1, required=True, type=EXISTING_FILE)
@click.option(
    "--type",
    "kind",
    default="scp",
    show_default=True,
    help="scp, rcp, identity, resource or trust; or AWS's name of a type, such as TAG_POLICY.",
)
@format_option(text="people", json="tools")
@pass_session
def check_command(session: Session, *, files: tuple[Path, ...], kind: str, form: str) -> None:
    """Check policies in YAML or JSON against the rules of their type and AWS's limits.

    Findings have a file, line, column and stable code, like those of aft validate. Inside a
    repository of account requests, policies.limits of aft.yaml takes precedence over the
    built-in limits. Exit 3 if there are errors; with only warnings, exit 0."""
    findings = check_files(files, policy_type_of(kind), changed_limits=_changed_limits(session))
    if form == "json":
        click.echo(findings_json(findings), nl=False)
    else:
        if findings:
            click.echo(findings_text(findings) + "\n")
        if findings or not session.quiet:
            checked = counted(len(files), "policy", "policies")
            click.echo(f"{checked} checked: {findings_count(findings)}.")
    if any(finding.is_error for finding in findings):
        sys.exit(FINDINGS_EXIT)


def _changed_limits(session: Session) -> Mapping[str, Mapping[str, int]]:
    """``policies.limits`` of the repository around, if there is one."""
    try:
        workspace = Workspace.find(session.directory)
    except UserError:
        return {}
    files = workspace.files("HEAD" if workspace.repository.is_bare else None)
    if not any(entry.path == CONFIG_PATH for entry in files.entries(CONFIG_PATH)):
        return {}
    return workspace.config(files).policies.changed_limits
