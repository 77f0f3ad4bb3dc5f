"""The options that ``plan`` and ``apply`` share, and the scope they come down to."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from typing import Any, cast

import click

from aft.app.plan import planning, selection
from aft.cli.context import REVISION_HELP, F, Session, many
from aft.cli.report_folder import ReportFolder
from aft.desired.model import DesiredState
from aft.findings.model import Finding
from aft.git.revision import uncommitted_paths
from aft.values.ids import RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChoice:
    """Which requests to look at, which steps to run again, and how closely to look."""

    revision: str | None = None
    changed_since: str | None = None
    only: tuple[str, ...] = ()
    only_ou: tuple[str, ...] = ()
    only_tag: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rerun: tuple[str, ...] = ()
    deep: bool = False
    adopt_ledger: bool = False


_SCOPE_OPTIONS = (
    click.option("-r", "--revision", help=f"{REVISION_HELP} Default: HEAD."),
    click.option(
        "--changed-since",
        metavar="REV",
        help="Only requests that differ from REV: few reads, however large the organization is.",
    ),
    many(
        "--only",
        "ID",
        "Only this request; may be repeated and combined with --only-ou and --only-tag.",
    ),
    many("--only-ou", "OU", "Only requests in this OU and below; may be repeated."),
    many("--only-tag", "KEY[=VALUE]", "Only requests with this tag; may be repeated."),
    many("--exclude", "ID", "Exclude this request; may be repeated."),
    many(
        "--rerun", "NAME", "Run this customization, or this step of one, although nothing changed."
    ),
    click.option(
        "--deep",
        is_flag=True,
        help="Also read inside accounts what counts as done according to the ledger, to find "
        "manual changes.",
    ),
    click.option(
        "--adopt-ledger",
        is_flag=True,
        help="Continue although the ledger's branch was rewritten; apply records that.",
    ),
)


def scope_options(command: F) -> F:
    """The options of ``ScopeChoice``, handed to the command as ``choice``."""

    @functools.wraps(command)
    def with_choice(*args: Any, **kwargs: Any) -> Any:
        names = [item.name for item in fields(ScopeChoice)]
        choice = ScopeChoice(**{name: kwargs.pop(name) for name in names})
        return command(*args, choice=choice, **kwargs)

    decorated: Any = with_choice
    for option in reversed(_SCOPE_OPTIONS):
        decorated = option(decorated)
    return cast("F", decorated)


def desired_of(
    session: Session,
    choice: ScopeChoice,
    folder: ReportFolder | None = None,
    *,
    working_tree: bool = False,
    config_from: str | None = None,
) -> tuple[DesiredState, tuple[Finding, ...], tuple[RequestId, ...] | None]:
    """What is asked for, all findings, and the requests to look at (``None`` for all of them).
    Raises ``UserError`` and ``InvalidRepository``."""
    if not working_tree and choice.revision is None:
        _note_uncommitted(session)
    workspace = session.workspace
    files = workspace.files(None if working_tree else choice.revision or "HEAD")
    # A pull request does not decide what is masked of it.
    session.mask_as(files if config_from is None else workspace.files(config_from))
    if folder is not None:
        folder.revision = files.revision
    desired, findings = workspace.checked(files, config_from=config_from)
    return desired, findings, _scope_of(session, desired, choice)


def _scope_of(
    session: Session, desired: DesiredState, choice: ScopeChoice
) -> tuple[RequestId, ...] | None:
    """The requests to look at, ``None`` for all of them. Raises ``UserError``."""
    selection.check_rerun(desired, choice.rerun)
    names_some = bool(choice.only or choice.only_ou or choice.only_tag)
    if choice.changed_since and names_some:
        raise click.UsageError("--changed-since excludes --only, --only-ou and --only-tag")
    scope: tuple[RequestId, ...] | None = None
    if names_some:
        scope = selection.chosen(
            desired, only=choice.only, only_ou=choice.only_ou, only_tag=choice.only_tag
        )
    elif choice.changed_since:
        scope = planning.changed_since(session.workspace, desired, choice.changed_since)
        if scope is None:
            session.say(
                "note: aft.yaml, a baseline, the OU tree or a customization changed as well, or a "
                "request's file is gone, so this is a full plan"
            )
    return selection.without(desired, scope, choice.exclude)


def _note_uncommitted(session: Session) -> None:
    """Say that files on disk are not part of what is planned or applied."""
    paths = uncommitted_paths(session.workspace.repository)
    if paths:
        first = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
        session.say(
            f"note: {first} differ{'s' if len(paths) == 1 else ''} from HEAD and "
            f"{'is' if len(paths) == 1 else 'are'} not part of this; commit first, or look with "
            "aft plan --working-tree"
        )
