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

from aft.report.masking import FULL_MASK, NO_MASK, Mask, mask_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from aft.app.workspace import Workspace
    from aft.files import RevisionFiles

SANDBOX_VARIABLE = "AFT_SANDBOX"
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


@dataclass
class Masking:
    """What is masked in what people see; ``is_known`` once the configuration was looked at."""

    mask: Mask = NO_MASK
    is_known: bool = False

    @property
    def careful(self) -> Mask:
        """Everything, until the configuration is known."""
        return self.mask if self.is_known else FULL_MASK


@dataclass(frozen=True)
class Session:
    """The options before the verb, and the streams."""

    directory: Path
    simulated: bool
    quiet: bool
    verbose: bool
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    masking: Masking = field(default_factory=Masking)

    @cached_property
    def workspace(self) -> Workspace:
        from aft.app.workspace import Workspace

        return Workspace.find(self.directory, simulated=self.simulated)

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
            shown = self.mask(text)
            self.messages.print(shown, markup=False, highlight=False, soft_wrap=True)

    def show(self, view: Text) -> None:
        """A part of the result for people."""
        self.console.print(self.mask.styled(view), soft_wrap=True)

    @property
    def mask(self) -> Mask:
        """To be put over everything people see; not over JSON that a tool asked for."""
        return self.masking.mask

    def mask_as(self, files: RevisionFiles) -> None:
        """Mask from now on what ``report.mask`` of these files' ``aft.yaml`` says; everything,
        when that file cannot be read."""
        from aft.config.file import parse_config

        config, _ = parse_config(files, providers=self.workspace.providers)
        self.masking.mask = mask_of(config.report.mask) if config is not None else FULL_MASK
        self.masking.is_known = True


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
    "Take roles, ledger, home_region, terraform and similar sections of aft.yaml from this "
    "trusted revision instead."
)

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def format_option(**forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--format``, whose default is text; each form with what it is for."""
    words = ", ".join(f"{form} for {what}" for form, what in forms.items())
    choice = click.Choice(list(forms))
    return click.option("--format", "form", type=choice, default="text", help=f"{words}.")
