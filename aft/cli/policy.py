"""``aft policy``: what policies allow, for scripts and for people."""

from __future__ import annotations

import sys
from typing import TextIO

import click


@click.group("policy")
def command() -> None:
    """Evaluate and check policies: SCPs, RCPs and IAM's own. Needs no AWS and no repository."""


@command.command("eval")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"), default="-")
def eval_command(file: TextIO) -> None:
    """What SCPs and RCPs say of requests: JSON lines in, JSON lines out.

    A line is one case: {"id", "levels": [{"id", "scps": [{"name", "policy"}], "rcps": [...]}],
    "request": {"principal", "action", "resource", "resourceAccount", "context", "unknown"}}, the
    root first and the account last. The answer is {"id", "decision", "keys", "level", "policy",
    "sid", "trace"}; decision is denied, allowed (by the ceiling; IAM must grant it still) or
    depends, on "keys". A key in neither "context" nor "unknown" is absent. A line that cannot be
    read is answered with an "error".
    """
    from aft.policy_language.cases import answers

    for answer in answers(file):
        sys.stdout.write(answer + "\n")
