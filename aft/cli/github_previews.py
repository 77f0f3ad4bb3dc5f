"""``aft github``: Terraform's own plans of a pull request, from one workflow to the other."""

from __future__ import annotations

from pathlib import Path

import click

from aft.app.text_files import write_text
from aft.cli.context import FILE
from aft.cli.github_options import Hub, hub_options
from aft.errors import Transient
from aft.forge.port import PREVIEW_BUNDLE
from aft.plan.preview_file import LARGEST, PREVIEWS


@click.command("previews", short_help="Fetch what Terraform said of a pull request.")
@click.option("--pull", "number", type=click.IntRange(min=1), required=True)
@click.option("--head", metavar="SHA", required=True, help="Its head, a full commit id.")
@click.option("--out", type=FILE, required=True, help="The file to write, for aft plan --previews.")
@click.option("--workflow", default=".github/workflows/preview.yml", show_default=True)
@hub_options
def previews_command(hub: Hub, *, number: int, head: str, out: Path, workflow: str) -> None:
    """Fetch what Terraform said of a pull request, from the artifact aft-preview-<pull>-<head>.

    Code of the pull request ran where the file comes from, so it is only data: the plan shows it,
    and an apply accepts nothing that is not exactly what was shown. If there is no file yet, none
    is written."""
    pull, found = hub.forge.pull_request(number), None
    if pull.head_sha == head:
        found = hub.forge.planned_file(
            pull, pipeline=workflow, name=PREVIEWS, limit=LARGEST, bundle=PREVIEW_BUNDLE
        )
    if found is None or found.content is None:
        click.echo(f"there are no previews of #{number} at {head[:10]}")
        return
    write_text(out, found.content.decode("utf-8", errors="replace"))
    click.echo(f"previews of #{number}, run {found.run}")


@click.command("plan-again", short_help="Run the plan of a pull request again.")
@click.option("--pull", "number", type=click.IntRange(min=1), required=True)
@click.option("--head", metavar="SHA", required=True, help="Its head, a full commit id.")
@click.option("--workflow", default=".github/workflows/plan.yml", show_default=True)
@hub_options
def plan_again_command(hub: Hub, *, number: int, head: str, workflow: str) -> None:
    """Run the plan of a pull request again, so that it includes the previews.

    The run keeps its event and its workflow file. Does nothing if the pull request has another
    head by now; exits with 1 as long as the plan has not ended."""
    pull = hub.forge.pull_request(number)
    if pull.head_sha != head:
        click.echo(f"#{number} is at {pull.head_sha[:10]} by now")
        return
    found = hub.forge.planned_file(pull, pipeline=workflow, name="comment.md", limit=LARGEST)
    if found is None:
        raise Transient(f"the plan of #{number} has not ended", hint="try again later")
    hub.forge.restart_run(found.run)
    click.echo(f"the plan of #{number} was started again")
