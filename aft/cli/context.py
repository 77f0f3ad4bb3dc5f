"""What every command shares: where it runs, how much it says, and where to."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from aft.app.workspace import Workspace

SANDBOX_VARIABLE = "AFT_SANDBOX"
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Session:
    """The options before the verb, and the streams."""

    directory: Path
    simulated: bool
    quiet: bool
    verbose: bool
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @cached_property
    def workspace(self) -> Workspace:
        from aft.app.workspace import Workspace

        return Workspace.find(self.directory)

    @cached_property
    def console(self) -> Console:
        """Standard output, for people. Honours ``NO_COLOR``; 80 columns where there is no
        terminal to ask."""
        return _console(sys.stdout)

    @cached_property
    def messages(self) -> Console:
        """Standard error: notices, progress, errors."""
        return _console(sys.stderr)

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A spinner on a terminal while ``what`` lasts; nothing elsewhere."""
        if self.quiet or not self.messages.is_terminal:
            yield
            return
        with self.messages.status(what):
            yield

    def say(self, text: str) -> None:
        """A notice for people, not part of the result; silent with ``--quiet``."""
        if not self.quiet:
            self.messages.print(text, markup=False, highlight=False, soft_wrap=True)


def _console(stream: Any) -> Console:
    from rich.console import Console

    width = None if stream.isatty() or "COLUMNS" in os.environ else 80
    return Console(file=stream, width=width, highlight=False, emoji=False)


def simulated_by_environment(environ: Mapping[str, str]) -> bool:
    """``AFT_SANDBOX=1`` is ``--sandbox`` for every verb."""
    return environ.get(SANDBOX_VARIABLE, "").casefold() not in FALSE_WORDS


pass_session: Callable[[Callable[..., Any]], Callable[..., Any]] = click.make_pass_decorator(
    Session
)
"""Gives a command the ``Session`` as its first argument."""

REVISION_HELP = "Commit, branch or tag to read."

CONFIG_FROM_HELP = (
    "Take who acts and where to (roles, ledger, home_region, terraform, … of aft.yaml) from this "
    "revision, whatever the one looked at says."
)
