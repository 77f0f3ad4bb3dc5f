"""``aft sandbox``: a whole AWS organization on this machine."""

from __future__ import annotations

import sys
import threading

import click

from aft.app.simulation import report, reset, seed, serving
from aft.cli.context import Session, pass_session
from aft.cli.interrupts import stop_on_signals
from aft.cli.outlets import print_as_it_is
from aft.config.model import Config


@click.group("sandbox")
def command() -> None:
    """Run a simulated AWS organization on this machine, without an AWS account.

    Every command uses it with aft --sandbox … or AFT_SANDBOX=1. It is as strict as AWS, is stored
    between commands outside the repository, and has a simulated clock, so that waiting takes no
    time. Its ledger is a separate branch that is never pushed."""


@command.command("reset")
@click.option(
    "--profile",
    type=click.Choice(["instant", "realistic", "chaos"]),
    default="instant",
    help="instant: no delays. realistic: account creation takes minutes (of simulated time), "
    "limits and throttling as on AWS. chaos: like realistic, and calls fail at random.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@pass_session
def reset_command(session: Session, *, profile: str, yes: bool) -> None:
    """Delete the simulated organization and its ledger, and create a new one."""
    from aft.sandbox.profiles import Profile

    config = _config(session)
    if not yes and sys.stdin.isatty():
        click.confirm("Forget the simulated organization of this repository?", abort=True)
    reset(session.workspace, config, Profile(profile))
    _show(session, config)


@command.command("status")
@pass_session
def status_command(session: Session) -> None:
    """Show its accounts, OUs, clock and file."""
    _show(session, _config(session))


@command.command("seed")
@click.option(
    "--accounts",
    "more",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Also create this many accounts without a request, in an OU named Legacy.",
)
@pass_session
def seed_command(session: Session, *, more: int) -> None:
    """Create accounts that existed before aft: those that requests adopt by account_id."""
    workspace = session.workspace
    desired = workspace.desired(workspace.files("HEAD"))
    lines = seed(workspace, desired, more=more)
    for line in lines[:10]:
        click.echo(f"there is now an account {line}")
    if len(lines) > 10:
        click.echo(f"... and {len(lines) - 10} more")
    if not lines:
        click.echo("nothing to seed: no request adopts an account that is missing")


@command.command("serve")
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4599, help="The port; 0 selects a free one."
)
@click.option("--anywhere", is_flag=True, help="Allow addresses that other machines can reach.")
@pass_session
def serve_command(session: Session, *, host: str, port: int, anywhere: bool) -> None:
    """Serve the organization over HTTP for other tools: AWS CLI, boto3, Terraform, org-formation.

    Prints the variables that they need, then runs until interrupted, in real time. While it
    runs, only the server can use the organization: aft itself reaches it like any other client,
    with those variables and without --sandbox."""
    config = _config(session)
    with (
        stop_on_signals() as stop,
        serving(session.workspace, config, host=host, port=port, anywhere=anywhere) as variables,
    ):
        for name, value in variables.items():
            print_as_it_is(f"export {name}={value}")  # simulated keys
        sys.stdout.flush()
        session.say("# serving the simulated organization; Ctrl-C ends it and keeps its state")
        waiting = threading.Event()
        while not stop.is_set:
            waiting.wait(0.2)


def _config(session: Session) -> Config:
    workspace = session.workspace
    return workspace.config(workspace.files(None if not workspace.repository.is_bare else "HEAD"))


def _show(session: Session, config: Config) -> None:
    click.echo(report(session.workspace, config, names_file=session.verbose), nl=False)
