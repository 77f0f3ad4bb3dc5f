"""What every subcommand of ``aft github`` shares: repository, event, patience."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aft.cli.context import FILE, Session, pass_session

if TYPE_CHECKING:
    from aft.git.wire import RefFetch
    from aft.github.actions import Event
    from aft.github.forge import GitHubContext, GitHubForge

PATIENCE = 600


@dataclass(frozen=True)
class Hub:
    """The options, and what is made from them when it is needed."""

    session: Session
    repository: str
    event_path: Path | None
    patience: float

    @cached_property
    def context(self) -> GitHubContext:
        from aft.github.forge import GitHubContext

        return GitHubContext.read(self.session.environ, repository=self.repository)

    @cached_property
    def forge(self) -> GitHubForge:
        from aft.clock import SystemClock

        return self.context.forge(self.context.client(SystemClock(), patience=self.patience))

    @cached_property
    def event(self) -> Event:
        from aft.github.actions import event_path, read_event

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
        from aft.git.wire import RefFetch

        workspace = self.session.workspace
        return RefFetch(workspace.repository, remote=remote, environ=workspace.environ)

    def outputs(self, values: Mapping[str, str]) -> None:
        """For the workflow's next steps."""
        from aft.github.actions import write_outputs

        path = self.session.environ.get("GITHUB_OUTPUT", "")
        write_outputs(Path(path) if path else None, values)


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
