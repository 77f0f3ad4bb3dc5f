"""``aft init``: a repository to begin with."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from aft.app.github_identity import GitHubIdentity, identity_of
from aft.app.requests import generated_for_new, secrets_granted
from aft.app.text_files import write_scaffold
from aft.cli.context import FOLDER, Session, pass_session
from aft.config.ledger_section import KMS_KEY
from aft.config.model import CONFIG_PATH, DEFAULTS_NAME, REQUESTS_PATH
from aft.desired.codeowners import CODEOWNERS_PATH
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
from aft.values.ids import EmailAddress

DEFAULTS = f"{REQUESTS_PATH}/{DEFAULTS_NAME}"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_ACTION = re.compile(_REPOSITORY.pattern + r"@[0-9a-f]{40}")
_TEAM = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?")
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
    "--platform-team",
    metavar="@ORG/TEAM",
    help="With --github: who owns what no other team does, for CODEOWNERS. Default: @ORG/platform.",
)
@click.option(
    "--owner-id",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --github: the id of ORG, if GitHub is not asked for it.",
)
@click.option(
    "--repository-id",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --github: the id of the repository, if GitHub is not asked for it.",
)
@click.option(
    "--trust-names",
    is_flag=True,
    help="With --github: the roles also trust tokens without ids, as repositories from before "
    "2026-07-15 have them.",
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
def command(session: Session, *, folder: Path | None, **given: Any) -> None:
    """Write the files of a new repository. Existing files are never overwritten.

    The result passes aft validate and can be planned on the sandbox. With --github, a
    CloudFormation template with two IAM roles is added: a read-only role for plans, and one for
    applies. Each trusts one environment of ORG/REPO, by the ids that GitHub gives for it (set
    AFT_GITHUB_TOKEN), and allows exactly the calls that aft makes."""
    _check_values(given)
    asked = _Asked(**_complete(given, asks=sys.stdin.isatty()))
    _check(asked)
    files = dict(repository_files(asked.choices))
    target = session.directory / folder if folder else session.directory
    identity = asked.identity(session.environ)
    done = write_scaffold(target, files)
    if identity is not None:
        more = {
            **_github(asked, identity, more=_grants(target, asked.signing_key)),
            **generated_for_new(target, files),
        }
        done |= write_scaffold(target, more)
        files |= more
    written = sorted(path for path, is_new in done.items() if is_new)
    for path in written:
        click.echo(f"wrote {path}")
    for path in sorted(done.keys() - set(written)):
        click.echo(f"left {path} as it is")
    for line in _remarks(asked, identity, written, known=files):
        session.say(line)
    if not written:
        session.say("Nothing to write.")
    elif not (target / ".git").exists():
        session.say("Next: git init, git add, git commit; then aft validate.")
    else:
        session.say("Next: git add, git commit; then aft validate.")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The options."""

    region: str
    management_account: str | None
    previews: bool
    domain: str
    repository: str | None
    action: str | None
    platform_team: str | None
    owner_id: int | None
    repository_id: int | None
    trust_names: bool
    signing_key: str | None
    writer: bool
    terraform: bool

    @property
    def choices(self) -> RepositoryChoices:
        return RepositoryChoices(
            home_region=self.region,
            management_account=self.management_account or "",
            domain=self.domain,
            on_github=bool(self.repository),
            platform_team=self.platform_team or self._usual_team,
            previews=self.previews,
            writer=self.writer,
        )

    @property
    def _usual_team(self) -> str:
        return f"@{self.repository.partition('/')[0]}/platform" if self.repository else ""

    def identity(self, environ: Mapping[str, str]) -> GitHubIdentity | None:
        """Who the repository is; ``None`` without one."""
        if self.repository is None:
            return None
        return identity_of(
            environ,
            self.repository,
            owner_id=self.owner_id or 0,
            repository_id=self.repository_id or 0,
        )


def _check(asked: _Asked) -> None:
    _check_together(
        ("--terraform", asked.terraform, "--github", asked.repository),
        ("--signing-key", asked.signing_key, "--github", asked.repository),
        ("--action", asked.action, "--github", asked.repository),
        ("--platform-team", asked.platform_team, "--github", asked.repository),
        ("--trust-names", asked.trust_names, "--github", asked.repository),
        ("--owner-id", asked.owner_id, "--github", asked.repository),
        ("--owner-id", asked.owner_id, "--repository-id", asked.repository_id),
        ("--repository-id", asked.repository_id, "--owner-id", asked.owner_id),
        ("--previews", asked.previews, "--management-account", asked.management_account),
        ("--writer", asked.writer, "--management-account", asked.management_account),
    )
    if asked.signing_key and not re.fullmatch(KMS_KEY, asked.signing_key):
        raise click.UsageError(f"--signing-key {asked.signing_key}: expected the ARN of a KMS key")


def _grants(target: Path, signing_key: str | None) -> tuple[Grant, ...]:
    """What the repository lets applies use, next to what aft itself needs."""
    signing = (signing_grant(signing_key),) if signing_key else ()
    return (*signing, *secret_grants(secrets_granted(target)))


