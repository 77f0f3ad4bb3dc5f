"""``aft init``: a repository to begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import click

from aft.app.requests import form_of_new, secrets_granted
from aft.app.text_files import write_scaffold
from aft.cli.context import FOLDER, Session, pass_session
from aft.config.ledger_section import KMS_KEY
from aft.desired.issue_form import FORM_PATH
from aft.kinds.registry import installed_kinds
from aft.scaffold.permissions import signing_grant
from aft.scaffold.repository import RepositoryChoices, repository_files
from aft.scaffold.roles import (
    READER_ROLE,
    ROLES_PATH,
    TERRAFORM_PATH,
    WRITER_ROLE,
    RoleNames,
    roles_template,
)
from aft.scaffold.roles_terraform import roles_terraform
from aft.scaffold.secret_grants import secret_grants
from aft.scaffold.workflows import workflow_files
from aft.values.grants import Grant

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_ACTION = re.compile(_REPOSITORY.pattern + r"@[0-9a-f]{40}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=FOLDER, required=False)
@click.option("--region", default="eu-central-1", show_default=True, help="The home region.")
@click.option(
    "--management-account",
    metavar="ID",
    help="The management account's id. Adds the role that plans use to read accounts.",
)
@click.option(
    "--previews",
    is_flag=True,
    help="With --management-account: also write the role that aft plan --terraform runs "
    "Terraform with.",
)
@click.option(
    "--domain", default="example.com", show_default=True, help="The domain of e-mail addresses."
)
@click.option(
    "--github",
    "repository",
    metavar="ORG/REPO",
    help="Also write workflows, issue form and IAM roles for this repository.",
)
@click.option(
    "--action",
    metavar="OWNER/REPO@COMMIT",
    help="With --github: the repository that workflows take aft from, at a full commit id.",
)
@click.option(
    "--signing-key",
    metavar="ARN",
    help="With --github: let the role for applies sign the ledger with this KMS key.",
)
@click.option(
    "--writer",
    is_flag=True,
    help="With --management-account: a narrower role for applies in member accounts.",
)
@click.option(
    "--terraform", is_flag=True, help="With --github: also write the IAM roles as Terraform."
)
@pass_session
def command(
    session: Session,
    *,
    folder: Path | None,
    region: str,
    management_account: str | None,
    previews: bool,
    domain: str,
    repository: str | None,
    action: str | None,
    signing_key: str | None,
    terraform: bool,
    writer: bool,
) -> None:
    """Write the files of a new repository. Existing files are never overwritten.

    The result passes aft validate and can be planned on the sandbox. With --github, a
    CloudFormation template with two IAM roles is added: a read-only role for plans, and one for
    applies. Each trusts one environment of ORG/REPO and allows exactly the calls that aft makes."""
    _check(region=region, account=management_account, repository=repository, action=action)
    _check_together(
        ("--terraform", terraform, "--github", repository),
        ("--signing-key", signing_key, "--github", repository),
        ("--previews", previews, "--management-account", management_account),
        ("--writer", writer, "--management-account", management_account),
    )
    if signing_key and not re.fullmatch(KMS_KEY, signing_key):
        raise click.UsageError(f"--signing-key {signing_key}: expected the ARN of a KMS key")
    choices = RepositoryChoices(
        home_region=region,
        management_account=management_account or "",
        domain=domain,
        on_github=bool(repository),
        previews=previews,
        writer=writer,
    )
    files = dict(repository_files(choices))
    target = session.directory / folder if folder else session.directory
    done = write_scaffold(target, files)
    if repository and action:
        more = _github(
            repository,
            action,
            choices,
            more=_grants(target, signing_key),
            terraform=terraform,
        )
        done |= write_scaffold(target, {**more, FORM_PATH: form_of_new(target, files)})
    written = sorted(path for path, is_new in done.items() if is_new)
    for path in written:
        click.echo(f"wrote {path}")
    for path in sorted(done.keys() - set(written)):
        click.echo(f"left {path} as it is")
    if not written:
        session.say("Nothing to write.")
    elif not (target / ".git").exists():
        session.say("Next: git init, git add, git commit; then aft validate.")
    else:
        session.say("Next: git add, git commit; then aft validate.")


def _grants(target: Path, signing_key: str | None) -> tuple[Grant, ...]:
    """What the repository lets applies use, next to what aft itself needs."""
    signing = (signing_grant(signing_key),) if signing_key else ()
    return (*signing, *secret_grants(secrets_granted(target)))


def _check_together(*options: tuple[str, object, str, object]) -> None:
    """Each is an option, its value, and the option that it needs, with its value."""
    for option, value, needed, other in options:
        if value and not other:
            raise click.UsageError(f"{option} is for {needed}")


def _check(*, region: str, account: str | None, repository: str | None, action: str | None) -> None:
    for option, value, pattern, expected in (
        ("--region", region, _REGION, "a region such as eu-central-1"),
        ("--management-account", account, _ACCOUNT, "twelve digits"),
        ("--github", repository, _REPOSITORY, "ORG/REPO"),
    ):
        if value is not None and not pattern.fullmatch(value):
            raise click.UsageError(f"{option} {value}: expected {expected}")
    if repository is None:
        if action is not None:
            raise click.UsageError("--action is for --github")
        return
    if action is None or not _ACTION.fullmatch(action):
        raise click.UsageError(
            "--github needs --action OWNER/REPO@COMMIT: where workflows take aft from, such as "
            "your fork of it, at a full commit id of 40 digits"
        )
    if account is None:
        raise click.UsageError(
            "--github needs --management-account ID, so that plans get a role that only reads"
        )


def _github(
    repository: str,
    action: str,
    choices: RepositoryChoices,
    *,
    more: tuple[Grant, ...],
    terraform: bool,
) -> Mapping[str, str]:
    kinds = installed_kinds()
    names = RoleNames(
        repository=repository,
        member=choices.member_role,
        writer=WRITER_ROLE if choices.writer else "",
        reader=READER_ROLE,
        reads=kinds.reads,
        writes=(*kinds.writes, *more),
    )
    files = {**workflow_files(action), ROLES_PATH: roles_template(names)}
    if terraform:
        files[TERRAFORM_PATH] = roles_terraform(names)
    return files
