"""Whether a command line that is written somewhere can be one of aft's."""

from __future__ import annotations

import re
import shlex

import click

from aft.cli.main import cli


def problem_of(written: str) -> str:
    """Why the command line cannot be one of aft's; an empty string when it can."""
    words = shlex.split(re.split(r" >>? ", written, maxsplit=1)[0].rstrip("."))[1:]
    context = click.Context(cli)
    command: click.Command = cli
    waits = 0
    for word in words:
        options = {
            name: item for item in command.params for name in (*item.opts, *item.secondary_opts)
        }
        if word.startswith("-"):
            name = word.partition("=")[0]
            if name not in options and name not in ("-h", "--help"):
                return f"{command.name} has no option {name}"
            found = options.get(name)
            is_flag = found is None or (isinstance(found, click.Option) and found.is_flag)
            waits = 0 if is_flag or "=" in word else 1
        elif waits:
            waits = 0
        elif isinstance(command, click.Group):
            if word in ("…", "…,"):
                return ""
            inner = command.get_command(context, word)
            if inner is None:
                return f"{command.name} has no verb {word!r}"
            command = inner
    return ""
