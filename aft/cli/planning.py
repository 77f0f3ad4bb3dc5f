"""The options that ``plan`` and ``apply`` share, and the scope they come down to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aft.cli.context import REVISION_HELP, Session

if TYPE_CHECKING:
    from aft.ids import RequestId
    from aft.plan.model import Plan
    from aft.requests.model import DesiredState

F = TypeVar("F", bound=Callable[..., Any])


def scope_options(command: F) -> F:
    """``--revision``, ``--changed-since`` and ``--only``."""
    for decorate in (
        click.option(
            "--only", metavar="ID", multiple=True, help="Only this request; may be repeated."
        ),
        click.option(
            "--changed-since",
            metavar="REV",
            help="Only requests that differ from REV: a few reads, however large the organization.",
        ),
        click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD."),
    ):
        command = decorate(command)
    return command


def scope_of(
    session: Session,
    desired: DesiredState,
    *,
    changed_since: str | None,
    only: Sequence[str],
) -> tuple[RequestId, ...] | None:
    """The requests to look at, ``None`` for all of them. Raises ``UserError``."""
    from aft.app import planning

    if changed_since and only:
        raise click.UsageError("--changed-since and --only exclude each other")
    if only:
        return planning.chosen(desired, only)
    if changed_since:
        scope = planning.changed_since(session.workspace, desired, changed_since)
        if scope is None:
            session.say(
                "note: aft.yaml, a baseline, the OU tree or a customization changed as well, so "
                "this is a full plan"
            )
        return scope
    return None


def note_uncommitted(session: Session) -> None:
    """Say that files on disk are not part of what is planned or applied."""
    from aft.git.revision import uncommitted_paths

    paths = uncommitted_paths(session.workspace.repository)
    if paths:
        first = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
        session.say(
            f"note: {first} differ{'s' if len(paths) == 1 else ''} from HEAD and "
            f"{'is' if len(paths) == 1 else 'are'} not part of this; commit first, or look with "
            "aft plan --working-tree"
        )


def read_plan(path: Path) -> Plan:
    """The plan in ``path``. Raises ``UserError`` when it is none, or was tampered with."""
    from aft.errors import UserError
    from aft.plan.codec import plan_from_json

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read plan {path}: {error}") from error
    return plan_from_json(text)
