"""``aft github``: the branch and the pull request of a request from an issue."""

from __future__ import annotations

from pathlib import Path

import click

from aft.app.forge.posting import text_to_post
from aft.app.forge.pulls import is_writer, look_at_branch, open_or_find, replace_older
from aft.app.text_files import write_text
from aft.cli.context import FILE
from aft.cli.github_options import Hub, hub_options
from aft.forge.fitting import fitted_body
from aft.report.request_reply import kept_reply


@click.command("may-move", short_help="Find out whether a request's branch may be overwritten.")
@click.option("--branch", required=True, help="A branch of this repository.")
@click.option("--base", default="main", show_default=True)
@click.option("--by", "logins", multiple=True, metavar="LOGIN", help="Whose request it is.")
@click.option("--reply", type=FILE, required=True, help="The reply to write if it must not be.")
@click.option("--remote", default="origin", show_default=True, help="The remote to look at.")
@hub_options
def may_move_command(
    hub: Hub, *, branch: str, base: str, logins: tuple[str, ...], reply: Path, remote: str
) -> None:
    """Find out whether the branch of a request may be overwritten with other answers.

    Not if its pull request was reviewed, or if it has a commit of someone else. The step's outputs
    are move (yes or no), tip (the commit to overwrite, empty if there is no branch), and live (yes
    if everyone given with --by has write access: else its plan is that of a fork)."""
    found = look_at_branch(hub.forge, hub.fetching(remote), branch=branch, base=base)
    live = bool(logins) and all(is_writer(hub.forge, login) for login in logins)
    if found.kept_because:
        write_text(reply, kept_reply(found.kept_because, url=found.url))
    hub.outputs(
        {
            "move": "no" if found.kept_because else "yes",
            "tip": found.tip,
            "live": "yes" if live else "no",
        }
    )
    click.echo(f"{branch}: {found.kept_because or 'may be written'}")


@click.command("pull-request", short_help="Open or find the pull request of a branch.")
@click.option("--branch", required=True, help="A branch of this repository.")
@click.option("--title", required=True)
@click.option("--body-file", type=FILE, required=True)
@click.option("--base", default="main", show_default=True)
@hub_options
def pull_request_command(hub: Hub, *, branch: str, title: str, body_file: Path, base: str) -> None:
    """Open the pull request of a branch, or find the open one.

    Older open pull requests of the same issue (request/N-…) are closed, with a comment that says
    why. The step's outputs are pull (its number) and url."""
    body = fitted_body(text_to_post(body_file), note=hub.cut_note, limit=hub.forge.body_limit)
    pull, is_new = open_or_find(hub.forge, branch=branch, base=base, title=title, body=body)
    hub.outputs({"pull": str(pull.number), "url": pull.url})
    click.echo(f"pull request #{pull.number} {'opened' if is_new else 'is open'}: {pull.url}")
    for number in replace_older(hub.forge, pull, base=base):
        click.echo(f"pull request #{number} closed: it is of the same issue")
