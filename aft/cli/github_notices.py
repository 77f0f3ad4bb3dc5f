"""``aft github deliver``: what the ledger has for people, to where they wait for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile

import click

from aft.app.forge.delivering import deliver
from aft.app.world import open_ledger
from aft.cli.github_options import Hub, hub_options
from aft.forge.port import PullRequest
from aft.ledger.events import ORGANIZATION, EventKind
from aft.outbox.notices import What, notices_in
from aft.report.markdown.notices import issue_comment, pull_comment
from aft.values.ids import Revision

_HOURS = 48


@click.command("deliver", short_help="Report accounts that are ready, failed or held.")
@click.option(
    "--hours",
    type=click.IntRange(min=1, max=24 * 90),
    default=_HOURS,
    show_default=True,
    help="How far back to look in the ledger.",
)
@hub_options
def deliver_command(hub: Hub, *, hours: int) -> None:
    """Comment on the issue and the pull request of each account that is ready, failed or held.

    Reads what the ledger says since so many hours. What was delivered before is recognised by
    its mark and not written again. A failure that was overcome meanwhile is not reported."""
    workspace = hub.session.workspace
    files = workspace.files("HEAD")
    hub.session.mask_as(files)
    config = workspace.config(files)
    since = datetime.now(UTC) - timedelta(hours=hours)
    ledger = open_ledger(workspace, config)
    notices = notices_in(ledger.stories_since(since))
    runs = [it for it in ledger.events(ORGANIZATION) if it.kind is EventKind.RUN_STARTED]

    sign_in, mask = config.notifications.sign_in_url or "", hub.session.mask

    def has_result(pull: PullRequest, run: str) -> bool:
        """The first run with what the pull request brought is the one of its result."""
        merged, repository = Revision(pull.merge_sha), workspace.repository
        since_then = takewhile(
            lambda it: repository.is_ancestor(merged, of=it.revision), reversed(runs)
        )
        return run == next((it.run for it in reversed(tuple(since_then))), "")

    for words in deliver(
        hub.forge,
        [notice for notice in notices if notice.what is not What.ADOPTED],
        to_issue=partial(issue_comment, sign_in=sign_in, mask=mask),
        to_pull=partial(pull_comment, sign_in=sign_in, mask=mask),
        has_result=has_result,
        note=hub.cut_note,
    ):
        click.echo(words)
    if not notices:
        click.echo(f"the ledger has nothing for people in the last {hours} hours")
