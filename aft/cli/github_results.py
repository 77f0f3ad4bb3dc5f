"""``aft github result``: how an apply ended, on the pull requests that it was for."""

from __future__ import annotations

from pathlib import Path

import click

from aft.app.forge.posting import post_result, pull_request_of_commit, text_to_post
from aft.cli.context import FILE
from aft.cli.github_options import Hub, hub_options
from aft.forge.port import Check, CheckState
from aft.report.markdown.failure import FailurePage
from aft.report.markdown.fitting import comment

STATUS = "aft/plan"


def silent_page(hub: Hub, verb: str) -> str:
    """The job ended before aft could say anything: never to be taken for "no changes"."""
    page = FailurePage(
        verb=verb,
        message=f"The job failed before aft {verb} could say why.",
        hint="look at the log",
        log=hub.log,
    )
    return comment(page)


@click.command("result", short_help="Write the result of an apply on its pull requests.")
@click.option("--file", type=FILE, required=True, help="comment.md of aft apply --report.")
@click.option(
    "--pulls",
    metavar="NUMBERS",
    default="",
    help="Pull requests, the one merged last first, separated by spaces.",
)
@click.option("--commit", metavar="SHA", default="", help="If --pulls is empty: what merged this.")
@hub_options
def result_command(hub: Hub, *, file: Path, pulls: str, commit: str) -> None:
    """Write the result of an apply on the pull requests that it was for.

    A result that is complete is not changed again. One that says that something is not done yet is
    brought up to date by the run that finishes it. If FILE is missing or empty, the comment says
    that the job failed, where there is none yet."""
    try:
        numbers = [int(number) for number in pulls.split()]
    except ValueError as error:
        raise click.UsageError("--pulls: numbers, separated by spaces") from error
    if not numbers and commit:
        merged = pull_request_of_commit(hub.forge, commit)
        numbers = [merged.number] if merged is not None else []
    if not numbers:
        click.echo("there is no pull request to comment on")
    text = text_to_post(file)
    is_silent = not text.strip()
    if is_silent:
        text = silent_page(hub, "apply")
    for number in numbers:
        words = post_result(
            hub.forge,
            number,
            text,
            note=hub.cut_note,
            is_newest=number == numbers[0],
            is_silent=is_silent,
        )
        click.echo(words)


@click.command("status", short_help="Say on a commit whether its plan succeeded.")
@click.option("--head", metavar="SHA", required=True, help="The commit, a full commit id.")
@click.option("--name", default=STATUS, show_default=True, help="The name that a rule can require.")
@click.option("--result", required=True, help="How the job ended: success, or anything else.")
@click.option("--file", type=FILE, help="A file that a job which succeeded has left.")
@hub_options
def status_command(hub: Hub, *, head: str, name: str, result: str, file: Path | None) -> None:
    """Say on a commit whether its plan succeeded, as a status that a rule can require.

    Checks of a plan that a workflow started belong to the default branch, the status to the
    commit. With --file, a job that left no such file did not plan it."""
    if result == "success" and file is not None and not text_to_post(file).strip():
        result = "it left no plan"
    is_good = result == "success"
    words = "planned" if is_good else f"not planned: {result}"
    state = CheckState.SUCCESS if is_good else CheckState.FAILURE
    check = Check(name=name, state=state, description=words, url=hub.context.run_url)
    hub.forge.set_status(head, check)
    click.echo(f"{name} of {head[:10]}: {words}")
