"""What every subcommand of ``aft github`` shares: repository, event, patience."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from aft.app.apply.reviewing import ReviewOf
from aft.app.forge.reviews import review_of_commit
from aft.cli.context import FILE, Session, pass_session
from aft.clock import SystemClock
from aft.git.wire import RefFetch
from aft.github.actions import Event, event_path, read_event, write_outputs
from aft.github.forge import GitHubContext, GitHubForge
from aft.plan.reviewed import Reviewed
from aft.values.ids import Revision

PATIENCE = 600
PLAN_WORKFLOW = ".github/workflows/plan.yml"
APPLY_WORKFLOW = ".github/workflows/apply.yml"


@dataclass(frozen=True)
class Hub:
    """The options, and what is made from them when it is needed."""

    session: Session
    repository: str
    event_path: Path | None
    patience: float

    @cached_property
    def context(self) -> GitHubContext:
        return GitHubContext.read(self.session.environ, repository=self.repository)

    @cached_property
    def forge(self) -> GitHubForge:
        return self.context.forge(self.context.client(SystemClock(), patience=self.patience))

    @cached_property
    def event(self) -> Event:
        return read_event(event_path(self.session.environ, self.event_path))

    @property
    def log(self) -> str:
        """Markdown that leads to the whole output."""
        run = self.context.run_url
        return f"[the run]({run})" if run else "the log of this job"

    @property
    def cut_note(self) -> str:
        """Ends a text that was longer than GitHub takes."""
        return f"> [!CAUTION]\n> This is not all: the text was too long; see {self.log}."

    def pull(self, given: int | None) -> int:
        """The pull request asked for, else the event's."""
        if given is not None:
            return given
        if self.event.pull is None:
            raise click.UsageError("which pull request? The event has none; give its number")
        return self.event.pull.number

    def head(self, given: str | None, number: int) -> str:
        """The head commit this run is about: as given, else the event's; or ``""``."""
        pull = self.event.pull
        if given:
            return given
        return pull.head_sha if pull is not None and pull.number == number else ""

    def fetching(self, remote: str) -> RefFetch:
        workspace = self.session.workspace
        return RefFetch(workspace.repository, remote=remote, environ=workspace.environ)

    def outputs(self, values: Mapping[str, str]) -> None:
        """For the workflow's next steps."""
        path = self.session.environ.get("GITHUB_OUTPUT", "")
        write_outputs(Path(path) if path else None, values)


def recorded_reviews(environ: Mapping[str, str]) -> ReviewOf | None:
    """What GitHub has recorded of commits; ``None`` where no repository on it is named."""
    if not environ.get("GITHUB_REPOSITORY"):
        return None
    context = GitHubContext.read(environ)
    forge = context.forge(context.client(SystemClock()))

    def review_of(revision: Revision, since: str) -> Reviewed:
        review = review_of_commit(
            forge,
            revision,
            plan_pipeline=PLAN_WORKFLOW,
            apply_pipeline=APPLY_WORKFLOW,
            open_since=since,
        )
        return review.reviewed

    return review_of


def hub_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command its ``Hub``, from three options and the environment."""

    @click.option("--repo", "repository", metavar="ORG/REPO", default="", help=_REPO_HELP)
    @click.option("--event", "event_path", type=FILE, help=_EVENT_HELP)
    @click.option("--deadline", type=click.FloatRange(min=0), default=PATIENCE, help=_DEADLINE_HELP)
    @pass_session
    @functools.wraps(function)
    def wrapper(session: Session, /, **options: Any) -> None:
        hub = Hub(
            session, options.pop("repository"), options.pop("event_path"), options.pop("deadline")
        )
        function(hub, **options)

    return wrapper


_REPO_HELP = "The repository on GitHub. Default: GITHUB_REPOSITORY."
_EVENT_HELP = "The event's payload. Default: GITHUB_EVENT_PATH."
_DEADLINE_HELP = f"Seconds to wait at most for limits and failures to pass. Default: {PATIENCE}."
