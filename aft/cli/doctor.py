"""``aft doctor``: is everything as it must be, and how is the rest fixed?"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from aft.app.doctor.aws_facts import amazon_facts, machine_facts
from aft.app.doctor.github_facts import NO_ROLES, hub_facts
from aft.cli.context import Session, pass_session
from aft.doctor.aws import check_amazon
from aft.doctor.github import check_hub
from aft.doctor.machine import check_machine
from aft.doctor.model import Check, Verdict
from aft.report.doctor import doctor_json, doctor_text


@click.command("doctor")
@click.option("--github", "repository", metavar="ORG/REPO", help="Also check GitHub's settings.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@pass_session
def command(session: Session, *, repository: str | None, as_json: bool) -> None:
    """Check this machine, the repository, credentials, roles, permissions and quotas.

    Only reads. Every ✗ is a problem, shown with its remedy, and makes the exit code 1; ! is a
    warning; what could not be checked is "not checked". With --github, also checks branch rules,
    environments, Actions settings, workflow files, and stored AWS keys."""
    with session.waiting("Looking"):
        checks = list(_checks(session, repository))
    rows = [(item.id, item.verdict.value, item.says, item.remedy) for item in checks]
    click.echo(doctor_json(rows) if as_json else doctor_text(rows), nl=False)
    if any(item.verdict is Verdict.WRONG for item in checks):
        sys.exit(1)


def _checks(session: Session, repository: str | None) -> Iterator[Check]:
    workspace = session.workspace
    files = workspace.files(None)
    config = workspace.config(files)
    yield from check_machine(machine_facts(workspace, config))
    state = workspace.load(files).state
    deployed = NO_ROLES
    if state is not None:  # else the repository's errors come first
        amazon = amazon_facts(workspace, state)
        deployed = amazon.roles_trust
        yield from check_amazon(amazon)
    if repository is not None:
        top = workspace.repository.path
        facts = hub_facts(session.environ, repository, top, ledger=config.ledger, deployed=deployed)
        yield from check_hub(facts)