def _check_together(*options: tuple[str, object, str, object]) -> None:
    """Each is an option, its value, and the option that it needs, with its value."""
    for option, value, needed, other in options:
        if value and not other:
            raise click.UsageError(f"{option} is for {needed}")


def _check_values(given: Mapping[str, Any]) -> None:
    for option, name, pattern, expected in (
        ("--region", "region", _REGION, "a region such as eu-central-1"),
        ("--management-account", "management_account", _ACCOUNT, "twelve digits"),
        ("--github", "repository", _REPOSITORY, "ORG/REPO"),
        ("--action", "action", _ACTION, "OWNER/REPO@COMMIT, a full commit id of 40 digits"),
        ("--platform-team", "platform_team", _TEAM, "@ORG/TEAM or @LOGIN"),
    ):
        value = given[name]
        if value is not None and not pattern.fullmatch(value):
            raise click.UsageError(f"{option} {value}: expected {expected}")


_NEEDED: Mapping[str, tuple[str, re.Pattern[str], str]] = {
    "action": (
        "--action OWNER/REPO@COMMIT",
        _ACTION,
        "the repository that workflows take aft from, such as your fork, at a full commit id",
    ),
    "management_account": (
        "--management-account ID",
        _ACCOUNT,
        "the management account, so that plans get a role that only reads",
    ),
}
"""What --github cannot do without: the option, what fits, and what it is for."""


def _complete(given: Mapping[str, Any], *, asks: bool) -> Mapping[str, Any]:
    """``given`` with what --github needs: asked for on a terminal, else named all at once."""
    missing = [name for name in _NEEDED if given["repository"] and given[name] is None]
    if missing and not asks:
        listed = "; ".join(f"{_NEEDED[name][0]} ({_NEEDED[name][2]})" for name in missing)
        raise click.UsageError(f"--github needs {listed}")
    return {**given, **{name: _answer_for(name) for name in missing}}


def _answer_for(name: str) -> str:
    option, pattern, purpose = _NEEDED[name]

    def fitting(text: str) -> str:
        if not pattern.fullmatch(text):
            raise click.UsageError(f"expected {option.partition(' ')[2]}")
        return text

    question = f"{purpose[0].upper()}{purpose[1:]}\n{option}"
    return str(click.prompt(question, value_proc=fitting, err=True))


def _remarks(
    asked: _Asked,
    identity: GitHubIdentity | None,
    written: Collection[str],
    *,
    known: Collection[str],
) -> Iterator[str]:
    """What is still to be done; ``known`` are all files of the scaffold."""
    if identity is not None and ROLES_PATH in written:
        yield from _remarks_on(identity, trusts_names=asked.trust_names)
    if identity is not None and CODEOWNERS_PATH not in known:
        yield (
            f"{CONFIG_PATH} names no github.platform_team: set it, such as "
            f"{asked.choices.platform_team}, and run aft github codeowners."
        )
    if CODEOWNERS_PATH in written and not asked.platform_team:
        yield (
            f"{CODEOWNERS_PATH} names the team {asked.choices.platform_team}. Create it, or change "
            f"github.platform_team in {CONFIG_PATH} and run aft github codeowners."
        )
    if DEFAULTS in written and EmailAddress(f"aws@{asked.domain}").is_reserved:
        yield (
            f"Set the domain of your addresses in {DEFAULTS} before the first request: no one "
            f"receives mail at {asked.domain}, and only the sandbox creates such accounts."
        )


def _remarks_on(identity: GitHubIdentity, *, trusts_names: bool) -> Iterator[str]:
    """What the trust in the roles still needs."""
    if identity.unread:
        yield (
            f"{ROLES_PATH} trusts the repository by its names alone, because GitHub could not be "
            f"asked ({identity.unread}). Read the note in it before you deploy it."
        )
    elif identity.by_ids.has_ids and not identity.sent.has_ids and not trusts_names:
        yield (
            f"Tokens of this repository have no ids yet, and {ROLES_PATH} trusts {identity.by_ids}."
            " Switch them on (Settings, Actions, OIDC: immutable subject claims), or trust the "
            "names, too (--trust-names)."
        )


def _github(
    asked: _Asked, identity: GitHubIdentity, *, more: tuple[Grant, ...]
) -> Mapping[str, str]:
    kinds = installed_kinds()
    names = RoleNames(
        repository=identity.by_ids,
        trusts_names=asked.trust_names,
        issuer=identity.issuer,
        member=asked.choices.member_role,
        writer=WRITER_ROLE if asked.writer else "",
        reader=READER_ROLE,
        reads=kinds.reads,
        writes=(*kinds.writes, *more),
    )
    files = {**workflow_files(asked.action or ""), ROLES_PATH: roles_template(names)}
    if asked.terraform:
        files[TERRAFORM_PATH] = roles_terraform(names)
    return files
